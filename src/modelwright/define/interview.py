"""What only a person knows: the questions of section 6.1.1, few, each answerable by Enter."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, TypeVar, cast

from modelwright.define.spelling import nearest
from modelwright.records import Constraints, Costs, ExistingSolution, Input, Task, TaskKind

Ask = Callable[[str, str, tuple[str, ...]], str]
"""``ask(question, default, choices) -> answer``; no choices means a free answer."""
Value = TypeVar("Value")

MAX_SUSPICIOUS = 5
"""Columns asked about one by one; more would not be answered with care."""

SUSPICIOUS_WORDS = frozenset(
    {"outcome", "result", "results", "final", "after", "post", "closed", "resolved", "resolution", "total"}
    | {"paid", "payment", "refund", "cancelled", "canceled", "cancellation", "end", "ended", "exit"}
    | {"rating", "score", "decision", "approved", "rejected", "returned", "actual", "settled", "discharge"}
    | {"diagnosis", "duration", "label", "target", "death", "recovered", "collected", "chargeback"}
)
"""Words in a column's name that speak of what happens once the answer is known."""

NONE = "none"
KIND_ALTERNATIVES: dict[TaskKind, tuple[TaskKind, ...]] = {
    "multiclass": ("multiclass", "regression"),
    "regression": ("regression", "multiclass"),
}
"""Kinds a person may change: numbers can be read as classes and the other way round."""


class Unclear(ValueError):
    """An answer that does not say enough; its text says what would."""


def interview(task: Task, ask: Ask) -> Task:
    """Complete a task with what its data cannot say; an unclear answer is asked for again.

    Args:
        ask: shows a question, its default and its choices, and returns the answer ("" for the default).

    Source: Chollet, Deep Learning with Python, 2nd ed., section 6.1.1.
    """
    question = _asked(ask, "What question does the model answer, in one sentence?", task.question, str)
    task = replace(task, question=question)
    task = _without(task, _ignored(task, ask))
    task = replace(task, kind=_kind(task, ask))
    task = replace(task, inputs=_with_moments(task, ask))
    task = replace(task, existing_solution=_existing(task, ask))
    task = replace(task, costs=_costs(task, ask))
    task = replace(task, volume_per_day=_volume(task, ask))
    return replace(task, constraints=_constraints(task.constraints, ask))


def suspicious(task: Task) -> tuple[str, ...]:
    """Inputs that may be known only after the answer: by their name, or as they give the target away."""
    targets = [_words_of(name) for name in task.targets]
    named = [entry.name for entry in task.inputs if _suspicious_name(entry.name, targets)]
    told = [entry.name for entry in task.inputs if any(f"`{entry.name}`" in said for said in task.advice)]
    summed = [entry.name for entry in task.inputs if any(f"--ignore {entry.name}" in s for s in task.advice)]
    return tuple(dict.fromkeys((*told, *summed, *named)))[:MAX_SUSPICIOUS]


def _suspicious_name(name: str, targets: Sequence[set[str]]) -> bool:
    words = _words_of(name)
    return bool(words & SUSPICIOUS_WORDS) or any(target and target <= words for target in targets)


