"""Whole units dealt into parts, each part with its share of every stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TARGET_BINS = 10
"""Values are dealt by their tenths: each part then has low, middle and high ones alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Units of one size and one composition: `rows` of each of `strata` in every one."""

    members: NDArray[np.int64]
    strata: NDArray[np.int64]
    rows: NDArray[np.int64]


def strata_of(answers: NDArray[Any]) -> NDArray[np.int64]:
    """The stratum of each row: its class, or the tenth that its value (mean rank of values) is in.

    Args:
        answers: class positions int64 (rows,), or values (rows, targets).
    """
    if answers.ndim == 1:
        return answers.astype(np.int64)
    ranks = np.mean([_ranks(column) for column in answers.T], axis=0)
    bins = max(1, min(TARGET_BINS, len(ranks) // 5))
    return np.minimum((_ranks(ranks) * bins).astype(np.int64), bins - 1)


def deal(
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    shares: NDArray[np.float64],
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """The part that each row goes to.

    Large units are dealt first, each to the part that lacks its rows most; single rows then fill up,
    so that where all units are single rows every part has its share of every stratum within one row.

    Args:
        units, strata: (rows,). shares: of the rows, (parts,), summing to 1.

    Returns:
        int64 (rows,), positions in `shares`.
    """
    _, item = np.unique(units, return_inverse=True)
    _, stratum = np.unique(strata, return_inverse=True)
    lacking = shares[:, None] * np.bincount(stratum)[None, :]
    part_of_item = np.zeros(int(item.max()) + 1, dtype=np.int64)
    for batch in _batches(item, stratum):
        members = generator.permutation(batch.members)
        counts = _counts(lacking, shares, batch, generator)
        part_of_item[members] = np.repeat(np.arange(len(shares)), counts)
        lacking[:, batch.strata] -= counts[:, None] * batch.rows[None, :]
    return part_of_item[item]


def _counts(
    lacking: NDArray[np.float64],
    shares: NDArray[np.float64],
    batch: _Batch,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """How many units of the batch each part gets: by what it lacks, the rest to those lacking most."""
    need = np.maximum(lacking[:, batch.strata] @ batch.rows.astype(np.float64), 0.0)
    need = need if need.sum() > 0 else shares
    if len(batch.members) == 1:
        ideal = np.zeros(len(shares))
        rest = need / need.max()
    else:
        ideal = len(batch.members) * need / need.sum()
        rest = ideal - np.floor(ideal + 1e-9)
    counts = np.floor(ideal + 1e-9).astype(np.int64)
    luck = generator.random(len(shares))
    order = np.lexsort((luck, -np.round(lacking.sum(axis=1), 6), -np.round(rest, 6)))
    counts[order[: len(batch.members) - int(counts.sum())]] += 1
    return counts


def _batches(item: NDArray[np.int64], stratum: NDArray[np.int64]) -> list[_Batch]:
    """Units of one stratum batched by size; mixed ones alone; the largest first."""
    levels = int(stratum.max()) + 1
    codes, rows = np.unique(item * levels + stratum, return_counts=True)
    pairs = np.column_stack(np.divmod(codes, levels))
    strata_in_item = np.bincount(pairs[:, 0])
    pure = strata_in_item[pairs[:, 0]] == 1
    batches: list[_Batch] = []
    kinds, kind = np.unique(np.column_stack([pairs[pure, 1], rows[pure]]), axis=0, return_inverse=True)
    order = np.argsort(kind, kind="stable")
    members = np.split(pairs[pure, 0][order], np.cumsum(np.bincount(kind, minlength=len(kinds)))[:-1])
    for (level, size), held in zip(kinds, members, strict=len(kinds) > 0):
        batches.append(_Batch(members=held, strata=np.array([level]), rows=np.array([size])))
    mixed_pairs, mixed_rows = pairs[~pure], rows[~pure]
    starts = np.flatnonzero(np.diff(mixed_pairs[:, 0], prepend=-1))
    for block, counts in zip(
        np.split(mixed_pairs, starts)[1:], np.split(mixed_rows, starts)[1:], strict=True
    ):
        batches.append(_Batch(members=block[:1, 0], strata=block[:, 1], rows=counts))
    return sorted(batches, key=lambda batch: -int(batch.rows.sum()))


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks between 0 and 1, equal values sharing the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return ((ends - counts / 2) / len(values))[inverse]
