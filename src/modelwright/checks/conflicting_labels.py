"""MW107: do rows with the same inputs have different targets?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.checks.alike import folded, numbered
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, share
from modelwright.records import Finding

CODE: str = "MW107"
TITLE: str = "Conflicting labels"

WARNING_SHARE = 0.01
"""Rows that no model can answer right, as a share: candidates differ in the last point of accuracy."""

COARSE_SHARE = 0.5
"""With fewer different inputs than this share of the rows the inputs are coarse (a table of a few
categories): that they do not settle the target is then the task, and no mistake."""


def look(inspection: Inspection) -> Outcome:
    """Rows alike in every input that a model reads, and different in their target."""
    if not inspection.dataset.classes:
        return NotApplicable("the target is a number: equal inputs may well differ in it")
    inputs = [column.name for column in inspection.features]
    if not inputs:
        return NotApplicable("no column is left to compare rows by")
    every = [*inputs, *inspection.task.targets]
    plain = folded(inspection.table, inputs)  # who spells a case in two ways says the same of it
    table = inspection.table if plain is None else inspection.table.with_columns(plain)
    number, same = numbered(table, inputs), numbered(table, every)
    conflicting, lost = _conflicts(number, same)
    if not conflicting.any():
        return ()
    coarse = number.max() + 1 < COARSE_SHARE * len(number)
    return (_finding(inspection, conflicting, lost, coarse=bool(coarse)),)


def _conflicts(number: NDArray[np.int64], same: NDArray[np.int64]) -> tuple[NDArray[np.bool_], int]:
    """Rows whose inputs come with several targets, bool (rows,), and how many no model can answer right.

    Args:
        number: of a row's inputs; same: of its inputs and target.
    """
    rows_of_input = np.bincount(number)
    _, first = np.unique(same, return_index=True)  # rows of one `same` have one `number`
    most = np.zeros(len(rows_of_input), dtype=np.int64)
    np.maximum.at(most, number[first], np.bincount(same))
    conflicting = rows_of_input > most
    return conflicting[number], int((rows_of_input - most).sum())


def _finding(inspection: Inspection, conflicting: NDArray[np.bool_], lost: int, *, coarse: bool) -> Finding:
    rows, involved = inspection.table.height, int(conflicting.sum())
    evidence = [
        f"{share(involved, rows)} rows have the inputs of another row but a different target",
        f"at least {lost:,} ({percent(lost / rows)}) cannot be answered right by any model",
    ]
    if coarse:
        evidence.append("the inputs have few combinations: they may simply not settle the target")
    return Finding(
        code=CODE,
        title=TITLE,
        severity="info" if coarse or lost < WARNING_SHARE * rows else "warning",
        message=f"{involved:,} rows have the inputs of another row but a different "
        f"`{inspection.task.targets[0]}`",
        evidence=tuple(evidence),
        lines=inspection.lines_of(conflicting),
        advice="Look at these rows: one of each pair is labelled wrongly, or a column is missing that would "
        "tell them apart. Until then no model scores better than the share above allows.",
    )
