"""MW111: are some values of a column a thousand times the others?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, quoted, share
from modelwright.checks.single_column import sampled
from modelwright.records import Column, Finding

CODE: str = "MW111"
TITLE: str = "Mixed units"

FACTORS = (10.0, 100.0, 1_000.0, 1e6)
"""What units are mistaken by most: millimetres and centimetres, cents, grams and kilograms, metres and
kilometres, watts and megawatts."""

LEAST_SHARE = 0.002
LEAST_ROWS = 3
"""Fewer rows are outliers (MW112)."""

LEAST_COLUMN = 60
"""Values a column needs."""

LEAST_GAP = 0.25
"""Decades between the two parts: a factor of 1.8."""

LEAST_GAP_TIMES_ROWS = 3.75
"""The gap times the rows of the smaller part: those of a heavy tail (Pareto, exponent 1) lie beyond so wide a
gap in 2 of 10,000 columns."""

MOST_STRAYS = 0.05
"""Of the smaller part, values in the gap: of a column that crosses zero a few are as small as one likes."""

MOST_TRIED = 20

MOST_APART = 0.15
"""Decades by which the medians of the two parts may miss the factor."""

MOST_DISTANCE = 0.35
"""Kolmogorov-Smirnov distance of the parts once the factor is taken out. Beyond the 1.63 / sqrt(rows) that
luck alone explains once in a hundred times, they are allowed to differ by so much, for what is mistaken is
seldom a random part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A column in two parts that differ by a factor.

    Args:
        border: values above it are of the upper part. rarer_above: the upper part is the smaller one.
    """

    column: Column
    factor: float
    border: float
    rarer_above: bool


def look(inspection: Inspection) -> Outcome:
    """Numbers that fall into two parts of one shape, the one 10, 100, 1,000 or 1,000,000 times the other."""
    numbers = [column for column in inspection.features if column.role == "numeric"]
    if not numbers:
        return NotApplicable("no column of numbers")
    rows = sampled(inspection.table.height, inspection.seed)
    found = [split for c in numbers if (split := _split(c, inspection.table[c.name][rows])) is not None]
    return (_finding(inspection, found),) if found else ()


def _split(column: Column, values: polars.Series) -> Split | None:
    sizes = np.abs(values.drop_nulls().to_numpy())
    sizes = np.sort(np.log10(sizes[np.isfinite(sizes) & (sizes > 0)]))
    if len(sizes) < LEAST_COLUMN:
        return None
    for last_below, first_above in _gaps(sizes):
        below, above = sizes[: last_below + 1], sizes[first_above:]
        factor = _factor(below, above)
        if factor is not None:
            border = 10 ** float((below[-1] + above[0]) / 2)
            return Split(column=column, factor=factor, border=border, rarer_above=len(above) < len(below))
    return None


def _gaps(sizes: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Where sorted sizes part, the emptiest and widest gaps first: the places on both sides."""
    places = np.arange(len(sizes) - 1)
    above = np.maximum(np.searchsorted(sizes, sizes[:-1] + LEAST_GAP), places + 1)
    strays = above - places - 1
    width = np.where(strays == 0, np.diff(sizes), LEAST_GAP)
    smaller = np.minimum(places + 1, len(sizes) - above)
    parts = (
        (width >= LEAST_GAP)
        & (smaller >= max(LEAST_ROWS, LEAST_SHARE * len(sizes)))
        & (strays <= MOST_STRAYS * smaller)
        & (width * smaller >= LEAST_GAP_TIMES_ROWS)
    )
    found = places[parts]
    order = np.lexsort((-width[found], strays[found] / smaller[found]))[:MOST_TRIED]
    return [(int(place), int(above[place])) for place in found[order]]


def _factor(below: NDArray[np.float64], above: NDArray[np.float64]) -> float | None:
    """The factor between two parts of one shape, or None where they are of different shapes."""
    apart = float(np.median(above) - np.median(below))
    for factor in FACTORS:
        if abs(apart - np.log10(factor)) > MOST_APART:
            continue
        luck = 1.63 * np.sqrt(1 / len(below) + 1 / len(above))
        if _distance(below + np.log10(factor), above) <= max(MOST_DISTANCE, luck):
            return factor
    return None


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The two-sample Kolmogorov-Smirnov distance of sorted values."""
    both = np.concatenate([one, other])
    shares = [np.searchsorted(each, both, side="right") / len(each) for each in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def _finding(inspection: Inspection, found: list[Split]) -> Finding:
    names = tuple(split.column.name for split in found)
    masks = [_rarer(inspection, split) for split in found]
    evidence = [
        f"`{split.column.name}`: {share(int(mask.sum()), inspection.table.height)} rows are about "
        f"{split.factor:,.0f} times {'as large' if split.rarer_above else 'as small'} as the others, "
        f"on the other side of {split.border:.3g}"
        for split, mask in zip(found, masks, strict=True)
    ]
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning",
        columns=names,
        message=f"{quoted(names)}: two parts of one shape, many times as large the one as the other",
        evidence=tuple(evidence),
        lines=inspection.lines_of(np.logical_or.reduce(masks)),
        advice="If they are one quantity in two units, bring them to one before they come here; if they are "
        "two kinds of rows, a column that says which is worth having.",
    )


def _rarer(inspection: Inspection, split: Split) -> NDArray[np.bool_]:
    sizes = inspection.table[split.column.name].abs()
    part = sizes > split.border if split.rarer_above else (sizes <= split.border) & (sizes > 0)
    return part.fill_null(False).to_numpy()
