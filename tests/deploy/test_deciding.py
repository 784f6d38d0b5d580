"""The counts at a threshold are those that a hand would count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.deploy import deciding
from modelwright.deploy.deciding import STEPS, Weighed, weigh
from modelwright.records import Costs

TRUTH = np.array([0, 0, 0, 1, 1, 0, 1, 0])
SURE = np.array([0.1, 0.2, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9])
COSTS = Costs(false_positive=1, false_negative=5, stated=True)


def decided(
    truth: NDArray[Any] = TRUTH, sure: NDArray[Any] = SURE, threshold: float = 0.5, volume: float | None = 80
) -> Weighed:
    return weigh(truth, sure, np.arange(len(truth)), COSTS, volume, threshold)


def test_a_small_table_agrees_with_counting_by_hand() -> None:
    made = decided()
    assert made.thresholds[made.chosen] == 0.5
    assert made.counts[made.chosen].tolist() == [3, 2, 1, 2]
    assert made.alarms[made.chosen][0] == 20  # 2 of 8 rows, 80 cases a day
    assert made.cost(COSTS)[made.chosen, 0] == 20 * 1 + 10 * 5
    assert made.counts[0].tolist() == [0, 5, 0, 3]
    assert made.counts[-1].tolist() == [5, 0, 3, 0]
    assert made.thresholds[made.cheapest] == pytest.approx(0.25)


@pytest.mark.parametrize("seed", range(3))
def test_every_threshold_counts_as_rows_do(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, 3_000)
    sure = np.round(np.clip(random.normal(0.4 + 0.2 * truth, 0.2), 0, 1), random.integers(1, 4))
    made = decided(truth, sure, 0.37, None)
    assert len(made.thresholds) <= STEPS + 4
    assert (np.diff(made.thresholds) > 0).all()
    for threshold, counts in zip(made.thresholds, made.counts, strict=True):
        says = sure >= threshold
        by_hand = [int(np.sum((truth == t) & (says == a))) for t in (0, 1) for a in (False, True)]
        assert counts.tolist() == by_hand
    assert made.cases == 1_000
    assert made.cost(COSTS)[made.cheapest, 0] == pytest.approx(least_cost(truth, sure), rel=1e-9)


def least_cost(truth: NDArray[Any], sure: NDArray[Any]) -> float:
    """Of every way of parting the rows, for 1,000 cases."""
    cuts = [0.0, *np.unique(sure).tolist(), 2.0]
    each = [(np.sum((sure >= cut) & (truth == 0)), np.sum((sure < cut) & (truth == 1))) for cut in cuts]
    return 1_000 / len(truth) * min(alarms + 5 * missed for alarms, missed in each)


def test_of_rare_positives_stops_lie_where_answers_change() -> None:
    random = np.random.default_rng(3)
    truth = (random.random(200_000) < 0.002).astype(np.int64)
    sure = 1 / (1 + np.exp(-random.normal(-6 + 5 * truth, 1)))
    made = decided(truth, sure, 0.5, 10_000)
    acted = made.acted[:, 0]
    assert np.sum((acted > 0) & (acted < 100)) > 80  # of 10,000 cases a day
    recall = made.counts[:, 3] / truth.sum()
    assert np.max(-np.diff(recall)) < 0.02
    within = made.acted[1:-1, 0] / np.maximum(made.acted[2:, 0], 1e-9)
    assert np.quantile(within[np.isfinite(within)], 0.95) < 1.3  # a capacity is met closely


def test_every_interval_holds_what_is_expected() -> None:
    made = decided()
    for counts in (made.alarms, made.missed, made.found, made.acted, made.cost(COSTS)):
        assert (counts[:, 1] <= counts[:, 0]).all()
        assert (counts[:, 0] <= counts[:, 2]).all()


def test_days_to_come_lie_inside_the_intervals_as_often_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "STEPS", 2)  # only the threshold in use is asked
    random = np.random.default_rng(7)
    inside: list[bool] = []
    for _ in range(400):
        truth = (random.random(2_500) < 0.1).astype(np.int64)
        sure = 1 / (1 + np.exp(-random.normal(-2 + 3 * truth, 1)))
        made = decided(truth, sure, 0.5, 1_000)
        day = (random.random(1_000) < 0.1).astype(np.int64)
        says = 1 / (1 + np.exp(-random.normal(-2 + 3 * day, 1))) >= 0.5
        alarms, missed = np.sum(says & (day == 0)), np.sum(~says & (day == 1))
        happened = [(made.alarms, alarms), (made.missed, missed), (made.cost(COSTS), alarms + 5 * missed)]
        inside += [bool(one[made.chosen][1] <= count <= one[made.chosen][2]) for one, count in happened]
    assert 0.93 <= np.mean(inside) <= 0.97
