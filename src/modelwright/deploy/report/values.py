"""A number, or several: how far off are the answers, and how much better than the average?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwright.deploy.report.blocks import Figure, Outcome, Table
from modelwright.deploy.report.density import predicted_against_actual, residuals
from modelwright.deploy.report.figures import (
    cell_words,
    estimate_words,
    level_of,
    number,
    percent,
    share_words,
    value_of,
)
from modelwright.deploy.report.policies import per_period
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.wording import counted, quoted, short
from modelwright.records import Bench, Estimate
from modelwright.statistics.shares import Array, Sums, quantile, share, times

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
    targets, smaller = _measured(bench, sealed)
    several = len(targets) > 1
    return Outcome(
        headline=_headlines(targets, smaller, sealed) if several else _headline(targets[0], sealed),
        facts=_facts(bench, targets),
        figures=_figures(bench, sealed),
        tables=(_table(bench, targets, sealed), _ways_off(bench, sealed)),
        price=_price(bench, targets),
    )


def _measured(bench: Bench, sealed: Sealed) -> tuple[list[_Target], Estimate]:
    """Every target's figures, and by what share the errors shrink on the whole, from the same resamples."""
    truth, answer = sealed.truth[:, :_MOST_LISTED], sealed.outputs[:, :_MOST_LISTED]
    average = (sealed.known if len(sealed.known) else sealed.truth)[:, :_MOST_LISTED].mean(axis=0)
    off, average_off = truth - answer, truth - average
    each = np.hstack([np.ones((len(truth), 1)), np.abs(off), np.abs(average_off), off**2, average_off**2])
    sums = Sums(each, sealed.units, seed=bench.protocol.seed)
    size = truth.shape[1]
    names = bench.task.targets[:_MOST_LISTED]
    targets = [_target(name, index, size, sums) for index, name in enumerate(names)]
    # A constant target has no error to shrink; it is left out of the mean.
    varying = [index for index in range(size) if sums.totals[1 + size + index] > 0]
    shrunk = sums.estimate(
        lambda s: np.mean([1 - _divided(s[1 + i], s[1 + size + i]) for i in varying] or [0 * s[0]], axis=0)
    )
    return targets, shrunk


def _target(name: str, index: int, targets: int, sums: Sums) -> _Target:
    mean, average_mean, square, average_square = (1 + part * targets + index for part in range(4))
    return _Target(
        name=name,
        off=sums.estimate(lambda s: s[mean] / s[0]),
        average_off=sums.estimate(lambda s: s[average_mean] / s[0]),
        squared=sums.estimate(lambda s: np.sqrt(s[square] / s[0])),
        explained=sums.estimate(lambda s: 1 - _divided(s[square], s[average_square])),
        saved=sums.estimate(lambda s: (s[average_mean] - s[mean]) / s[0]),
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


def _headlines(targets: list[_Target], smaller: Estimate, sealed: Sealed) -> str:
    better = sum(target.saved.low > 0 for target in targets)
    rows = f"{len(sealed.rows):,} cases"
    closer = f"closer to {better} of {counted(len(targets), 'target')} than always answering the average"
    if better == 0:
        return f"On {rows} the model comes {closer}."
    return (
        f"On {rows} the model comes {closer}; errors are {percent(smaller.value, 0)} smaller on the whole "
        f"({level_of(smaller)} interval {percent(smaller.low, 0)} to {percent(smaller.high, 0)})."
    )


def _facts(bench: Bench, targets: list[_Target]) -> tuple[str, ...]:
    facts = [
        f"{quoted(t.name)}: off by {estimate_words(t.off)} on average; the average itself by "
        f"{estimate_words(t.average_off)}."
        for t in targets[:_MOST_PICTURED]
    ]
    costs = bench.task.costs
    if len(targets) == 1 and costs.stated:
        per, period = per_period(bench.task)
        saved = times(per * costs.per_unit, targets[0].saved)
        unit = short(costs.unit, 24)
        facts.append(f"Saved {period} against always the average: {estimate_words(saved)} {unit}.")
    return tuple(facts)


def _price(bench: Bench, targets: list[_Target]) -> str:
    """What being off costs, where the task says what a unit does."""
    costs = bench.task.costs
    if len(targets) > 1 or not costs.stated:
        return "The task does not say what being off costs ([costs] in task.toml)."
    per, period = per_period(bench.task)
    cost = times(per * costs.per_unit, targets[0].off)
    return f"Being off costs {estimate_words(cost)} {short(costs.unit, 24)} {period}."


def _table(bench: Bench, targets: list[_Target], sealed: Sealed) -> Table:
    head = ("Target", "Off by, on average", "The average's", "Root mean square", "Explained")
    rows = [
        (
            quoted(t.name),
            cell_words(t.off),
            cell_words(t.average_off),
            cell_words(t.squared),
            share_words(t.explained),
        )
        for t in targets
    ]
    rows += _todays(bench, sealed)
    left_out = sealed.truth.shape[1] - len(targets)
    return Table(
        title="How far off",
        head=head,
        rows=tuple(rows),
        note="The average's: the error of always answering the average of the rows development saw. "
        "Explained: the share of its squared error that the model removes. 95% intervals (bootstrap) "
        "below the figures." + (f" {left_out:,} more targets are left out here." if left_out else ""),
    )


def _todays(bench: Bench, sealed: Sealed) -> list[tuple[str, ...]]:
    """How far off today's solution is, and how much closer the model comes, on the same rows."""
    if sealed.today is None:
        return []
    rows: list[tuple[str, ...]] = []
    for index, name in enumerate(bench.task.targets[:_MOST_PICTURED]):
        ours, theirs = (np.abs(a[:, index] - sealed.truth[:, index]) for a in (sealed.outputs, sealed.today))
        each = np.column_stack([np.ones_like(ours), ours, theirs, theirs**2])
        sums = Sums(each, sealed.units, seed=bench.protocol.seed)
        off, squared = sums.estimate(lambda s: s[2] / s[0]), sums.estimate(lambda s: np.sqrt(s[3] / s[0]))
        closer = sums.estimate(lambda s: (s[2] - s[1]) / s[0])
        of = f", {quoted(name)}" if len(bench.task.targets) > 1 else ""
        rows.append((f"today's solution{of}", cell_words(off), "", cell_words(squared), ""))
        rows.append((f"closer than today{of}", cell_words(closer), "", "", ""))
    return rows


def _ways_off(bench: Bench, sealed: Sealed) -> Table:
    """Too high or too low, and how far off the worst answers are."""
    rows = [_way_off(bench, sealed, name, at) for at, name in enumerate(bench.task.targets[:_MOST_PICTURED])]
    return Table(
        title="Too high or too low",
        head=("Target", "Too high by, on average", "Too high in", "Half are off by less than", "9 in 10"),
        rows=tuple(rows),
        note="Below zero: too low. 95% intervals below the figures: bootstrap, Wilson, order statistics.",
    )


def _way_off(bench: Bench, sealed: Sealed, name: str, at: int) -> tuple[str, ...]:
    over = sealed.outputs[:, at] - sealed.truth[:, at]
    sums = Sums(np.column_stack([np.ones_like(over), over]), sealed.units, seed=bench.protocol.seed)
    high = share(float((over > 0).sum()), len(over), worth=sealed.worth)
    distances = (quantile(np.abs(over), part, worth=sealed.worth) for part in (0.5, 0.9))
    return (
        quoted(name),
        cell_words(sums.estimate(lambda s: s[1] / s[0])),
        share_words(high),
        *map(cell_words, distances),
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
