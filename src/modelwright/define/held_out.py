"""Which rows the task names as its test part: a second file's, or those where a column has a value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.define.answers import canonical_labels
from modelwright.errors import DataError, UsageError
from modelwright.records import Change, Task
from modelwright.sources.casting import MAX_LINES
from modelwright.sources.cells import as_text, stripped

MAX_VALUES_SHOWN = 20


def joined(
    tables: Sequence[polars.DataFrame], file_names: Sequence[str]
) -> tuple[polars.DataFrame, tuple[int, ...]]:
    """The data file's table with the test file's rows under it, and each one's height.

    Raises:
        DataError: the test file lacks a column or has one too many.
    """
    first = tables[0]
    if len(tables) == 1:
        return first, (first.height,)
    second = tables[1]
    _require_same_columns(first.columns, second.columns, file_names)
    pairs = [(first[name], second[name]) for name in first.columns]
    columns = [
        polars.concat([one, other] if one.dtype == other.dtype else [as_text(one), as_text(other)])
        for one, other in pairs
    ]
    return polars.DataFrame(columns), (first.height, second.height)


def held_in_test(task: Task, table: polars.DataFrame, heights: Sequence[int]) -> NDArray[np.bool_] | None:
    """bool (rows,): which rows are the test part; None where the task names none.

    Raises:
        UsageError: no row has the value that marks the test part.
    """
    if len(heights) > 1:
        return np.arange(table.height) >= heights[0]
    if task.test.column is None:
        return None
    cells = stripped(table[task.test.column])
    value = (task.test.value or "").strip()
    marked = (cells == value).fill_null(False)
    if not marked.any():
        wanted = canonical_labels(polars.Series([value], dtype=polars.String)).item()
        marked = (canonical_labels(cells) == wanted).fill_null(False)
    if not marked.any():
        raise _unknown_value(task, cells)
    return marked.to_numpy().astype(np.bool_)


def require_both_parts(in_test: NDArray[np.bool_], task: Task) -> None:
    """Refuse a test part without a labelled row, or one that leaves no other.

    Raises:
        DataError: one of the two parts is empty.
    """
    for part, rows in (("test part", in_test.sum()), ("training part", (~in_test).sum())):
        if not rows:
            raise DataError(
                where=f"the {part}",
                expected="at least one row with a target",
                received="none",
                do_this=f"Add the column {task.targets[0]!r} there, or choose another test part.",
            )


def only_in_test(
    typed: polars.DataFrame,
    task: Task,
    classes: Sequence[str],
    in_test: NDArray[np.bool_],
    lines: NDArray[np.int64],
) -> list[Change]:
    """What to say of classes that no training row has: no model can learn them.

    Raises:
        DataError: the training part has one class only.
    """
    if not classes:
        return []
    target = typed[task.targets[0]]
    learnable = set(target.filter(polars.Series(~in_test)).to_list())
    if len(learnable) < 2:
        raise DataError(
            where=f"target {task.targets[0]!r}, training part",
            expected="at least two classes",
            received=f"only {next(iter(learnable))!r}",
            do_this="Choose a test part that leaves every class some rows to learn from.",
        )
    changes: list[Change] = []
    for name in classes:
        if name in learnable:
            continue
        at_fault = lines[(target == name).to_numpy()]
        what = f"class {name!r} occurs only in the test part: no model can learn it"
        shown = tuple(int(line) for line in at_fault[:MAX_LINES])
        changes.append(
            Change(kind="cast", column=target.name, what=what, count=int(at_fault.size), lines=shown)
        )
    return changes


def _require_same_columns(data: Sequence[str], test: Sequence[str], file_names: Sequence[str]) -> None:
    lacking = [name for name in data if name not in test]
    extra = [name for name in test if name not in data]
    if not lacking and not extra:
        return
    said = [f"{kind} {', '.join(map(repr, names[:10]))}"
            for kind, names in (("without", lacking), ("with further", extra)) if names]  # fmt: skip
    raise DataError(
        where=f"test file {file_names[1]}",
        expected=f"the columns of {file_names[0]}",
        received="a file " + " and ".join(said),
        do_this="Give both files the same columns, by name.",
    )


def _unknown_value(task: Task, cells: polars.Series) -> UsageError:
    values = cells.drop_nulls().unique().sort().to_list()
    shown = ", ".join(map(repr, values[:MAX_VALUES_SHOWN]))
    return UsageError(
        where=f"the test part's column {task.test.column!r}",
        expected="a value that some rows have",
        received=repr(task.test.value),
        do_this=f"Choose one of: {shown}{', ...' if len(values) > MAX_VALUES_SHOWN else ''}.",
    )
