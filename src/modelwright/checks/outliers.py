"""MW112: do single values lie far from all others?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, quoted
from modelwright.records import Column, Finding

CODE: str = "MW112"
TITLE: str = "Outliers"

MIN_ROWS = 50

MOST_SHARE = 0.01
MOST_ROWS = 50
"""What lies apart in more rows than this is a second kind of row, and no slip."""

GAP_SHARE = 1.0
"""Values lie apart when the gap to the others is wider than all the others together ..."""

LOG_GAP_SHARE = 0.4
"""... and, where all are positive, also by so much of the others' width in decades: amounts of money and
counts reach far by nature. Of 10,000 values with P(x > t) = 1 / t the largest does so once in 20 times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Values beyond a gap: those at or above `least`, or at or below `most`."""

    column: Column
    least: float
    most: float
    rows: int
    others: tuple[float, float]


def look(inspection: Inspection) -> Outcome:
    """A few numbers with a gap between them and the others that is wider than all the others together."""
    numbers = [c for c in inspection.dataset.columns if c.role == "numeric" or _is_number(c)]
    if not numbers or inspection.table.height < MIN_ROWS:
        return NotApplicable("no column of numbers" if not numbers else f"fewer than {MIN_ROWS} rows")
    found = [apart for column in numbers if (apart := _apart(inspection, column)) is not None]
    return (_finding(inspection, found),) if found else ()


def _is_number(column: Column) -> bool:
    return column.role == "target" and column.dtype == "number"


def _apart(inspection: Inspection, column: Column) -> Apart | None:
    values = inspection.table[column.name].drop_nulls().to_numpy()
    values = np.sort(values[np.isfinite(values)])
    if len(values) < MIN_ROWS:
        return None
    most = int(min(MOST_ROWS, max(1, MOST_SHARE * len(values))))
    above = _beyond_gap(values, most)
    below = _beyond_gap(-values[::-1], most)
    if not above and not below:
        return None
    rest = values[below : len(values) - above]
    return Apart(
        column=column,
        least=float(values[-above]) if above else np.inf,
        most=float(values[below - 1]) if below else -np.inf,
        rows=above + below,
        others=(float(rest[0]), float(rest[-1])),
    )


def _beyond_gap(values: NDArray[np.float64], most: int) -> int:
    """How many of the last of these sorted values, `most` at most, lie beyond a gap; 0 for none."""
    gaps = np.diff(values[-most - 1 :])
    for apart in range(most, 0, -1):
        rest = values[: len(values) - apart]
        width = float(rest[-1] - rest[0])
        if width > 0 and gaps[-apart] > GAP_SHARE * width and _apart_in_decades(values, apart):
            return apart
    return 0


def _apart_in_decades(values: NDArray[np.float64], apart: int) -> bool:
    if values[0] <= 0:
        return True
    low, last, first = np.log10([values[0], values[-apart - 1], values[-apart]])
    return bool(first - last > LOG_GAP_SHARE * (last - low))


def _finding(inspection: Inspection, found: list[Apart]) -> Finding:
    names = tuple(apart.column.name for apart in found)
    masks = [_beyond(inspection.table[apart.column.name], apart) for apart in found]
    evidence = [
        f"`{apart.column.name}`: {apart.rows:,} of {inspection.table.height:,} values "
        f"({_shown(inspection.table[apart.column.name].filter(polars.Series(mask)))}); the others lie "
        f"between {apart.others[0]:g} and {apart.others[1]:g}"
        for apart, mask in zip(found, masks, strict=True)
    ]
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning",
        columns=names,
        message=f"{quoted(names)}: a few values far from all others",
        evidence=tuple(evidence),
        lines=inspection.lines_of(np.logical_or.reduce(masks)),
        advice="Look at these rows. A slip of the keyboard is better mended where it was made; a value that "
        'stands for "missing" belongs into missing = ["..."] on its line under [inputs]; a real one stays.',
    )


def _beyond(values: polars.Series, apart: Apart) -> NDArray[np.bool_]:
    return ((values >= apart.least) | (values <= apart.most)).fill_null(False).to_numpy()


def _shown(values: polars.Series) -> str:
    shown = ", ".join(f"{value:g}" for value in values.unique().sort(descending=True).head(5))
    return shown if values.n_unique() <= 5 else f"{shown}, ..."
