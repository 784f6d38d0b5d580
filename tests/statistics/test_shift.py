"""Two samples of one population are seldom told apart, and weights bring one back to the other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from modelwright.statistics.shift import MOST_WEIGHT, adjusted, effective_rows, raked, shift


def counts(random: np.random.Generator, shares: list[float], rows: int) -> np.ndarray:
    return random.multinomial(rows, shares)


@pytest.mark.parametrize("rows", [60, 1_000, 50_000])
@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.25] * 4, [0.9, 0.05, 0.03, 0.01, 0.005, 0.005]])
def test_equal_populations_are_told_apart_as_often_as_is_said(rows: int, shares: list[float]) -> None:
    random = np.random.default_rng(0)
    chances = [
        shift(counts(random, shares, rows), counts(random, shares, 3 * rows)).chance for _ in range(1_000)
    ]
    assert np.mean(np.array(chances) <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_all_columns_together_are_told_apart_once_in_twenty_times() -> None:
    random = np.random.default_rng(1)
    alarms = []
    for _ in range(500):
        chances = [
            shift(counts(random, [0.2] * 5, 500), counts(random, [0.2] * 5, 500)).chance for _ in range(30)
        ]
        alarms.append(adjusted(chances).min() <= 0.05)
    assert np.mean(alarms) <= 0.07


def test_a_difference_is_as_large_as_the_rows_that_would_have_to_change() -> None:
    found = shift(np.array([500, 300, 200]), np.array([400, 300, 300]))
    assert found.distance == pytest.approx(0.1)
    assert (found.cell, found.excess) == (2, pytest.approx(0.1)), "of several as far apart the rarest"


def test_the_chance_is_that_of_the_chi_squared_test() -> None:
    one, other = np.array([50, 30, 20]), np.array([40, 45, 35])
    expected = chi2_contingency(np.stack([one, other]), correction=False).pvalue
    assert shift(one, other).chance == pytest.approx(expected)


def test_holm_keeps_the_order_and_the_largest_as_it_is() -> None:
    assert adjusted([0.04, 0.01, 0.5]).tolist() == pytest.approx([0.08, 0.03, 0.5])


def test_nothing_differs_where_there_are_no_rows() -> None:
    assert shift(np.array([0, 0]), np.array([5, 5])).chance == 1.0


def test_weights_give_every_column_the_shares_wanted() -> None:
    random = np.random.default_rng(2)
    columns = [random.choice(2, 4_000, p=[0.8, 0.2]), random.choice(3, 4_000, p=[0.5, 0.3, 0.2])]
    wanted = [np.array([0.5, 0.5]), np.array([0.2, 0.3, 0.5])]
    weights = raked(columns, wanted)
    assert weights.mean() == pytest.approx(1)
    for column, shares in zip(columns, wanted, strict=True):
        held = np.bincount(column, weights, len(shares)) / weights.sum()
        assert held == pytest.approx(shares, abs=1e-4)
    assert 1_000 < effective_rows(weights) < 4_000


def test_no_row_stands_for_more_than_so_many() -> None:
    column = np.array([0] * 999 + [1])
    assert raked([column], [np.array([0.5, 0.5])]).max() <= MOST_WEIGHT * 1.001


def test_equal_weights_lose_no_rows() -> None:
    assert effective_rows(np.full(70, 3.0)) == pytest.approx(70)
