"""What do errors cost with the model, with always the same answer, and with today's solution?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report.blocks import Table
from modelwright.deploy.report.figures import cell_words, estimate_words, number
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.wording import quoted, short
from modelwright.records import Bench, Costs, Estimate, Task
from modelwright.statistics.shares import Array, Outcomes

# Without a stated volume, figures are for this many cases.
_CASES = 1000.0
INTERVALS = (
    "Below each figure the interval that 95 of 100 days fall in, each with its own luck; it assumes that "
    "days to come are mixed as the sealed rows are."
)


# The model, and two constant answers; today's solution stands behind them, where there is one.
_SIMPLE_WAYS = 3


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of answering: which kinds of outcome are false alarms, and which are misses."""

    name: str
    alarms: tuple[int, ...]
    misses: tuple[int, ...]


def per_period(task: Task) -> tuple[float, str]:
    """How many cases figures are for, and in words."""
    if task.volume_per_day:
        return task.volume_per_day, "a day"
    return _CASES, "per 1,000 cases"


def errors_cost(cost: Estimate, costs: Costs, period: str, counted: str) -> str:
    """What errors cost, in one sentence.

    Args:
        counted: how they are counted where the task states no costs.
    """
    said = f"Its errors cost {estimate_words(cost)} {short(costs.unit, 24)} {period}"
    return f"{said}." if costs.stated else f"{said}, {counted}: the task states no costs."


def alarms_and_misses(costs: Costs) -> str:
    """How errors of yes and no are counted."""
    return (
        f"a false alarm counted as {number(costs.false_positive)}, a miss as {number(costs.false_negative)}"
    )


def policies(bench: Bench, sealed: Sealed, says_yes: NDArray[np.bool_]) -> tuple[Table, tuple[str, ...], str]:
    """Errors and costs of each way of answering, the model's in words, and what they cost in one sentence.

    Args:
        says_yes: bool (test_rows,): the model's answers.
    """
    # Kinds of outcome are (truth, answer) = (no, no), (no, yes), (yes, no), (yes, yes): 0 to 3 where
    # today's answer is no or not known, 4 to 7 where it is yes.
    today = sealed.today
    kind = 2 * sealed.truth + says_yes + (4 * today if today is not None else 0)
    cells = np.bincount(kind.astype(np.int64), minlength=4 if today is None else 8)
    outcomes = Outcomes(
        cells.tolist(), cases=per_period(bench.task)[0], worth=sealed.worth, seed=bench.protocol.seed
    )
    no, yes = (quoted(name) for name in bench.dataset.classes)
    ways = [
        _Way("the model", (1, 5), (2, 6)),
        _Way(f"always {no}", (), (2, 3, 6, 7)),
        _Way(f"always {yes}", (0, 1, 4, 5), ()),
    ]
    if today is not None:
        ways.append(_Way("today's solution", (4, 5), (2, 3)))
    cost, costs = outcomes.estimate(_cost(bench.task, ways[0])), bench.task.costs
    price = errors_cost(cost, costs, per_period(bench.task)[1], alarms_and_misses(costs))
    return _table(bench.task, outcomes, ways, yes), _facts(bench.task, outcomes, ways, yes), price


def _table(task: Task, outcomes: Outcomes, ways: list[_Way], yes: str) -> Table:
    per, _ = per_period(task)
    unit, costs = short(task.costs.unit, 24), task.costs
    rows: list[tuple[str, ...]] = [
        (
            way.name,
            cell_words(outcomes.estimate(_errors(task, way.alarms))),
            cell_words(outcomes.estimate(_errors(task, way.misses))),
            cell_words(outcomes.estimate(_cost(task, way))),
        )
        for way in ways
    ]
    if len(ways) > _SIMPLE_WAYS:
        rows.append(_gained(task, outcomes, ways))
    assumed = "." if costs.stated else " (assumed: the task states no costs)."
    return Table(
        title=f"Errors and cost, for {number(per)} cases{' a day' if task.volume_per_day else ''}",
        head=("Way of answering", "False alarms", "Misses", f"Cost in {unit}"),
        rows=tuple(rows),
        note=f"A false alarm is a case wrongly taken for {yes} and costs {number(costs.false_positive)} "
        f"{unit}; a miss is a {yes} not found and costs {number(costs.false_negative)} {unit}{assumed} "
        f"{INTERVALS}",
        strong=(0,),
    )


def _gained(task: Task, outcomes: Outcomes, ways: list[_Way]) -> tuple[str, ...]:
    """How much fewer and cheaper the model's errors are than today's, on the same rows."""
    model, today = ways[0], ways[-1]

    def fewer(ours: tuple[int, ...], theirs: tuple[int, ...]) -> Estimate:
        our_errors, their_errors = _errors(task, ours), _errors(task, theirs)
        return outcomes.estimate(lambda shares: their_errors(shares) - our_errors(shares))

    return (
        "fewer than today",
        cell_words(fewer(model.alarms, today.alarms)),
        cell_words(fewer(model.misses, today.misses)),
        cell_words(outcomes.estimate(_saved(task, today, model))),
    )


def _facts(task: Task, outcomes: Outcomes, ways: list[_Way], yes: str) -> tuple[str, ...]:
    _, period = per_period(task)
    alarms = estimate_words(outcomes.estimate(_errors(task, ways[0].alarms)))
    misses = estimate_words(outcomes.estimate(_errors(task, ways[0].misses)))
    return (
        f"False alarms {period} (wrongly taken for {yes}): {alarms}.",
        f"Misses {period} ({yes}, not found): {misses}.",
        _saving(task, outcomes, ways),
    )


def _saving(task: Task, outcomes: Outcomes, ways: list[_Way]) -> str:
    """The model against the best of the other ways: today's solution where there is one."""
    _, period = per_period(task)
    unit = short(task.costs.unit, 24)
    others = ways[_SIMPLE_WAYS:] or ways[1:]
    saved = [(way, outcomes.estimate(_saved(task, way, ways[0]))) for way in others]
    way, gain = min(saved, key=lambda one: one[1].value)
    if gain.low > 0:
        return f"Saved {period} against {way.name}: {estimate_words(gain)} {unit}."
    if gain.high < 0:
        lost = Estimate(value=-gain.value, low=-gain.high, high=-gain.low, method=gain.method)
        return f"Costs more than {way.name}: {estimate_words(lost)} {unit} {period}."
    return f"No clear saving against {way.name}: {estimate_words(gain)} {unit} {period}."


def _errors(task: Task, kinds: tuple[int, ...]) -> Callable[[Array], Array]:
    per, _ = per_period(task)
    return lambda shares: per * sum((shares[k] for k in kinds if k < len(shares)), np.zeros(shares.shape[1:]))


def _cost(task: Task, way: _Way) -> Callable[[Array], Array]:
    alarms, misses = _errors(task, way.alarms), _errors(task, way.misses)
    costs = task.costs
    return lambda shares: costs.false_positive * alarms(shares) + costs.false_negative * misses(shares)


def _saved(task: Task, other: _Way, model: _Way) -> Callable[[Array], Array]:
    theirs, ours = _cost(task, other), _cost(task, model)
    return lambda shares: theirs(shares) - ours(shares)