def _words_of(name: str) -> set[str]:
    """The words of a column's name: daysUntil_exit -> days, until, exit."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {word.casefold() for word in re.split(r"[\W_]+", spaced) if word}


def _asked(
    ask: Ask,
    question: str,
    default: str,
    read: Callable[[str], Value],
    choices: tuple[str, ...] = (),
) -> Value:
    """Ask until the answer can be read."""
    prompt = question
    while True:
        answer = ask(prompt, default, choices).strip() or default
        try:
            return read(_chosen(answer, choices) if choices else answer)
        except Unclear as unclear:
            prompt = f"{unclear} {question}"


def _chosen(answer: str, choices: Sequence[str]) -> str:
    """The choice meant: spelled out in any case, or by its unmistakable beginning."""
    meant = [choice for choice in choices if choice.casefold() == answer.casefold()]
    meant = meant or [choice for choice in choices if choice.casefold().startswith(answer.casefold())]
    if len(meant) != 1:
        raise Unclear(f"{answer!r} is not one of {', '.join(choices)}.")
    return meant[0]


def _ignored(task: Task, ask: Ask) -> tuple[str, ...]:
    names = [entry.name for entry in task.inputs]
    listed = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")

    def read(answer: str) -> tuple[str, ...]:
        return () if answer.casefold() == NONE and NONE not in names else _columns(answer, names)

    question = f"The model may read {len(names)} columns: {listed}. Which should it not (commas between)?"
    return _asked(ask, question, NONE, read)


def _columns(answer: str, names: Sequence[str]) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in answer.split(",") if part.strip())
    for name in chosen:
        if name not in names:
            near = nearest(name, names)
            raise Unclear(f"There is no column {name!r}." + (f" Did you mean {near!r}?" if near else ""))
    if len(set(chosen)) == len(names):
        raise Unclear("That leaves no column to predict from.")
    return chosen


def _without(task: Task, ignored: Sequence[str]) -> Task:
    inputs = tuple(entry for entry in task.inputs if entry.name not in ignored)
    added = tuple(name for name in ignored if name not in task.ignore)
    return replace(task, inputs=inputs, ignore=(*task.ignore, *added))


def _kind(task: Task, ask: Ask) -> TaskKind:
    """Asked only where the values leave two ways of reading them."""
    choices = KIND_ALTERNATIVES.get(task.kind)
    if choices is None:
        return task.kind
    question = f"What kind of task is it? ({task.kind_reason})"
    return cast("TaskKind", _asked(ask, question, task.kind, str, cast("tuple[str, ...]", choices)))


def _with_moments(task: Task, ask: Ask) -> tuple[Input, ...]:
    """The inputs, with when each suspicious one is known."""
    doubted = suspicious(task)
    return tuple(_with_moment(entry, ask) if entry.name in doubted else entry for entry in task.inputs)


def _with_moment(entry: Input, ask: Ask) -> Input:
    question = f"When is `{entry.name}` known: before the answer is needed, or only after?"
    moments = ("before", "after", "unknown")
    moment = _asked(ask, question, entry.known_at, str, moments)
    return replace(entry, known_at=cast("Literal['before', 'after', 'unknown']", moment))


def _existing(task: Task, ask: Ask) -> ExistingSolution | None:
    solution = task.existing_solution
    shown = NONE if solution is None else solution.name
    if solution is not None and solution.kind == "column":
        shown = f"column:{solution.name}"
    question = "How is this answered today? (none, column:NAME of its answers, or a function FILE.py:NAME)"
    return _asked(ask, question, shown, _solution)


def _solution(answer: str) -> ExistingSolution | None:
    if answer.casefold() == NONE:
        return None
    if answer.startswith("column:") and answer != "column:":
        return ExistingSolution(kind="column", name=answer.removeprefix("column:").strip())
    file, _, function = answer.rpartition(":")
    if file.endswith(".py") and function.isidentifier():
        return ExistingSolution(kind="function", name=answer)
    raise Unclear(f"{answer!r} is neither none nor column:NAME nor FILE.py:NAME.")


def _costs(task: Task, ask: Ask) -> Costs:
    """The cost of each error this kind of task can make; stated once one of them is changed."""
    costs = task.costs
    questions: dict[str, str] = {
        "binary": f"What does a false alarm cost (answered {task.positive_class!r}, is not)?",
        "multiclass": "What does a wrong answer cost?",
    }
    first = questions.get(task.kind, "What does it cost to be off by one unit?")
    fields = {"binary": "false_positive", "multiclass": "per_error"}
    field = fields.get(task.kind, "per_unit")
    changed = {field: _asked(ask, first, f"{getattr(costs, field):g}", _amount)}
    if task.kind == "binary":
        question = f"And a miss (is {task.positive_class!r}, answered otherwise)?"
        changed["false_negative"] = _asked(ask, question, f"{costs.false_negative:g}", _amount)
    priced = replace(costs, **changed)
    if priced == costs:
        return costs
    unit = _asked(ask, "In which unit (a currency, minutes, complaints)?", costs.unit, str)
    return replace(priced, unit=unit, stated=True)


def _volume(task: Task, ask: Ask) -> float | None:
    shown = "unknown" if task.volume_per_day is None else f"{task.volume_per_day:g}"
    return _asked(ask, "How many answers are needed a day?", shown, _amount_or_unknown)


def _constraints(constraints: Constraints, ask: Ask) -> Constraints:
    places = ("server", "device", "browser")
    place = _asked(ask, "Where does the model run?", constraints.runs_on[0], str, places)
    runs_on = (cast("Literal['server', 'device', 'browser']", place),)
    sensitive = _asked(
        ask, "Is the data sensitive (personal, secret)?", _yes_no(constraints.sensitive), _flag
    )
    latency = constraints.max_latency_milliseconds
    shown = "unknown" if latency is None else f"{latency:g}"
    question = "How many milliseconds may one answer take at most?"
    constraints = replace(
        constraints,
        runs_on=constraints.runs_on if place == constraints.runs_on[0] else runs_on,
        sensitive=sensitive,
        max_latency_milliseconds=_asked(ask, question, shown, _amount_or_unknown),
    )
    return constraints if place == "server" else _away_from_the_server(constraints, ask)


def _away_from_the_server(constraints: Constraints, ask: Ask) -> Constraints:
    """What matters on a device or in a browser only."""
    offline = _asked(ask, "Must it work offline?", _yes_no(constraints.offline), _flag)
    size = constraints.max_size_megabytes
    shown = "unknown" if size is None else f"{size:g}"
    question = "How many megabytes may it have at most?"
    return replace(
        constraints, offline=offline, max_size_megabytes=_asked(ask, question, shown, _amount_or_unknown)
    )


def _amount(answer: str) -> float:
    # 1,000 is a thousand; 1,5 is no number here rather than fifteen
    thousands = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", answer)
    try:
        amount = float(answer.replace(",", "") if thousands else answer)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise Unclear(f"{answer!r} is not a number of 0 or more.")
    return amount


def _amount_or_unknown(answer: str) -> float | None:
    return None if answer.casefold() in ("unknown", NONE) else _amount(answer)


def _flag(answer: str) -> bool:
    if answer.casefold() in ("y", "yes", "true"):
        return True
    if answer.casefold() in ("n", "no", "false"):
        return False
    raise Unclear(f"{answer!r} is neither yes nor no.")


def _yes_no(flag: bool) -> str:
    return "yes" if flag else "no"
