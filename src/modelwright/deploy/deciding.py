"""From which probability on should one act? Errors, work and money of a day, at every threshold (6.3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report.counting import independent_rows
from modelwright.records import Costs
from modelwright.statistics.days import on_a_day

STEPS = 200
"""Thresholds offered: a slider has hardly more stops that a hand can find."""

USUAL_CASES = 1_000.0
"""A day's cases, where the task states no volume."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What each threshold means on a day.

    Shapes:
        thresholds: (thresholds,), rising; the last is above every probability: never act.
        counts: int64 (thresholds, 4): rows rightly left alone, false alarms, missed, found.
        alarms, missed, found, acted: (thresholds, 3): expected on a day, and the 95% prediction interval of
        a single day. cost: (thresholds,), expected on a day.

    Args:
        cases: on a day. stated: whether the task says so. chosen: the index of the threshold in use.
        cheapest: the index of the least expected cost.
    """

    thresholds: Array
    counts: NDArray[np.int64]
    alarms: Array
    missed: Array
    found: Array
    acted: Array
    cost: Array
    cases: float
    stated: bool
    chosen: int
    cheapest: int


def decide(
    truth: NDArray[np.int64],
    probability: Array,
    units: NDArray[np.int64],
    costs: Costs,
    volume_per_day: float | None,
    threshold: float,
) -> Decision:
    """Weigh every threshold on rows that the model was not trained on.

    Args:
        truth: 1 for a positive row, (rows,). probability: of being positive, (rows,).
        units: rows of one number are worth one.
        threshold: in use now.
    """
    thresholds = _offered(probability, threshold)
    order = np.argsort(probability, kind="stable")
    ranked, positive = probability[order], np.concatenate([[0], np.cumsum(truth[order])])
    below = np.searchsorted(ranked, thresholds, side="left")
    missed, left = positive[below], below - positive[below]
    found, alarms = int(truth.sum()) - missed, int(len(truth) - truth.sum()) - left
    counts = np.column_stack([left, alarms, missed, found]).astype(np.int64)
    cases = volume_per_day or USUAL_CASES
    rows, worth = float(len(truth)), independent_rows(units)

    def daily(happened: NDArray[np.int64]) -> Array:
        return on_a_day(happened.astype(np.float64), rows, cases, worth=worth)

    cost = cases / rows * (costs.false_positive * alarms + costs.false_negative * missed)
    return Decision(
        thresholds=thresholds,
        counts=counts,
        alarms=daily(alarms),
        missed=daily(missed),
        found=daily(found),
        acted=daily(alarms + found),
        cost=cost,
        cases=cases,
        stated=bool(volume_per_day),
        chosen=int(np.argmin(np.abs(thresholds - threshold))),
        cheapest=int(np.argmin(cost)),
    )


def _offered(probability: Array, threshold: float) -> Array:
    """Thresholds between which rows lie, quantiles of them where there are many, and the one in use."""
    values = np.unique(probability)
    middles = (values[:-1] + values[1:]) / 2
    if len(middles) > STEPS:
        middles = middles[np.unique(np.linspace(0, len(middles) - 1, STEPS).round().astype(np.int64))]
    return np.unique(np.concatenate([[0.0], middles, [threshold, float(np.nextafter(1.0, 2.0))]]))
