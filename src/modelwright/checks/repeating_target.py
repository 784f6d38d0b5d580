"""MW110: does the target repeat itself from one row to the next?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent
from modelwright.records import Column, Finding
from modelwright.statistics.repetition import repetition

CODE: str = "MW110"
TITLE: str = "Target repeats itself"

MIN_ROWS = 100

LEAST_AGREEMENT = 0.1
"""Agreement beyond chance of a class with that of the row before, with the whole interval: five points of
accuracy more where there are two classes as frequent."""

LEAST_R2 = 0.3
"""Share of the variance of a number that the one before must explain."""

SERIOUS_AGREEMENT = 0.4
SERIOUS_R2 = 0.7
"""From here on a random split mostly measures how well neighbours are recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How rows follow each other.

    Args:
        rows: int64 (rows,), in that order. said: in words. declared: by the task's time column.
    """

    rows: NDArray[np.int64]
    said: str
    declared: bool


def look(inspection: Inspection) -> Outcome:
    """Rows whose target is that of the row before, in order of time or of the file, more than by chance."""
    order = _order(inspection)
    if len(order.rows) < MIN_ROWS:
        return NotApplicable(f"fewer than {MIN_ROWS} rows")
    if inspection.task.group is not None and not order.declared:
        return NotApplicable("rows stand together by group; in what order those came is not known")
    if inspection.dataset.classes:
        found = [_of_classes(inspection, order)]
    else:
        found = [_of_values(inspection, order, column) for column in inspection.dataset.targets]
    return tuple(finding for finding in found if finding is not None)


def _order(inspection: Inspection) -> Order:
    """By time, or as rows stand in the file."""
    timed = inspection.by_time()
    if timed is None:
        return Order(rows=np.flatnonzero(~inspection.test), said="in the order of the file", declared=False)
    by, rows = timed
    return Order(rows=rows, said=f"in order of `{by.name}`", declared=by.role == "time")


def _of_classes(inspection: Inspection, order: Order) -> Finding | None:
    target = inspection.task.targets[0]
    codes = inspection.table[target].cast(polars.String).rank("dense").fill_null(0).to_numpy()[order.rows]
    found = repetition(codes.astype(np.int64))
    if found.agreement < LEAST_AGREEMENT:
        return None
    evidence = (
        f"{found.again:,} of {found.pairs:,} rows ({percent(found.again / found.pairs)}, 95% interval "
        f"{percent(found.low)} to {percent(found.high)}) have the `{target}` of the row before, {order.said}",
        f"in no order {percent(found.by_chance)} would; always answering the most frequent one is right in "
        f"{percent(found.most)}",
    )
    return _finding(inspection, target, order, evidence, serious=found.agreement >= SERIOUS_AGREEMENT)


def _of_values(inspection: Inspection, order: Order, column: Column) -> Finding | None:
    values = inspection.table[column.name].cast(polars.Float64).to_numpy()[order.rows]
    values = values[np.isfinite(values)]
    steps = np.diff(values)
    if len(steps) < MIN_ROWS or not values.std() or (steps >= 0).all() or (steps <= 0).all():
        return None  # constant, or sorted by its target
    explained = 1.0 - float(np.mean(steps**2)) / float(values.var())
    if explained < LEAST_R2:
        return None
    evidence = (
        f"the value of the row before, {order.said}, explains {percent(explained)} of the variance of "
        f"`{column.name}` ({len(steps):,} pairs of rows)",
    )
    return _finding(inspection, column.name, order, evidence, serious=explained >= SERIOUS_R2)


def _finding(
    inspection: Inspection, target: str, order: Order, evidence: tuple[str, ...], *, serious: bool
) -> Finding:
    if order.declared:
        advice = (
            "Rows are split forward in time already. Beat the model that repeats the last answer before "
            "believing any other; if the last answer is known in service, give it to the model as a column."
        )
    else:
        advice = (
            "A random split puts neighbours on both sides, and a model that only recognises the moment "
            "scores well. Name the column that orders the rows: --time COLUMN. If neighbours belong together "
            "for another reason (one patient, one device), name that: --group COLUMN."
        )
    return Finding(
        code=CODE,
        title=TITLE,
        severity="info" if order.declared else "serious" if serious else "warning",
        columns=(target,),
        message=f"`{target}` follows that of the row before, {order.said}",
        evidence=evidence,
        advice=advice,
    )
