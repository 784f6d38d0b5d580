"""Shares, days and means are known as well as is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from modelwright.statistics.shares import Outcomes, Sums, independent_rows, quantile, share


def test_shares_have_wilsons_interval_also_at_the_ends() -> None:
    for count, rows in ((0, 40), (40, 40), (7, 40), (1, 1)):
        known = share(count, rows)
        expected = stats.binomtest(count, rows).proportion_ci(method="wilson")
        assert known.low == pytest.approx(expected.low, abs=1e-6)
        assert known.high == pytest.approx(expected.high, abs=1e-6)


def test_a_day_of_very_many_cases_is_known_as_well_as_jeffreys_share() -> None:
    outcomes = Outcomes([940, 60, 0, 0], cases=10**9, worth=1000, seed=0)
    known = outcomes.estimate(lambda shares: shares[1])
    expected = stats.beta(60.5, 941.5).ppf([0.025, 0.975])
    assert [known.low, known.high] == pytest.approx(expected, rel=0.06)
    nothing = outcomes.estimate(lambda shares: shares[2])
    assert nothing.value == 0
    assert 0.001 < nothing.high < 0.004


@pytest.mark.parametrize(("rows", "cases"), [(400, 1_000), (3_000, 500)])
def test_a_days_errors_cost_and_savings_lie_inside_in_95_of_100(rows: int, cases: int) -> None:
    random, truth = np.random.default_rng([rows, cases]), np.array([0.86, 0.04, 0.03, 0.07])
    figures: list[Callable[[Any], Any]] = [
        lambda shares: shares[1],
        lambda shares: shares[1] + 20 * shares[2],
        lambda shares: 20 * (shares[2] + shares[3]) - shares[1] - 20 * shares[2],
    ]
    inside = np.zeros((300, len(figures)))
    for world in range(len(inside)):
        outcomes = Outcomes(random.multinomial(rows, truth).tolist(), cases=cases, worth=rows, seed=world)
        day = random.multinomial(cases, truth) / cases
        for at, figure in enumerate(figures):
            known = outcomes.estimate(figure)
            inside[world, at] = known.low - 1e-9 <= figure(day) <= known.high + 1e-9
    assert (inside.mean(axis=0) >= 0.92).all()
    assert 0.93 <= inside.mean() <= 0.98  # counts are whole: an interval of few of them holds a little more


def test_a_quantile_lies_inside_its_interval_in_95_of_100_worlds() -> None:
    random = np.random.default_rng(3)
    known = [quantile(random.exponential(1, 200), 0.9, worth=200) for _ in range(1_000)]
    held = np.mean([one.low <= -np.log(0.1) <= one.high for one in known])
    assert 0.93 <= held <= 0.98


def test_resampled_means_have_the_interval_of_the_normal_theory() -> None:
    values = np.random.default_rng(0).normal(10, 3, 400)
    sums = Sums(np.column_stack([np.ones(400), values]), np.arange(400), seed=0)
    known = sums.estimate(lambda s: s[1] / s[0])
    assert known.value == pytest.approx(values.mean())
    assert known.high - known.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_duplicates_are_worth_one_row() -> None:
    assert independent_rows(np.arange(50)) == 50
    assert independent_rows(np.arange(50) // 5) == 10
    assert independent_rows(np.zeros(50, dtype=np.int64)) == 1
