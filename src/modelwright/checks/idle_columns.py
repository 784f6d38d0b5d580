"""MW105: are there columns that cannot teach anything, constant or different in every row?"""

from __future__ import annotations

import polars

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, quoted, share
from modelwright.records import Column, Finding

CODE: str = "MW105"
TITLE: str = "Constant or id-like columns"

NEARLY_CONSTANT = 0.999
"""One value in this share of the rows leaves one row in a thousand to learn from."""

UNIQUE_SHARE = 0.9
"""A category with this many different values per row is seldom met again: it names the row."""

MIN_ROWS = 20
"""In fewer rows "all different" says little."""


def look(inspection: Inspection) -> Outcome:
    """Inputs with one value, with nearly one value, or with a value of its own in every row."""
    names = {entry.name for entry in inspection.task.inputs}
    inputs = [c for c in inspection.dataset.columns if c.name in names and c.role != "target"]
    if not inputs:
        return NotApplicable("the task has no inputs")
    constant = [c for c in inputs if _distinct(inspection, c) <= 1]
    varying = [c for c in inputs if c not in constant]
    nearly = [c for c in varying if c.role in ("numeric", "categorical") and _nearly_constant(inspection, c)]
    ids = [c for c in varying if c.role == "id"]
    counters = [c for c in varying if c.role in ("numeric", "categorical") and _counts_rows(inspection, c)]
    findings = [
        _constant(inspection, constant) if constant else None,
        _nearly(inspection, nearly) if nearly else None,
        _ids(inspection, ids) if ids else None,
        _counters(inspection, counters) if counters else None,
    ]
    return tuple(finding for finding in findings if finding is not None)


def _distinct(inspection: Inspection, column: Column) -> int:
    return inspection.table[column.name].drop_nulls().n_unique()


def _nearly_constant(inspection: Inspection, column: Column) -> bool:
    values = inspection.table[column.name]
    others = int((1 - NEARLY_CONSTANT) * values.len())
    first = values.head(2 * others + 1)  # where all but so many are of one value, most of these are
    if 2 * _most(first) <= first.len():
        return False
    return _most(values) >= NEARLY_CONSTANT * values.len()


def _most(values: polars.Series) -> int:
    """Rows of the most frequent value, missing counted as one."""
    counts: list[int] = values.value_counts(name="rows")["rows"].to_list()
    return max(counts, default=0)


def _counts_rows(inspection: Inspection, column: Column) -> bool:
    """A category different in nearly every row, or numbers that go up by the same step row by row."""
    values = inspection.table[column.name]
    if values.len() < MIN_ROWS:
        return False
    if column.role == "categorical":
        return values.drop_nulls().n_unique() >= UNIQUE_SHARE * values.len()
    steps = values.diff().drop_nulls()
    return steps.len() == values.len() - 1 and steps.n_unique() == 1 and steps.item(0) != 0


def _constant(inspection: Inspection, columns: list[Column]) -> Finding:
    names = tuple(column.name for column in columns)
    return Finding(
        code=CODE,
        title="Constant columns",
        severity="info",
        columns=names,
        message=f"{quoted(names)}: one value in every row, or none at all",
        evidence=tuple(_only_value(inspection, column) for column in columns),
        advice="Nothing can be learnt from them. If they should vary, look at how the data was extracted; "
        f"otherwise ignore them ({_flags(names)}).",
    )


def _only_value(inspection: Inspection, column: Column) -> str:
    values = inspection.table[column.name]
    known = values.drop_nulls()
    if known.len() == 0:
        return f"`{column.name}`: missing in all {values.len():,} rows"
    return f"`{column.name}`: {known.item(0)!r} in {share(known.len(), values.len())} rows"


def _nearly(inspection: Inspection, columns: list[Column]) -> Finding:
    names = tuple(column.name for column in columns)
    evidence = [
        f"`{c.name}`: one value in {share(_most(inspection.table[c.name]), inspection.table.height)} rows"
        for c in columns
    ]
    return Finding(
        code=CODE,
        title="Nearly constant columns",
        severity="info",
        columns=names,
        message=f"{quoted(names)}: one value in at least {percent(NEARLY_CONSTANT)} of the rows",
        evidence=tuple(evidence),
        advice=f"Little can be learnt from them; where the rare values are errors, try {_flags(names)}.",
    )


def _ids(inspection: Inspection, columns: list[Column]) -> Finding:
    names = tuple(column.name for column in columns)
    return Finding(
        code=CODE,
        title="Id columns",
        severity="info",
        columns=names,
        message=f"{quoted(names)}: read as ids and left out of the model",
        evidence=tuple(f"`{column.name}`: {column.reason}" for column in columns),
        advice='If one holds something to learn from, write role = "categorical" (or "numeric", "text") '
        f"on its line under [inputs] in task.toml; otherwise say so ({_flags(names)}).",
    )


def _counters(inspection: Inspection, columns: list[Column]) -> Finding:
    names = tuple(column.name for column in columns)
    evidence = [
        f"`{c.name}`: {_distinct(inspection, c):,} different values in {inspection.table.height:,} rows"
        for c in columns
    ]
    return Finding(
        code=CODE,
        title="Id-like columns",
        severity="warning",
        columns=names,
        message=f"{quoted(names)}: a value of its own in nearly every row, yet read as an input",
        evidence=tuple(evidence),
        advice=f"Such a column names rows rather than describing them: ignore it ({_flags(names)}), "
        "or, if it orders the rows in time, write --time COLUMN.",
    )


def _flags(names: tuple[str, ...]) -> str:
    """The flags that would leave these columns out."""
    shown = " ".join(f"--ignore {name}" for name in names[:5])
    return shown + (" ..." if len(names) > 5 else "")
