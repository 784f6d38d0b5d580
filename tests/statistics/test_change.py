"""Change is told from ups and downs that last, and one kind of change from the other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.statistics.change import (
    FEW_BLOCKS,
    MANY_BLOCKS,
    Cut,
    blocks_for,
    blocks_of,
    counts_by_block,
    relation_changes,
    spread_changes,
    sums_by_block,
    what_follows,
)

ROWS, BINS, COLUMNS = 2_000, 6, 5
Values = NDArray[np.float64]


def lasting(random: np.random.Generator, correlation: float) -> Values:
    """A series that remembers: each value near the one before."""
    drawn = random.normal(size=ROWS)
    for place in range(1, ROWS):
        drawn[place] = correlation * drawn[place - 1] + np.sqrt(1 - correlation**2) * drawn[place]
    return drawn


def in_bins(values: Values) -> NDArray[np.int64]:
    return np.searchsorted(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]), values)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_series_without_change_are_rarely_said_to_change(correlation: float) -> None:
    alarms = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        tables = [counts_by_block(in_bins(lasting(random, correlation)), BINS) for _ in range(COLUMNS)]
        alarms.append(spread_changes(tables, [True] * COLUMNS, seed).chances.min() <= 0.05)
    assert np.mean(alarms) <= 0.08


def test_a_column_that_moves_is_found_among_others_that_do_not() -> None:
    found = []
    for seed in range(50):
        random = np.random.default_rng(seed)
        columns = [lasting(random, 0.5) for _ in range(COLUMNS)]
        columns[2] = columns[2] + 1.0 * (np.arange(ROWS) >= 0.75 * ROWS)
        tables = [counts_by_block(in_bins(one), BINS) for one in columns]
        changes = spread_changes(tables, [True] * COLUMNS, seed)
        found.append(changes.chances[2] <= 0.05 and changes.distances.argmax() == 2)
    assert np.mean(found) >= 0.95


def relations(
    random: np.random.Generator, columns: list[Values], values: Values
) -> list[tuple[Values, Values]]:
    cuts = [Cut(codes=in_bins(column), bins=BINS, ordered=True, numbers=column) for column in columns]
    left = what_follows(cuts, values + random.normal(size=ROWS))
    return [
        (counts_by_block(cut.codes, BINS), sums_by_block(cut.codes, BINS, one))
        for cut, one in zip(cuts, left, strict=True)
    ]


def test_what_follows_is_told_from_what_is() -> None:
    moved, turned = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        late = np.arange(ROWS) >= 0.75 * ROWS
        column = lasting(random, 0.3) + late
        columns = [column, lasting(random, 0.3)]
        same, other = column, np.where(late, -column, column)
        moved.append(relation_changes(relations(random, columns, same), seed).chances.min() <= 0.05)
        turned.append(relation_changes(relations(random, columns, other), seed).chances[0] <= 0.05)
    assert np.mean(moved) <= 0.1, "covariate drift alone"
    assert np.mean(turned) >= 0.95, "concept drift"


def test_what_other_columns_and_slopes_inside_bins_explain_is_taken_out() -> None:
    random = np.random.default_rng(0)
    one, other = lasting(random, 0.0), lasting(random, 0.0)
    cuts = [Cut(codes=in_bins(column), bins=BINS, ordered=True, numbers=column) for column in (one, other)]
    left, _ = what_follows(cuts, 3 * one + 5 * other)
    assert np.abs(left - cuts[0].means(left)).max() < 0.1, "a step for each bin is left, and nothing else"
    assert np.corrcoef(left, one)[0, 1] > 0.9
    assert abs(np.corrcoef(left, other)[0, 1]) < 0.05


@pytest.mark.parametrize("ordered", [True, False])
def test_rows_that_resemble_the_one_before_are_cut_into_few_blocks_and_others_into_many(
    ordered: bool,
) -> None:
    random = np.random.default_rng(0)
    for correlation, blocks in ((0.0, MANY_BLOCKS), (0.97, FEW_BLOCKS)):
        codes = in_bins(lasting(random, correlation))
        if not ordered:  # words: their numbers mean nothing
            codes = random.permutation(BINS)[codes]
        assert blocks_for([Cut(codes=codes, bins=BINS, ordered=ordered, numbers=codes * 1.0)]) == blocks


def test_of_one_word_alone_nothing_lasts() -> None:
    same = np.zeros(ROWS, dtype=np.int64)
    assert blocks_for([Cut(codes=same, bins=1, ordered=False, numbers=same * 1.0)]) == MANY_BLOCKS


def test_blocks_are_of_one_size_but_for_a_row() -> None:
    sizes = np.bincount(blocks_of(1_003))
    assert len(sizes) == 20
    assert sizes.max() - sizes.min() <= 1


def test_nothing_to_look_at_changes_nothing() -> None:
    assert not len(spread_changes([], [], 0).chances)
