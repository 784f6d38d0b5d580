"""The threshold is the best of all cut points, and stands between two probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from modelwright.errors import UndefinedMeasure, UsageError
from modelwright.statistics.thresholds import NEVER, choose_threshold

Rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(rows=Rows, costs=st.tuples(st.integers(0, 5), st.integers(1, 5)))
def test_no_cut_costs_less_than_the_chosen_one(rows: list[tuple[int, int]], costs: tuple[int, int]) -> None:
    targets, steps = np.array(rows).T
    probability = steps / 12

    def cost(threshold: float) -> float:
        answered = probability >= threshold
        wrong = (answered & (targets == 0)).sum(), (~answered & (targets == 1)).sum()
        return float(costs[0] * wrong[0] + costs[1] * wrong[1])

    threshold, reason = choose_threshold(
        targets, probability, cost_false_positive=costs[0], cost_false_negative=costs[1]
    )
    assert cost(threshold) == min(cost(t) for t in [*np.unique(probability), 0.0, NEVER])
    assert f"{cost(threshold):,.6g} in all" in reason
    assert f"against {cost(0.5):,.6g} at one half" in reason


@settings(max_examples=50, deadline=None)
@given(rows=Rows)
def test_the_f1_threshold_is_the_best_by_scikit_learn(rows: list[tuple[int, int]]) -> None:
    targets, steps = np.array([*rows, (1, 6)]).T
    probability = steps / 12
    threshold, reason = choose_threshold(targets, probability, objective="f1")
    best = max(f1_score(targets, probability >= t) for t in np.unique(probability))
    assert f1_score(targets, probability >= threshold) == pytest.approx(best)
    assert f"F1 is {best:.3f}" in reason


def test_the_cut_lies_midway_between_neighbours() -> None:
    threshold, _ = choose_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.9]))
    assert threshold == pytest.approx(0.4)


def test_of_equal_cuts_the_nearest_to_the_calibrated_one_is_taken() -> None:
    targets, probability = np.array([0, 1, 0, 1]), np.array([0.2, 0.4, 0.6, 0.8])
    assert choose_threshold(targets, probability)[0] in (pytest.approx(0.3), pytest.approx(0.7))
    low, _ = choose_threshold(targets, probability, cost_false_negative=1.0, cost_false_positive=1.0)
    assert low == choose_threshold(targets[::-1], probability[::-1])[0]


def test_dear_misses_answer_always_and_dear_alarms_never() -> None:
    targets, probability = np.array([1, 0, 0, 0]), np.array([0.1, 0.2, 0.3, 1.0])
    always, reason = choose_threshold(targets, probability, cost_false_negative=100)
    assert always == 0.0
    assert reason.startswith("always positive: 3 false positives and 0 false negatives")
    never, reason = choose_threshold(targets, probability, cost_false_positive=100)
    assert never == NEVER
    assert not (probability >= never).any()
    assert reason.startswith("never positive")


def test_neighbouring_floats_are_still_parted() -> None:
    lower = 0.5
    upper = float(np.nextafter(lower, 1))
    threshold, _ = choose_threshold(np.array([0, 1]), np.array([lower, upper]))
    assert lower < threshold <= upper


def test_costs_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="not both 0"):
        choose_threshold(np.array([1]), np.array([0.5]), cost_false_positive=0, cost_false_negative=0)
    with pytest.raises(UsageError, match="false positive -1"):
        choose_threshold(np.array([1]), np.array([0.5]), cost_false_positive=-1)


def test_rows_that_allow_no_choice_are_refused() -> None:
    with pytest.raises(UndefinedMeasure, match="no positive row"):
        choose_threshold(np.array([0]), np.array([0.5]), objective="f1")
    with pytest.raises(UndefinedMeasure, match="not probabilities"):
        choose_threshold(np.array([0]), np.array([np.nan]))
    with pytest.raises(UndefinedMeasure, match="no rows"):
        choose_threshold(np.zeros(0), np.zeros(0))
