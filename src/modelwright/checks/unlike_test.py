"""MW114: is the declared test part unlike the rows learnt from?"""

from __future__ import annotations

import polars

from modelwright.checks.binning import Binned, binned
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, quoted
from modelwright.records import Column, Finding
from modelwright.statistics.shift import Shift, adjusted, shift

CODE: str = "MW114"
TITLE: str = "Test part unlike the rest"

MOST_CHANCE = 0.05
"""Of data sets whose two parts are alike in every column, one in twenty may be reported."""

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
    shifts = [shift(*part.counts) for part in parts]
    chances = adjusted([one.chance for one in shifts])
    unlike = [
        place
        for place, one in enumerate(shifts)
        if chances[place] <= MOST_CHANCE and one.distance >= LEAST_DISTANCE
    ]
    if not unlike:
        return ()
    unlike.sort(key=lambda place: -shifts[place].distance)
    return (_finding([(columns[p], parts[p], shifts[p]) for p in unlike]),)


def _finding(unlike: list[tuple[Column, Binned, Shift]]) -> Finding:
    names = tuple(column.name for column, _, _ in unlike)
    worst = unlike[0][2].distance
    return Finding(
        code=CODE,
        title=TITLE,
        severity="serious" if worst >= SERIOUS_DISTANCE else "warning",
        columns=names,
        message=f"{quoted(names)}: spread otherwise in the test part than among the rows learnt from",
        evidence=tuple(shift_words(column, part, one, "in the test part") for column, part, one in unlike),
        advice="If production will look like the test part, validate on rows like it (--time COLUMN splits "
        "forward, --group COLUMN keeps groups apart), or collect such rows. If not, leave the test part out "
        "and let rows be sealed at random.",
    )


def shift_words(column: Column, part: Binned, one: Shift, where: str) -> str:
    """One column's difference in a sentence."""
    counts = part.counts
    shares = [count[one.cell] / max(count.sum(), 1) for count in counts]
    return (
        f"`{column.name}`: {percent(one.distance)} of the rows differ; {part.labels[one.cell]}: "
        f"{percent(float(shares[0]))} here, {percent(float(shares[1]))} {where}"
    )
