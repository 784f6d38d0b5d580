"""A number, or several: how far off are the answers, and how much better than the average?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwright.deploy.report.blocks import Figure, Outcome, Table
from modelwright.deploy.report.counting import Array, Sums
from modelwright.deploy.report.density import predicted_against_actual, residuals
from modelwright.deploy.report.figures import (
    estimate_words,
    interval_of,
    number,
    percent,
    share_words,
    value_of,
)
from modelwright.deploy.report.policies import per_period
from modelwright.deploy.report.sealed import Sealed, todays_answers
from modelwright.deploy.report.wording import counted, quoted, short
from modelwright.records import Bench, Estimate

_MOST_PICTURED = 6  # targets with pictures of their own
_MOST_LISTED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """One target's figures on the sealed rows.

    Args:
        off, average_off: mean absolute error of the model, and of always answering the average.
        squared: root mean squared error. explained: 1 - squared errors / those of the average.
        saved: how much smaller the model's mean absolute error is.
    """

    name: str
    off: Estimate
    average_off: Estimate
    squared: Estimate
    explained: Estimate
    saved: Estimate


def values_outcome(bench: Bench, sealed: Sealed) -> Outcome:
    """The sealed rows told as distances between answer and truth, target by target."""
    targets = [_measured(bench, sealed, index) for index in range(min(_MOST_LISTED, sealed.truth.shape[1]))]
    several = len(targets) > 1
    return Outcome(
        headline=_headlines(targets, sealed) if several else _headline(targets[0], sealed),
        facts=_facts(bench, targets),
        figures=_figures(bench, sealed),
        tables=(_table(bench, targets, sealed),),
    )


def _measured(bench: Bench, sealed: Sealed, index: int) -> _Target:
    truth, answer = sealed.truth[:, index], sealed.outputs[:, index]
    average = float(np.mean(sealed.known[:, index])) if len(sealed.known) else float(np.mean(truth))
    off, average_off = truth - answer, truth - average
    each = np.column_stack([np.ones_like(off), np.abs(off), np.abs(average_off), off**2, average_off**2])
    estimate = Sums(each, sealed.units, seed=bench.protocol.seed).estimate
    return _Target(
        name=bench.task.targets[index],
        off=estimate(lambda s: s[1] / s[0]),
        average_off=estimate(lambda s: s[2] / s[0]),
        squared=estimate(lambda s: np.sqrt(s[3] / s[0])),
        explained=estimate(lambda s: 1 - _divided(s[3], s[4])),
        saved=estimate(lambda s: (s[2] - s[1]) / s[0]),
    )


def _divided(top: Array, bottom: Array) -> Array:
    shape = np.broadcast_shapes(np.shape(top), np.shape(bottom))
    return np.divide(top, bottom, out=np.full(shape, np.nan), where=np.asarray(bottom) > 0)


def _headline(target: _Target, sealed: Sealed) -> str:
    return (
        f"For {len(sealed.rows):,} cases the model's {quoted(target.name)} is off by "
        f"{estimate_words(target.off)} on average; always answering the average would be off by "
        f"{value_of(target.average_off)}."
    )


def _headlines(targets: list[_Target], sealed: Sealed) -> str:
    shares = [
        target.off.value / target.average_off.value for target in targets if target.average_off.value > 0
    ]
    better = sum(target.saved.low > 0 for target in targets)
    smaller = (
        f" Errors are {percent(1 - float(np.mean(shares)), 0)} smaller on average."
        if better and shares
        else ""
    )
    return (
        f"For {len(sealed.rows):,} cases the model comes closer than the average for {better} of "
        f"{counted(len(targets), 'target')}, beyond doubt (95% interval).{smaller}"
    )


def _facts(bench: Bench, targets: list[_Target]) -> tuple[str, ...]:
    several = targets[:_MOST_PICTURED] if len(targets) > 1 else []
    facts = [f"{quoted(t.name)}: off by {estimate_words(t.off)} on average." for t in several]
    costs = bench.task.costs
    if len(targets) == 1 and costs.stated:
        per, period = per_period(bench.task)
        saved = targets[0].saved
        size = per * costs.per_unit
        scaled = Estimate(
            value=size * saved.value, low=size * saved.low, high=size * saved.high, method=saved.method
        )
        unit = short(costs.unit, 24)
        facts.append(f"Saved {period} against always the average: {estimate_words(scaled)} {unit}.")
    return tuple(facts)


def _table(bench: Bench, targets: list[_Target], sealed: Sealed) -> Table:
    head = ("Target", "Off by, on average", "The average's", "Root mean square", "Explained")
    rows = [
        (quoted(t.name), _cell(t.off), _cell(t.average_off), _cell(t.squared), share_words(t.explained))
        for t in targets
    ]
    today = todays_answers(bench, sealed)
    if today is not None and sealed.truth.shape[1] == 1:
        off = np.abs(today - sealed.truth)[:, 0]
        sums = Sums(np.column_stack([np.ones_like(off), off, off**2]), sealed.units, seed=bench.protocol.seed)
        their_off, squared = (
            sums.estimate(lambda s: s[1] / s[0]),
            sums.estimate(lambda s: np.sqrt(s[2] / s[0])),
        )
        rows.append(("today's solution", _cell(their_off), "", _cell(squared), ""))
    left_out = sealed.truth.shape[1] - len(targets)
    return Table(
        title="How far off",
        head=head,
        rows=tuple(rows),
        note="The average's: the error of always answering the average of the rows development saw. "
        "Explained: the share of its squared error that the model removes. 95% intervals (bootstrap) "
        "below the figures." + (f" {left_out:,} more targets are left out here." if left_out else ""),
    )


def _figures(bench: Bench, sealed: Sealed) -> tuple[Figure, ...]:
    figures: list[Figure] = []
    several = sealed.truth.shape[1] > 1
    for index, name in enumerate(bench.task.targets[:_MOST_PICTURED]):
        truth, answer = sealed.truth[:, index], sealed.outputs[:, index]
        of = f": {short(name, 32)}" if several else ""
        figures.append(
            Figure(
                title=f"Predicted against actual{of}",
                caption="A right answer lies on the dotted diagonal; darker squares hold more rows. "
                "What lies beyond is drawn at the edge.",
                picture=predicted_against_actual(truth, answer),
            )
        )
        half = number(float(np.median(np.abs(answer - truth))))
        figures.append(
            Figure(
                title=f"How far off{of}",
                caption=f"Half of the answers are off by less than {half}. The outermost bars "
                "gather what lies beyond.",
                picture=residuals(truth, answer),
            )
        )
    return tuple(figures)


def _cell(estimate: Estimate) -> str:
    return f"{value_of(estimate)}\n{interval_of(estimate)}"
