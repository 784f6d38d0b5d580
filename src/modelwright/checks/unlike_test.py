"""MW114: is the declared test part unlike the rows learnt from?"""

from __future__ import annotations

import polars

from modelwright.checks.binning import binned
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, quoted
from modelwright.checks.spread import Unlike, unlike
from modelwright.records import Finding

CODE: str = "MW114"
TITLE: str = "Test part unlike the rest"

LEAST_DISTANCE = 0.1
"""A tenth of the rows would have to change their value; less is real in large tables, and of no account."""

SERIOUS_DISTANCE = 0.3

MIN_ROWS = 30


def look(inspection: Inspection) -> Outcome:
    """Columns whose values are spread otherwise in the test part than among the rows learnt from."""
    if not inspection.has_test:
        return NotApplicable("no test part is declared")
    test = inspection.table.filter(polars.Series(inspection.test))
    if min(test.height, inspection.known.height) < MIN_ROWS:
        return NotApplicable(f"fewer than {MIN_ROWS} rows in one of the parts")
    columns = [*inspection.features, *inspection.dataset.targets]
    if inspection.task.time is not None:
        columns = [column for column in columns if column.dtype != "date"]
    parts = [binned(column, inspection.known[column.name], test[column.name]) for column in columns]
    found = unlike(columns, parts, lambda one: one.shift.distance >= LEAST_DISTANCE)
    return (_finding(found),) if found else ()


def _finding(found: list[Unlike]) -> Finding:
    names = tuple(one.column.name for one in found)
    worst = found[0].shift.distance
    return Finding(
        code=CODE,
        title=TITLE,
        severity="serious" if worst >= SERIOUS_DISTANCE else "warning",
        columns=names,
        message=f"{quoted(names)}: spread otherwise in the test part than among the rows learnt from",
        evidence=tuple(one.said("in the test part") for one in found),
        advice="If production will look like the test part, validate on rows like it (--time COLUMN splits "
        "forward, --group COLUMN keeps groups apart), or collect such rows. If not, leave the test part out "
        "and let rows be sealed at random.",
    )
