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
FEWEST_ROWS, MOST_ROWS = 4, 50
"""What lies apart in more rows than such a share, and than so few, is a second kind of row, and no slip."""

GAP_REACHES = 2.0
"""Values lie apart when the gap to the others is twice as wide as these reach from their median, on that side
(as wide as all of them, where both sides are alike) ..."""

MOST_CHANCE = 1e-3
"""... and when a tail as heavy as that of the others would reach so far so seldom: amounts of money, counts
and returns reach far by nature."""

TAIL_SHARE = 0.02
FEWEST_IN_TAIL, MOST_IN_TAIL = 10, 50
"""Of the others, the furthest on that side say how heavy the tail is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Values beyond a gap: those at or above `least`, or at or below `most`."""

    column: Column
    least: float
    most: float
    rows: int
    others: tuple[float, float]


def look(inspection: Inspection) -> Outcome:
    """A few numbers so far from all others that no tail of theirs would reach there."""
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
    most = int(np.clip(MOST_SHARE * len(values), FEWEST_ROWS, MOST_ROWS))
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
        reach = float(rest[-1] - rest[len(rest) // 2])
        if reach > 0 and gaps[-apart] > GAP_REACHES * reach and _chance(values, apart) <= MOST_CHANCE:
            return apart
    return 0


def _chance(values: NDArray[np.float64], apart: int) -> float:
    """How often the last of these sorted values would reach so far, were they of one tail with the others.

    Source: Hill 1975, "A simple general approach to inference about the tail of a distribution"; Rényi 1953
    (the ratios of its order statistics).
    """
    rest = values[: len(values) - apart]
    middle = rest[len(rest) // 2]
    count = int(np.clip(TAIL_SHARE * len(rest), FEWEST_IN_TAIL, MOST_IN_TAIL))
    tail = rest[-count:] - middle
    tail = tail[tail > 0]
    if len(tail) < 2:
        return 0.0  # of the others hardly one lies on this side of the median
    heaviness = float(np.log(tail / tail[0]).sum()) / (len(tail) - 1)
    ratio = (values[-apart] - middle) / tail[-1]
    return float(np.exp(-apart * np.log(ratio) / heaviness)) if heaviness > 0 else 0.0


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
