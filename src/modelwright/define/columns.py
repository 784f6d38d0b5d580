"""What each column is in this task: the inferred role, unless the task says otherwise."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars

from modelwright.define.roles import Guess, infer_roles, number_share
from modelwright.errors import UsageError
from modelwright.records import Dtype, Input, Role, Task
from modelwright.sources.cells import AUTOMATIC_MISSING, stripped
from modelwright.sources.dates import EPOCH, find_date_format

MIN_CORRECTED_SHARE = 0.5
"""A column a person calls a date must hold at least this share of dates in one format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How one column is read and what for."""

    name: str
    role: Role
    dtype: Dtype
    reason: str
    missing_tokens: tuple[str, ...] = ()
    date_format: str | None = None


def decide_columns(task: Task, table: polars.DataFrame) -> tuple[Decision, ...]:
    """Decide every column's role and type.

    Args:
        task: its targets, group, time, ignored columns and corrections win over what is inferred.
        table: the snapshot's table, not yet cast.

    Raises:
        UsageError: the task names a column that is not there, or corrects one to what it cannot be.
    """
    _require_named(task, table.columns)
    spelled = {column.name: column.missing for column in task.inputs if column.missing}
    guesses = infer_roles(table, spelled)
    return tuple(_decide(task, table[name], guess, spelled.get(name, ())) for name, guess in guesses.items())


def nearest(name: str, names: Iterable[str]) -> str:
    """Advice that names the column probably meant."""
    known = list(names)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    lowered = [other for other in known if other.lower() == name.lower()]
    if near or lowered:
        return f"Did you mean {(lowered or near)[0]!r}?"
    shown = ", ".join(repr(other) for other in known[:20])
    return f"Choose one of: {shown}{', ...' if len(known) > 20 else ''}."


def _require_named(task: Task, names: Sequence[str]) -> None:
    named: dict[str, Sequence[str | None]] = {
        "the target": task.targets,
        "the group": (task.group,),
        "the time": (task.time,),
        "an ignored column": task.ignore,
        "an input": [column.name for column in task.inputs],
        "the test part's column": (task.test.column,),
    }
    existing = task.existing_solution
    if existing is not None and existing.kind == "column":
        named["the existing solution"] = (existing.name,)
    for what, wanted in named.items():
        for name in wanted:
            if name is not None and name not in names:
                raise UsageError(
                    where=f"the task's {what.split(' ', 1)[1]}",
                    expected=f"{what} to be a column of the data",
                    received=repr(name),
                    do_this=nearest(name, names),
                )


def _decide(task: Task, series: polars.Series, guess: Guess, spelled: tuple[str, ...]) -> Decision:
    name = series.name
    given = next((column for column in task.inputs if column.name == name), None)
    decision = _by_task(task, series, guess, given)
    if decision is None and given is not None and given.role is not None:
        decision = _corrected(series, guess, given.role, spelled)
    if decision is None:
        decision = _made(guess, name, guess.role, guess.reason)
    automatic = AUTOMATIC_MISSING if decision.dtype != "string" else ()
    tokens = tuple(dict.fromkeys((*automatic, *spelled)))
    return Decision(
        name=name,
        role=decision.role,
        dtype=decision.dtype,
        reason=decision.reason,
        missing_tokens=tokens,
        date_format=decision.date_format,
    )


def _by_task(task: Task, series: polars.Series, guess: Guess, given: Input | None) -> Decision | None:
    """The decision where the task itself gives the column its role."""
    name = series.name
    regression = task.kind in ("regression", "vector_regression")
    if name in task.targets:
        dtype: Dtype = "number" if regression else "string"
        return Decision(name=name, role="target", dtype=dtype, reason="the task predicts it")
    if name == task.test.column:
        return _text(name, "ignored", "tells which rows are the test part")
    if name == task.group:
        return _text(name, "group", "the task keeps rows that share its value together")
    if name == task.time:
        return _time(series, guess)
    if name in task.ignore:
        return _text(name, "ignored", "the task ignores it")
    if given is not None and given.known_at == "after":
        return _text(name, "ignored", "known only after the answer is needed")
    existing = task.existing_solution
    if existing and existing.kind == "column" and existing.name == name and given is None:
        dtype = "number" if regression else "string"
        reason = "holds the existing solution's answers"
        return Decision(name=name, role="ignored", dtype=dtype, reason=reason)
    if task.inputs and given is None:
        return _text(name, "ignored", "not among the task's inputs")
    return None


def _time(series: polars.Series, guess: Guess) -> Decision:
    reason = "the task splits rows forward in time by it"
    if guess.dtype == "date":
        return _made(guess, series.name, "time", reason)
    dtype: Dtype = "number" if number_share(series) == 1.0 else "string"
    return Decision(name=series.name, role="time", dtype=dtype, reason=reason)


def _corrected(series: polars.Series, guess: Guess, role: Role, spelled: tuple[str, ...]) -> Decision:
    """The decision where a person corrected the inferred role."""
    reason = f"set in the task (inferred: {guess.role}, {guess.reason})"
    name = series.name
    if role == guess.role:
        return _made(guess, name, role, f"{guess.reason} (and set in the task)")
    if role == "numeric":
        if not number_share(series, spelled):
            raise _impossible(name, "a column with numbers in it", guess, "categorical or text")
        return Decision(name=name, role=role, dtype="number", reason=reason)
    if role == "date":
        date_format = guess.date_format or _any_date_format(series)
        if date_format is None:
            raise _impossible(name, "dates in one known format", guess, "numeric, categorical or text")
        return Decision(name=name, role=role, dtype="date", reason=reason, date_format=date_format)
    if role == "time":
        return _time(series, guess)
    if role == "target":
        raise UsageError(
            where=f"input {name!r}",
            expected="a role of an input",
            received="target",
            do_this="Name the column among the task's targets instead.",
        )
    return _text(name, role, reason)


def _any_date_format(series: polars.Series) -> str | None:
    """The format of a column a person calls a date; numbers count seconds since 1970."""
    if number_share(series) == 1.0:
        return EPOCH
    return find_date_format(stripped(series).drop_nulls(), MIN_CORRECTED_SHARE)


def _impossible(name: str, expected: str, guess: Guess, instead: str) -> UsageError:
    return UsageError(
        where=f"the role of input {name!r}",
        expected=expected,
        received=f"a column that looks {guess.role}: {guess.reason}",
        do_this=f"Give it the role {instead}, or leave the role out.",
    )


def _text(name: str, role: Role, reason: str) -> Decision:
    return Decision(name=name, role=role, dtype="string", reason=reason)


def _made(guess: Guess, name: str, role: Role, reason: str) -> Decision:
    return Decision(name=name, role=role, dtype=guess.dtype, reason=reason, date_format=guess.date_format)
