"""What is counted of all rows while they pass by, and how a column's values are measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Bars, Column

BARS = 24
"""Fine enough to see gaps and heaps, wide enough that a bar is no accident (Scott 1979 asks for about as many
at 1,000 normal rows)."""

BEYOND = 0.005
"""Share of rows on either side that the outermost bars gather, so that one wild value flattens nothing."""

COUNTED_VALUES = 1_000
"""Values counted in each part of the rows, the most frequent ones: what a person would see is among them."""

MOST_MISSING_COLUMNS = 60
"""Columns whose missing cells are held against each other, those that miss most."""

MOST_PATTERNS = 10_000
"""Sets of columns missing together that are counted."""


def sizes_of(column: Column, values: polars.Series) -> polars.Series | None:
    """Numbers as they are, dates in seconds since 1970, texts in words: Float64; None for words."""
    if column.role == "text":
        return values.str.count_matches(r"\S+").cast(polars.Float64)
    if values.dtype.is_temporal():
        return values.dt.epoch("us").cast(polars.Float64) / 1e6
    if values.dtype.is_numeric():
        return values.cast(polars.Float64).fill_nan(None)
    return None


def bars_of(values: NDArray[np.float64]) -> Bars | None:
    """A bar for each whole number where they are few, else bars of equal width.

    Shapes:
        values: finite, (rows,)
    """
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if high - low < BARS and np.array_equal(values, np.round(values)):
        edges = np.arange(low - 0.5, high + 1.0)
    else:
        inner = [float(end) for end in np.quantile(values, [BEYOND, 1 - BEYOND])]
        low, high = inner if inner[1] > inner[0] else (low, high)
        edges = np.linspace(low, high, BARS + 1)
    if not (np.diff(edges) > 0).all():  # values so near to each other that nothing lies between
        return None
    rows, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
    return Bars(edges=tuple(edges.tolist()), rows=tuple(rows.tolist()))


@dataclass(slots=True, kw_only=True, eq=False)
class Totals:
    """Counts over all rows given to `add`, part after part.

    Args:
        missing: cells without a value, by column. extremes: smallest and largest finite value.
        counts: value and rows of words, the most frequent first, of at most `COUNTED_VALUES` a part.
    """

    columns: tuple[Column, ...]
    rows: int = 0
    missing: Counter[str] = field(default_factory=Counter[str])
    extremes: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    counts: dict[str, polars.DataFrame] = field(default_factory=dict[str, polars.DataFrame])
    _patterns: Counter[tuple[str, ...]] = field(default_factory=Counter[tuple[str, ...]])

    def add(self, part: polars.DataFrame) -> None:
        """Count these rows too."""
        self.rows += part.height
        for column in self.columns:
            values = part[column.name]
            sized = sizes_of(column, values)
            self.missing[column.name] += (values if sized is None else sized).null_count()
            if sized is None:
                self._count(column.name, values)
            else:
                self._reach(column.name, sized)
        self._hold_together(part)

    def patterns(self) -> list[tuple[tuple[str, ...], int]]:
        """Sets of columns missing in one row, the most frequent first."""
        return self._patterns.most_common()

    def _reach(self, name: str, sized: polars.Series) -> None:
        finite = sized.filter(sized.is_finite())
        low, high = finite.min(), finite.max()
        if not isinstance(low, float) or not isinstance(high, float):
            return
        before = self.extremes.get(name, (low, high))
        self.extremes[name] = (min(low, before[0]), max(high, before[1]))

    def _count(self, name: str, values: polars.Series) -> None:
        words = values.drop_nulls().cast(polars.String).alias("value")
        found = words.value_counts(name="rows").top_k(COUNTED_VALUES, by="rows")
        if name in self.counts:
            both = polars.concat([self.counts[name], found])
            found = both.group_by("value").agg(polars.col("rows").sum())
        self.counts[name] = found.sort(["rows", "value"], descending=[True, False])

    def _hold_together(self, part: polars.DataFrame) -> None:
        holed = sorted((c for c in self.columns if c.missing), key=lambda column: -column.missing)
        names = [column.name for column in holed[:MOST_MISSING_COLUMNS]]
        if len(names) < 2:
            return
        missing = part.select(polars.col(name).is_null() for name in names)
        for *flags, rows in missing.group_by(names).len().iter_rows():
            absent = tuple(name for name, flag in zip(names, flags, strict=True) if flag)
            if absent and (absent in self._patterns or len(self._patterns) < MOST_PATTERNS):
                self._patterns[absent] += int(rows)
