"""Did something change between the early rows and the late ones, beyond its usual ups and downs?

Rows near in time are alike, so that a test which takes them as independent finds change everywhere. Time is
therefore cut into blocks, and the late blocks are held against as many blocks drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEW_BLOCKS, MANY_BLOCKS = 20, 40
"""The last quarter of the blocks is held against the others; of 20 blocks 5 can be drawn in 15,504 ways. More
blocks see a steady drift better, and fewer are safe where rows resemble those before them for long."""

LASTING = 0.4
"""A column's likeness to itself one row before, from which on blocks are few. A drift by itself seldom makes
so much."""

DRAWS = 400
"""The chance of a change is then known to about 1 in 100 where it is 1 in 20."""

ROUNDS = 10
"""Of backfitting: what is left of columns that are alike is then small beside noise."""

Table = NDArray[np.float64]
_Measured = Callable[[Table], NDArray[np.float64]]
"""What a choice of late blocks, (choices, blocks), makes of one quantity: (choices,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Several quantities, each as far apart late from early as it is.

    Args:
        distances: (quantities,), each in its own unit, 0 for none.
        chances: how often any of them all would seem to change so much by the order of its blocks alone,
            (quantities,).
    """

    distances: NDArray[np.float64]
    chances: NDArray[np.float64]


def blocks_of(rows: int, blocks: int = FEW_BLOCKS) -> NDArray[np.int64]:
    """The block of each of so many rows in order of time, (rows,)."""
    return np.arange(rows) * blocks // max(rows, 1)


def counts_by_block(codes: NDArray[np.int64], bins: int, blocks: int = FEW_BLOCKS) -> Table:
    """Rows of each block in each bin, (blocks, bins); rows in order of time."""
    return _sums(codes, bins, np.ones(len(codes)), blocks)


def sums_by_block(
    codes: NDArray[np.int64], bins: int, values: NDArray[np.float64], blocks: int = FEW_BLOCKS
) -> Table:
    """Sums of `values` (rows,) of each block in each bin, (blocks, bins)."""
    return _sums(codes, bins, values, blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A column cut into bins, rows in order of time.

    Args:
        codes: each row's bin, of so many `bins`, (rows,). ordered: whether these are in order.
        numbers: its value, (rows,), finite; any constant for words.
    """

    codes: NDArray[np.int64]
    bins: int
    ordered: bool
    numbers: NDArray[np.float64]

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each row's bin's mean of the values, (rows,)."""
        rows = np.maximum(np.bincount(self.codes, minlength=self.bins), 1)
        return (np.bincount(self.codes, values, self.bins) / rows)[self.codes]

    def slopes(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What of the values rises or falls with the column inside each bin, (rows,)."""
        moved = self.numbers - self.means(self.numbers)
        spread = np.bincount(self.codes, moved**2, self.bins)
        together = np.bincount(self.codes, moved * values, self.bins)
        return np.divide(together, spread, out=np.zeros(self.bins), where=spread > 0)[self.codes] * moved


def blocks_for(columns: Sequence[Cut]) -> int:
    """Into how many blocks to cut rows in order of time."""
    return FEW_BLOCKS if any(_lasting(cut) > LASTING for cut in columns) else MANY_BLOCKS


def _lasting(cut: Cut) -> float:
    """How much rows resemble the one before: the bins' correlation; of words, agreement beyond chance."""
    before, after = cut.codes[:-1], cut.codes[1:]
    if not cut.ordered:
        shares = np.bincount(cut.codes, minlength=cut.bins) / max(1, len(cut.codes))
        chance = float(np.square(shares).sum())
        return (float((before == after).mean()) - chance) / (1 - chance) if chance < 1 else 0.0
    one, other = before - before.mean(), after - after.mean()
    width = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / width if width else 0.0


def what_follows(columns: Sequence[Cut], values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Of the values what each column leaves to be explained, (rows,) each.

    What the other columns explain is taken out, for a value that moves because another column does follows
    from this one as before; and what rises or falls inside this one's bins is, for the same reason.

    Source:
        Buja, Hastie and Tibshirani 1989, "Linear smoothers and additive models" (backfitting).
    """
    explained = [np.zeros_like(values) for _ in columns]
    left = values - values.mean()
    for _ in range(ROUNDS):
        for place, column in enumerate(columns):
            partial = left + explained[place]
            explained[place] = column.means(partial) + column.slopes(partial)
            left = partial - explained[place]
    return [left + own - column.slopes(left + own) for column, own in zip(columns, explained, strict=True)]


def spread_changes(tables: Sequence[Table], ordered: Sequence[bool], seed: int) -> Changes:
    """Whether columns are spread over their bins otherwise late than early.

    The distance is the share of rows that would have to change their bin (total variation); of bins in
    order, that share at least (Kolmogorov's and Smirnov's distance of the cumulated shares): it sees a
    change that goes one way, and not the luck of each single bin.

    Args:
        tables: `counts_by_block` of each column. ordered: whether its bins are in order.

    Source: Smirnov 1948, "Table for estimating the goodness of fit of empirical distributions".
    """
    measures = [_spread(*both) for both in zip(tables, ordered, strict=True)]
    return _changes(measures, seed, len(tables[0]) if tables else FEW_BLOCKS)


def relation_changes(tables: list[tuple[Table, Table]], seed: int) -> Changes:
    """Whether a value's mean within the bins of a column is otherwise late than early.

    The distance is the mean absolute difference of the bins' means, weighted by the late rows; how the rows
    are spread over the bins moves it not.

    Args:
        tables: `counts_by_block` of each column, and `sums_by_block` of `what_follows` from it.
    """
    measures = [_relation(counts, sums) for counts, sums in tables]
    return _changes(measures, seed, len(tables[0][0]) if tables else FEW_BLOCKS)


def _sums(codes: NDArray[np.int64], bins: int, values: NDArray[np.float64], blocks: int) -> Table:
    cells = blocks_of(len(codes), blocks) * bins + codes
    return np.bincount(cells, values, blocks * bins).reshape(blocks, bins).astype(np.float64)


def _draws(seed: int, blocks: int) -> Table:
    """Which blocks are late: truly in the first row, drawn in the others, (1 + draws, blocks)."""
    generator = np.random.default_rng(seed)
    late = np.zeros((1 + DRAWS, blocks))
    late[0, -(blocks // 4) :] = 1.0
    for row in late[1:]:
        row[generator.choice(blocks, blocks // 4, replace=False)] = 1.0
    return late


def _spread(table: Table, ordered: bool) -> _Measured:
    def measured(late: Table) -> NDArray[np.float64]:
        excess = _shares(late @ table) - _shares((1 - late) @ table)
        if not ordered:
            return np.abs(excess).sum(axis=1) / 2
        return np.abs(np.cumsum(excess, axis=1)).max(axis=1)

    return measured


def _relation(counts: Table, sums: Table) -> _Measured:
    def measured(late: Table) -> NDArray[np.float64]:
        there, before = late @ counts, (1 - late) @ counts
        known = (there > 0) & (before > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.abs(late @ sums / there - (1 - late) @ sums / before)
        weights = np.where(known, there, 0.0)
        total = np.maximum(weights.sum(axis=1), 1.0)
        return np.where(known, apart * weights, 0.0).sum(axis=1) / total

    return measured


def _shares(table: Table) -> Table:
    return table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)


def _changes(measures: list[_Measured], seed: int, blocks: int) -> Changes:
    """Each measure on the true order and on drawn ones; chances by the largest of all, standardised.

    Source: Westfall and Young 1993, "Resampling-based multiple testing" (single-step max T).
    """
    if not measures:
        return Changes(distances=np.empty(0), chances=np.empty(0))
    late = _draws(seed, blocks)
    found = np.stack([measured(late) for measured in measures])
    spread = np.maximum(found[:, 1:].std(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    scaled = (found - found[:, 1:].mean(axis=1, keepdims=True)) / spread
    largest = scaled[:, 1:].max(axis=0)
    chances = (1 + (largest[None, :] >= scaled[:, :1]).sum(axis=1)) / (1 + DRAWS)
    return Changes(distances=found[:, 0], chances=chances)
