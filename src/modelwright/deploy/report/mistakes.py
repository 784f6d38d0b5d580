"""Where was the model most sure, and wrong? The rows themselves, as they stand in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report.figures import number, percent
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.wording import quoted, short
from modelwright.records import Bench, Column

_EXAMPLES = 8
_MOST_FIELDS = 14
_TEXT_LIMIT = 420
_CELL_LIMIT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One cell of an example; `long` text gets a line of its own."""

    name: str
    value: str
    long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One surprising row: where it stands, what was true, what the model said."""

    line: int
    truth: str
    answer: str
    sureness: str
    fields: tuple[Field, ...]
    fields_left_out: int = 0


def surprising_mistakes(bench: Bench, sealed: Sealed, threshold: float | None) -> tuple[Mistake, ...]:
    """The wrong answers given with most confidence, or the answers furthest off.

    Returns:
        At most 8, the most surprising first, one of each family of copies; of a binary task half are misses
        and half false alarms where there are as many.
    """
    if bench.dataset.classes:
        picked = _sure_and_wrong(sealed, threshold if bench.task.kind == "binary" else None)
    else:
        picked = _furthest(sealed)
    return tuple(mistake_at(bench, sealed, at, threshold) for at in picked)


def wrongly_answered(bench: Bench, sealed: Sealed, threshold: float | None) -> int:
    """How many sealed rows were given another class than theirs."""
    if not bench.dataset.classes:
        return 0
    answers = sealed.answers
    if bench.task.kind == "binary" and threshold is not None:
        answers = (sealed.outputs[:, 1] >= threshold).astype(np.int64)
    return int(np.sum(answers != sealed.truth))


def mistake_at(bench: Bench, sealed: Sealed, at: int, threshold: float | None) -> Mistake:
    """One sealed row, what was true of it and what the model said."""
    if not bench.dataset.classes:
        return _far_off(bench, sealed, at)
    return _taken_for(bench, sealed, at, threshold)


def _sure_and_wrong(sealed: Sealed, threshold: float | None) -> list[int]:
    rows = np.arange(len(sealed.rows))
    given_to_truth = sealed.outputs[rows, sealed.truth]
    if threshold is None:
        wrong = sealed.answers != sealed.truth
        return _least(sealed, given_to_truth, wrong, _EXAMPLES)
    says_yes = sealed.outputs[:, 1] >= threshold
    alarms = _least(sealed, given_to_truth, says_yes & (sealed.truth == 0), _EXAMPLES)
    misses = _least(sealed, given_to_truth, ~says_yes & (sealed.truth == 1), _EXAMPLES)
    half = _EXAMPLES // 2
    kept_misses = misses[: max(half, _EXAMPLES - len(alarms))]
    return sorted(
        [*kept_misses, *alarms[: _EXAMPLES - len(kept_misses)]], key=lambda at: (given_to_truth[at], at)
    )


def _least(sealed: Sealed, values: NDArray[np.float64], among: NDArray[np.bool_], most: int) -> list[int]:
    """The rows of the least values, one a unit: copies of a row surprise nobody twice."""
    candidates = np.flatnonzero(among)
    ordered = candidates[np.argsort(values[candidates], kind="stable")]
    _, first = np.unique(sealed.units[ordered], return_index=True)
    return ordered[np.sort(first)][:most].tolist()


def _furthest(sealed: Sealed) -> list[int]:
    """Rows by their largest error, in standard deviations of the target."""
    spread = sealed.truth.std(axis=0)
    off = np.abs(sealed.outputs - sealed.truth) / np.where(spread > 0, spread, 1.0)
    return _least(sealed, -off.max(axis=1), np.ones(len(off), dtype=bool), _EXAMPLES)


def _taken_for(bench: Bench, sealed: Sealed, at: int, threshold: float | None) -> Mistake:
    classes = bench.dataset.classes
    answer = int(sealed.answers[at])
    if bench.task.kind == "binary" and threshold is not None:
        answer = int(sealed.outputs[at, 1] >= threshold)
    given = float(sealed.outputs[at, answer])
    return _mistake(
        bench, sealed, at, quoted(classes[sealed.truth[at]]), quoted(classes[answer]), percent(given)
    )


def _far_off(bench: Bench, sealed: Sealed, at: int) -> Mistake:
    truth, answer = sealed.truth[at], sealed.outputs[at]
    spread = sealed.truth.std(axis=0)
    worst = int(np.argmax(np.abs(answer - truth) / np.where(spread > 0, spread, 1.0)))
    of = f"{quoted(bench.task.targets[worst])} " if len(truth) > 1 else ""
    way = "too high" if answer[worst] > truth[worst] else "too low"
    said = number(float(answer[worst]), 4)
    off = f"{number(abs(float(answer[worst] - truth[worst])))} {way}"
    return _mistake(bench, sealed, at, of + number(float(truth[worst]), 4), said, off)


def _mistake(bench: Bench, sealed: Sealed, at: int, truth: str, answer: str, sureness: str) -> Mistake:
    # Texts first: they are what a person reads.
    columns = sorted(bench.dataset.features, key=lambda column: column.role != "text")
    shown = columns[:_MOST_FIELDS]
    row = sealed.table.row(int(sealed.rows[at]), named=True)
    return Mistake(
        line=int(sealed.lines[at]),
        truth=truth,
        answer=answer,
        sureness=sureness,
        fields=tuple(_field(column, row[column.name]) for column in shown),
        fields_left_out=len(columns) - len(shown),
    )


def _field(column: Column, value: Any) -> Field:
    long = column.role == "text"
    if value is None or value != value:  # NaN is the number that differs from itself
        return Field(name=short(column.name), value="missing", long=False)
    if isinstance(value, int | float):
        shown = number(value, 6)
    else:
        midnight = " 00:00:00" if column.role in ("date", "time") else ""
        shown = short(str(value).removesuffix(midnight), _TEXT_LIMIT if long else _CELL_LIMIT)
    return Field(name=short(column.name), value=shown, long=long)
