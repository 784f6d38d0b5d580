"""Are two sets of rows drawn from one population? Column by column, from counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Counts = NDArray[np.int64]
Weights = NDArray[np.float64]

LEAST_EXPECTED = 5.0
"""Cells with fewer expected rows are put together: from here on the chi-squared distribution holds
(Cochran 1952)."""

RAKING_ROUNDS = 200
RAKING_TOLERANCE = 1e-6
MOST_WEIGHT = 20.0
"""Times the mean weight that a row may count: beyond it a handful of rows would stand for the rest
(Potter 1990, "A study of procedures to identify and trim extreme sampling weights")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How two sets of rows differ in one column.

    Args:
        distance: share of the rows that would have to change their value for the two to agree (total
            variation), 0 to 1.
        chance: how often two samples of one population would differ so much (chi-squared test).
        cell: the value, or bin, that differs most. excess: its share in the other minus in the one.
    """

    distance: float
    chance: float
    cell: int
    excess: float


def shift(one: Counts, other: Counts) -> Shift:
    """Compare two columns of counts.

    Shapes:
        one, other: rows with each value, (values,)

    Source: Pearson 1900; Cochran 1952, "The chi-squared test of goodness of fit".
    """
    shares = one / max(one.sum(), 1), other / max(other.sum(), 1)
    excess = shares[1] - shares[0]
    cell = _most_apart(excess, one + other) if len(excess) else 0
    return Shift(
        distance=float(np.abs(excess).sum() / 2),
        chance=_chance(one, other),
        cell=cell,
        excess=float(excess[cell]) if len(excess) else 0.0,
    )


def _most_apart(excess: Weights, rows: Counts) -> int:
    """The value that differs most; of several as far apart (the two of a yes or no) the rarest."""
    furthest = np.flatnonzero(np.abs(excess) >= np.abs(excess).max() - 1e-9)
    return int(furthest[np.argmin(rows[furthest])])


def _chance(one: Counts, other: Counts) -> float:
    """The chi-squared test of homogeneity, rare values put together."""
    table = _pooled(np.stack([one, other]).astype(np.float64))
    rows, total = table.sum(axis=1), table.sum()
    if table.shape[1] < 2 or (rows == 0).any():
        return 1.0
    expected = rows[:, None] * table.sum(axis=0)[None, :] / total
    return float(chdtrc(table.shape[1] - 1, ((table - expected) ** 2 / expected).sum()))


def _pooled(table: Weights) -> Weights:
    """Columns whose expected count is too small in either row, as one."""
    total = max(float(table.sum()), 1.0)
    expected = table.sum(axis=1).min() * table.sum(axis=0) / total
    rare = expected < LEAST_EXPECTED
    if not rare.any():
        return table
    rest = table[:, rare].sum(axis=1, keepdims=True)
    kept = table[:, ~rare]
    if table.sum(axis=1).min() * rest.sum() / total >= LEAST_EXPECTED:
        return np.concatenate([kept, rest], axis=1)
    if kept.shape[1] == 0:
        return rest
    smallest = int(np.argmin(kept.sum(axis=0)))
    kept = kept.copy()
    kept[:, smallest] += rest[:, 0]
    return kept


def adjusted(chances: Sequence[float]) -> NDArray[np.float64]:
    """Chances that hold for all columns together: of columns that differ in none, at most one in twenty
    sets has any below 0.05.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    values = np.asarray(chances, dtype=np.float64)
    order = np.argsort(values)
    scaled = values[order] * np.arange(len(values), 0, -1)
    found = np.empty_like(values)
    found[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return found


def raked(columns: Sequence[Counts], wanted: Sequence[NDArray[np.float64]]) -> Weights:
    """A weight for each row, mean 1, with which every column has the shares wanted of it.

    Args:
        columns: each row's value, or bin, in each column, (rows,) each.
        wanted: the share of each value, (values,) each, summing to 1.

    Values that no row has cannot be made up for; the others then share what was wanted of them.

    Source: Deming and Stephan 1940, "On a least squares adjustment of a sampled frequency table when the
        expected marginal totals are known" (iterative proportional fitting).
    """
    weights = np.ones(len(columns[0]) if columns else 0)
    for _ in range(RAKING_ROUNDS):
        before = weights.copy()
        for column, shares in zip(columns, wanted, strict=True):
            held = np.bincount(column, weights, len(shares))
            there = held > 0
            reachable = shares * there
            factor = np.ones(len(shares))
            factor[there] = reachable[there] / reachable.sum() / (held[there] / weights.sum())
            weights = weights * factor[column]
        weights = np.minimum(weights * len(weights) / weights.sum(), MOST_WEIGHT)
        if np.abs(weights - before).max(initial=0.0) < RAKING_TOLERANCE:
            break
    return weights


def effective_rows(weights: Weights) -> float:
    """How many unweighted rows would know a mean as well.

    Source: Kish 1965, "Survey Sampling", section 8.2.
    """
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0
