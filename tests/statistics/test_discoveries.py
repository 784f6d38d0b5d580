"""Findings are real as often as is said, and held to references."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from modelwright.statistics.discoveries import DEALS, benjamini_hochberg, higher_inside, mean_of


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_is_what_scipys_adjusted_p_values_keep(seed: int) -> None:
    p_values = np.random.default_rng(seed).beta(0.3, 2.0, 40)
    expected = stats.false_discovery_control(p_values) <= 0.05
    assert benjamini_hochberg(p_values, 0.05).tolist() == expected.tolist()


def test_of_nothing_nothing_is_kept() -> None:
    assert benjamini_hochberg(np.array([]), 0.05).tolist() == []
    assert benjamini_hochberg(np.array([0.9, 0.3]), 0.05).tolist() == [False, False]


@pytest.mark.parametrize(("wrong_inside", "wrong_outside"), [(12, 30), (3, 4), (20, 90), (0, 40)])
def test_right_and_wrong_agree_with_fishers_exact_test(wrong_inside: int, wrong_outside: int) -> None:
    inside = np.arange(400) < 60
    losses = np.zeros(400)
    losses[:wrong_inside] = 1
    losses[60 : 60 + wrong_outside] = 1
    table = [[wrong_inside, 60 - wrong_inside], [wrong_outside, 340 - wrong_outside]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    given = higher_inside(losses, inside, np.arange(400), seed=0)
    assert given == pytest.approx(expected, abs=4 * np.sqrt(0.25 / DEALS) * np.sqrt(4 * expected + 1e-3))


def test_distances_agree_with_mann_and_whitneys_test() -> None:
    random = np.random.default_rng(2)
    losses, inside = np.abs(random.normal(0, 1, 500)), np.arange(500) < 50
    losses[inside] *= 1.4
    expected = stats.mannwhitneyu(losses[inside], losses[~inside], alternative="greater").pvalue
    assert higher_inside(losses, inside, np.arange(500), seed=0) == pytest.approx(expected, rel=1e-6)


def test_copies_are_no_evidence() -> None:
    losses = np.where(np.arange(400) % 10 == 0, 1.0, 0.0)
    inside = np.zeros(400, dtype=bool)
    inside[[0, 10, 1, 2, 3]] = True
    copied = np.repeat(np.arange(400), 20)
    once = higher_inside(losses, inside, np.arange(400), seed=0)
    often = higher_inside(losses[copied], inside[copied], copied, seed=0)
    assert often == pytest.approx(once, abs=0.01)


@pytest.mark.parametrize("copies", [1, 4])
def test_a_mean_lies_inside_its_interval_in_95_of_100_worlds(copies: int) -> None:
    random, held = np.random.default_rng(5), 0
    for _ in range(2_000):
        values = np.repeat(random.gamma(2.0, 1.0, 80), copies)
        known = mean_of(values, np.repeat(np.arange(80), copies), level=0.95)
        held += known.low <= 2.0 <= known.high
    assert 0.92 <= held / 2_000 <= 0.97  # skewed values, 80 of them
