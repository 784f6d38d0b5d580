"""From which probability on should one act? Errors, work and money of a day, at every threshold (6.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.columns import targets_of
from modelwright.records import Bench, Blob, Costs, Decision, Desk, Study, step
from modelwright.statistics.days import combined, on_a_day
from modelwright.statistics.shares import independent_rows
from modelwright.statistics.thresholds import NEVER, choose_threshold

STEPS = 300
"""Thresholds offered, about: a slider has hardly more stops that a hand can find, and a file that holds the
figures of all of them stays small however many rows there are."""

USUAL_CASES = 1_000.0
"""A day's cases, where the task states no volume."""

EVEN = 0.5
"""The threshold of a model whose errors were never weighed."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What each threshold means on a day.

    Shapes:
        thresholds: (thresholds,), rising; the last is above every probability: never act.
        counts: int64 (thresholds, 4): rows rightly left alone, false alarms, missed, found.
        alarms, missed, found, acted: (thresholds, 3): expected on a day, and the 95% prediction interval of
        a single day.

    Args:
        cases: on a day. chosen: the index of the threshold in use.
        cheapest: the index of the least expected cost.
    """

    thresholds: Array
    counts: NDArray[np.int64]
    alarms: Array
    missed: Array
    found: Array
    acted: Array
    cases: float
    chosen: int
    cheapest: int

    def cost(self, costs: Costs) -> Array:
        """A day's cost at each threshold, (thresholds, 3): expected, and the ends of its interval."""
        return combined((costs.false_positive, self.alarms), (costs.false_negative, self.missed))


def weigh(
    truth: NDArray[np.int64],
    probability: Array,
    units: NDArray[np.int64],
    costs: Costs,
    volume_per_day: float | None,
    threshold: float,
) -> Weighed:
    """Weigh thresholds on rows that the model was not trained on.

    Args:
        truth: 1 for a positive row, (rows,). probability: of being positive, (rows,).
        units: rows of one number are worth one.
        threshold: in use now.
    """
    cheapest, _ = choose_threshold(
        truth,
        probability,
        cost_false_positive=costs.false_positive,
        cost_false_negative=costs.false_negative,
    )
    order = np.argsort(probability, kind="stable")
    ranked, positive = probability[order], np.concatenate([[0], np.cumsum(truth[order])])
    thresholds = _offered(ranked, ranked[truth[order] == 1], (threshold, cheapest))
    below = np.searchsorted(ranked, thresholds, side="left")
    missed, left = positive[below], below - positive[below]
    found, alarms = int(truth.sum()) - missed, int(len(truth) - truth.sum()) - left
    cases = volume_per_day or USUAL_CASES
    rows, worth = float(len(truth)), independent_rows(units)

    def daily(happened: NDArray[np.int64]) -> Array:
        return on_a_day(happened.astype(np.float64), rows, cases, worth=worth)

    return Weighed(
        thresholds=thresholds,
        counts=np.column_stack([left, alarms, missed, found]).astype(np.int64),
        alarms=daily(alarms),
        missed=daily(missed),
        found=daily(found),
        acted=daily(alarms + found),
        cases=cases,
        chosen=int(np.argmin(np.abs(thresholds - threshold))),
        cheapest=int(np.argmin(np.abs(thresholds - cheapest))),
    )


@step(version=1)
def weigh_thresholds(desk: Desk, bench: Bench, tuned: Study, confirmed: Study | None = None) -> Decision:
    """Weigh thresholds of a yes-or-no model on the rows it was validated on.

    Source:
        Deep Learning with Python, section 6.3.1: "rather than accuracy, say how many are flagged and missed".
    """
    predictions: Array = desk.read(tuned.best.predictions)
    rows = np.flatnonzero(np.isfinite(predictions[..., 1]).any(axis=1))
    final = confirmed.final if confirmed is not None else None
    task = bench.task
    weighed = weigh(
        targets_of(desk.read(bench.dataset.table), bench.dataset, task)[rows],
        np.nanmean(predictions[rows, :, 1], axis=1),
        np.asarray(desk.read(bench.protocol.units), dtype=np.int64)[rows],
        task.costs,
        task.volume_per_day,
        EVEN if final is None or final.threshold is None else final.threshold,
    )
    return Decision(
        table=desk.keep(_as_table(weighed), "array"),
        rows=len(rows),
        candidates=len(tuned.runs),
        cases=weighed.cases,
        stated=bool(task.volume_per_day),
        chosen=weighed.chosen,
        cheapest=weighed.cheapest,
    )


def weighed_of(read: Callable[[Blob], Any], decision: Decision) -> Weighed:
    """A decision's table, opened."""
    table: Array = read(decision.table)
    counts = table[:, 1:5]
    _, alarms, missed, found = counts.T
    daily = decision.cases / decision.rows

    def between(happened: Array, at: int) -> Array:
        return np.column_stack([daily * happened, table[:, at : at + 2]])

    return Weighed(
        thresholds=table[:, 0],
        counts=counts.astype(np.int64),
        alarms=between(alarms, 5),
        missed=between(missed, 7),
        found=between(found, 9),
        acted=between(alarms + found, 11),
        cases=decision.cases,
        chosen=decision.chosen,
        cheapest=decision.cheapest,
    )


def _as_table(weighed: Weighed) -> Array:
    ends = [kind[:, 1:] for kind in (weighed.alarms, weighed.missed, weighed.found, weighed.acted)]
    return np.column_stack([weighed.thresholds, weighed.counts.astype(np.float64), *ends])


def _offered(ranked: Array, positives: Array, kept: tuple[float, ...]) -> Array:
    """Thresholds between which rows lie, and those to be kept.

    Where there are many, half of them lie as many positive rows apart as the next, and half act on a fixed
    factor more rows than the next: of rare positives every stop would else be one that acts on nothing.

    Args:
        ranked: all probabilities, rising. positives: those of positive rows, rising.
    """
    values = np.unique(ranked)
    middles = (values[:-1] + values[1:]) / 2
    if len(middles) > STEPS:
        acted = np.geomspace(1, len(ranked), STEPS // 2).round().astype(np.int64)
        by_recall = np.linspace(0, max(0, len(positives) - 1), STEPS // 2).round().astype(np.int64)
        wanted = np.concatenate([ranked[-acted], positives[by_recall] if len(positives) else []])
        middles = middles[np.unique(np.searchsorted(middles, wanted).clip(0, len(middles) - 1))]
    return np.unique(np.concatenate([[0.0], middles, kept, [NEVER]]))
