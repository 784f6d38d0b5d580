"""MW101: are rows copies of other rows?"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, share
from modelwright.records import Finding

CODE = "MW101"
TITLE = "Duplicate rows"

WARNING_SHARE = 0.01
"""From this share of rows (or of test rows) on, copies move a score by as much as a better model would:
the last point of accuracy is what candidates differ in."""


def look(inspection: Inspection) -> Outcome:
    """Rows that repeat an earlier one in every input and target, in the data and across the test part."""
    inputs = [column.name for column in inspection.features]
    if not inputs:
        return NotApplicable("no column is left to compare rows by")
    number = _numbered(inspection.table, inputs)
    same = _numbered(inspection.table, [*inputs, *inspection.task.targets])
    repeats = _repeats(same)
    crossing = _crossing(number, inspection.test)
    if not repeats.any() and not crossing.any():
        return ()
    return (_finding(inspection, number, same, repeats, crossing),)


def _finding(
    inspection: Inspection,
    number: NDArray[np.int64],
    same: NDArray[np.int64],
    repeats: NDArray[np.bool_],
    crossing: NDArray[np.bool_],
) -> Finding:
    rows, copies = len(repeats), int(repeats.sum())
    often = int(np.bincount(same).max())
    evidence = [f"{share(copies, rows)} rows repeat an earlier one; one row occurs {often:,} times"]
    evidence += _crossing_words(crossing, inspection.test)
    evidence += _conflict_words(number, same)
    share_crossing = crossing.sum() / max(1, inspection.test.sum())
    serious_enough = copies >= WARNING_SHARE * rows or share_crossing >= WARNING_SHARE
    message = f"{copies:,} rows repeat an earlier one"
    if crossing.any():
        message += f", and {int(crossing.sum()):,} test rows have a twin among the rows learnt from"
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning" if serious_enough else "info",
        message=message,
        evidence=tuple(evidence),
        lines=inspection.lines_of(repeats if repeats.any() else crossing),
        advice=_advice(bool(crossing.any())),
    )


def _advice(crosses: bool) -> str:
    advice = (
        "Copies never straddle a split here, so scores stay honest; but if one case was recorded twice, "
        "remove the copies, and if copies are of one customer or device, name it: --group COLUMN."
    )
    if crosses:
        advice += " The declared test part was split by hand: drop its twins, or leave the test part out."
    return advice


def _numbered(table: polars.DataFrame, names: list[str]) -> NDArray[np.int64]:
    """A number a row, the same for rows that agree in all these columns: int64 (rows,)."""
    keys = [f"key {index}" for index in range(len(names))]
    rows = polars.DataFrame({key: table[name] for key, name in zip(keys, names, strict=True)})
    groups = rows.with_row_index("row").group_by(keys, maintain_order=True).agg("row")
    sizes = groups["row"].list.len().to_numpy()
    number = np.empty(table.height, dtype=np.int64)
    number[groups["row"].explode().to_numpy()] = np.repeat(np.arange(len(sizes)), sizes)
    return number


def _repeats(number: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for every row whose number came before: bool (rows,)."""
    _, first = np.unique(number, return_index=True)
    repeats = np.ones(len(number), dtype=np.bool_)
    repeats[first] = False
    return repeats


def _crossing(number: NDArray[np.int64], test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Test rows whose inputs also occur outside the test part: bool (rows,)."""
    return test & np.isin(number, number[~test])


def _crossing_words(crossing: NDArray[np.bool_], test: NDArray[np.bool_]) -> list[str]:
    if not crossing.any():
        return []
    return [f"{share(int(crossing.sum()), int(test.sum()))} test rows have inputs that also occur outside it"]


def _conflict_words(number: NDArray[np.int64], same: NDArray[np.int64]) -> list[str]:
    """Equal inputs with different targets: no model can answer all of them right."""
    rows_of_input = np.bincount(number)
    # rows of one full row number all have one input number: look it up at their first occurrence
    _, first = np.unique(same, return_index=True)
    most = np.zeros(len(rows_of_input), dtype=np.int64)
    np.maximum.at(most, number[first], np.bincount(same))
    conflicting = rows_of_input > most
    if not conflicting.any():
        return []
    involved = int(rows_of_input[conflicting].sum())
    lost = int((rows_of_input - most).sum())
    return [
        f"{involved:,} rows have the inputs of another row but a different target: "
        f"at least {lost:,} ({percent(lost / len(number))}) cannot be answered right"
    ]
