"""Typed rows with roles: what a model will be built from, and everything that was changed on the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.define.answers import canonical_labels, label_changes, order_classes
from modelwright.define.columns import Decision, decide_columns
from modelwright.define.held_out import held_in_test, joined, only_in_test, require_both_parts
from modelwright.errors import DataError
from modelwright.records import Change, Column, Dataset, Desk, Ingest, Snapshot, Task, step
from modelwright.sources.casting import COLUMNS_AT_ONCE, MAX_LINES, cast_column

Lines = NDArray[np.int64]
Mask = NDArray[np.bool_]


@step(version=1)
def collect(desk: Desk, task: Task, snapshot: Snapshot, test_snapshot: Snapshot | None = None) -> Dataset:
    """Cast a snapshot under the task's schema and set its test part's rows apart (book section 6.1.2).

    Args:
        desk: where the tables lie.
        task: names the columns and may correct their roles.
        snapshot: the data.
        test_snapshot: a separate test file; its rows follow the data's.

    Raises:
        UsageError: the task names a column, class or value that is not there.
        DataError: the files do not match, no row has a target, or there is one class only.
    """
    parts = [snapshot] if test_snapshot is None else [snapshot, test_snapshot]
    tables: list[polars.DataFrame] = [desk.read(part.table) for part in parts]
    table, heights = joined(tables, [part.name for part in parts])
    lines: Lines = np.concatenate([desk.read(part.lines) for part in parts])
    decisions = decide_columns(task, table)
    in_test = held_in_test(task, table, heights)
    typed, changes = _cast(table, decisions, task, lines, heights)
    labelled, unlabelled = _labelled(typed, task, lines, heights)
    changes = [[*cast, *dropped] for cast, dropped in zip(changes, unlabelled, strict=True)]
    typed, lines = typed.filter(polars.Series(labelled)), lines[labelled]
    in_test = None if in_test is None else in_test[labelled]
    classes = _classes(typed, task)
    if in_test is not None:
        require_both_parts(in_test, task)
        changes[-1] += only_in_test(typed, task, classes, in_test, lines)
    desk.note(f"collected {typed.height:,} rows of {typed.width:,} columns")
    ingests = [_reported(part.ingest, made) for part, made in zip(parts, changes, strict=True)]
    return Dataset(
        rows=typed.height,
        columns=tuple(_column(decision, typed[decision.name]) for decision in decisions),
        table=desk.keep(typed, "table"),
        lines=desk.keep(lines, "array"),
        classes=classes,
        test_rows=None if in_test is None else desk.keep(np.flatnonzero(in_test).astype(np.int64), "array"),
        unlabelled_rows=int(labelled.size - labelled.sum()),
        ingest=ingests[0],
        test_ingest=ingests[1] if len(ingests) > 1 else None,
    )


def _cast(
    table: polars.DataFrame, decisions: Sequence[Decision], task: Task, lines: Lines, heights: Sequence[int]
) -> tuple[polars.DataFrame, list[list[Change]]]:
    """The typed table, and each file's changes."""

    def one(decision: Decision) -> tuple[polars.Series, list[list[Change]]]:
        return _cast_one(table[decision.name], decision, task, lines, heights)

    with ThreadPoolExecutor(COLUMNS_AT_ONCE) as pool:
        cast = list(pool.map(one, decisions))
    changes = [[change for _, made in cast for change in made[place]] for place in range(len(heights))]
    return polars.DataFrame([typed for typed, _ in cast]), changes


def _cast_one(
    cells: polars.Series, decision: Decision, task: Task, lines: Lines, heights: Sequence[int]
) -> tuple[polars.Series, list[list[Change]]]:
    """One typed column, and what was changed in each file."""
    pieces: list[polars.Series] = []
    changes: list[list[Change]] = []
    for start, stop in _spans(heights):
        piece, made = cast_column(
            cells[start:stop],
            decision.dtype,
            missing_tokens=decision.missing_tokens,
            date_format=decision.date_format,
            lines=lines[start:stop],
        )
        pieces.append(piece)
        changes.append(made)
    whole = polars.concat(pieces)
    if decision.dtype == "string" and _holds_labels(decision, task):
        labels = canonical_labels(whole)
        changes[0] += label_changes(whole, labels)
        whole = labels
    return whole, changes


def _holds_labels(decision: Decision, task: Task) -> bool:
    existing = task.existing_solution
    answers = existing is not None and existing.kind == "column" and existing.name == decision.name
    return decision.role == "target" or (answers and decision.role == "ignored")


def _labelled(
    typed: polars.DataFrame, task: Task, lines: Lines, heights: Sequence[int]
) -> tuple[Mask, list[list[Change]]]:
    """Which rows have every target, and what leaving the others out changes."""
    labelled = typed.select(polars.all_horizontal(polars.col(*task.targets).is_not_null())).to_series()
    mask: Mask = labelled.to_numpy().astype(np.bool_)
    if not mask.any():
        raise DataError(
            where=f"target {', '.join(map(repr, task.targets))}",
            expected="rows with a target" if task.kind in ("binary", "multiclass") else "rows with a number",
            received=f"none among {mask.size:,} rows",
            do_this="Predict another column, or add the answers to be learnt from.",
        )
    changes: list[list[Change]] = []
    for start, stop in _spans(heights):
        at_fault = lines[start:stop][~mask[start:stop]]
        changes.append([_left_out(task, at_fault)] if at_fault.size else [])
    return mask, changes


def _left_out(task: Task, lines: Lines) -> Change:
    rows = "1 row" if lines.size == 1 else f"{lines.size:,} rows"
    return Change(
        kind="null",
        column=task.targets[0],
        what=f"{rows} without a target left out",
        count=int(lines.size),
        lines=tuple(int(line) for line in lines[:MAX_LINES]),
    )


def _classes(typed: polars.DataFrame, task: Task) -> tuple[str, ...]:
    if task.kind in ("regression", "vector_regression"):
        return ()
    return order_classes(typed[task.targets[0]], task)


def _column(decision: Decision, series: polars.Series) -> Column:
    present: Any = series.drop_nulls()
    return Column(
        name=decision.name,
        role=decision.role,
        dtype=decision.dtype,
        reason=decision.reason,
        missing=series.null_count(),
        unique=int(present.n_unique()),
        missing_tokens=decision.missing_tokens,
        date_format=decision.date_format,
    )


def _reported(ingest: Ingest, changes: Sequence[Change]) -> Ingest:
    return dataclasses.replace(ingest, changes=(*ingest.changes, *changes))


def _spans(heights: Sequence[int]) -> list[tuple[int, int]]:
    stops = [sum(heights[: place + 1]) for place in range(len(heights))]
    return [(stop - height, stop) for stop, height in zip(stops, heights, strict=True)]
