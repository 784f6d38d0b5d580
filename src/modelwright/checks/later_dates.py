"""MW108: are there dates that lie after the moment the answer is needed?"""

from __future__ import annotations

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, share
from modelwright.records import Column, Finding

CODE: str = "MW108"
TITLE: str = "Dates after the moment of the answer"

LEAST_SHARE = 0.01
"""From this share of the rows on, later dates are no slip of a clock or a keyboard."""

SERIOUS_SHARE = 0.5
"""A date later than the row's own moment in most rows is written down afterwards, as a rule."""


def look(inspection: Inspection) -> Outcome:
    """Dates a model reads that are later than the time column of their row: written down afterwards."""
    moment = next((c for c in inspection.dataset.columns if c.role == "time"), None)
    if moment is None or moment.dtype != "date":
        return NotApplicable("no time column says when each row's answer was needed")
    dates = [c for c in inspection.features if c.dtype == "date" and c.name != moment.name]
    if not dates:
        return NotApplicable("no other column of dates")
    found = [_finding(inspection, moment, column) for column in dates]
    return tuple(finding for finding in found if finding is not None)


def _finding(inspection: Inspection, moment: Column, column: Column) -> Finding | None:
    values, moments = inspection.table[column.name], inspection.table[moment.name]
    later = (values > moments).fill_null(False)
    known = int((values.is_not_null() & moments.is_not_null()).sum())
    rows = int(later.sum())
    if not known or rows < LEAST_SHARE * known:
        return None
    after = (values - moments).filter(later).dt.total_seconds().median()
    return Finding(
        code=CODE,
        title=TITLE,
        severity="serious" if rows >= SERIOUS_SHARE * known else "warning",
        columns=(column.name,),
        message=f"`{column.name}` is later than `{moment.name}` in {percent(rows / known)} of the rows",
        evidence=(
            f"later in {share(rows, known)} rows that have both, by {_duration(after)} (median)",
            f"`{moment.name}` is the task's time: when the answer is needed",
        ),
        lines=inspection.lines_of(later),
        advice="What is written down after the answer is needed is not there in service: leave it out "
        f'(--ignore {column.name}), or write known_at = "after" on its line under [inputs] in task.toml.',
    )


def _duration(seconds: object) -> str:
    length = float(seconds) if isinstance(seconds, int | float) else 0.0
    for name, size in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if length >= size:
            return f"{length / size:.3g} {name}"
    return f"{length:.3g} seconds"
