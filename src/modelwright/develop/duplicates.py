"""Which rows belong together, so that no split may part them: copies of each other, and groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from modelwright.records import Dataset

COARSE_ROWS = 10
FEWEST_COMBINATIONS = 10
"""With more rows than this for each combination of features, or no more combinations than this, equal
features are no sign of a copy: a table of sex and ticket class has six kinds of rows, not six rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Rows that must stay on one side of every split.

    Args:
        numbers: int64 (rows,): each unit goes by the position of its first row.
        copies: rows whose features are those of an earlier row.
        coarse: the features have too few combinations to tell copies from coincidence, so that
            equal rows were not kept together.
        grouped: a group column was followed.
    """

    numbers: NDArray[np.int64]
    copies: int
    coarse: bool
    grouped: bool

    @property
    def count(self) -> int:
        """How many units there are."""
        return len(np.unique(self.numbers))


def units_of(table: polars.DataFrame, dataset: Dataset, group: str | None) -> Units:
    """Rows with the same features are one unit, as are rows of one group, and what these link."""
    copies = _first_alike(table, [column.name for column in dataset.features])
    combinations = len(np.unique(copies))
    repeated = len(copies) - combinations
    coarse = len(copies) > COARSE_ROWS * combinations or (
        combinations <= FEWEST_COMBINATIONS and len(copies) >= 2 * combinations
    )
    numbers = np.arange(len(copies), dtype=np.int64) if coarse else copies
    if group is not None:
        numbers = _linked(numbers, _groups(table[group]))
    return Units(numbers=numbers, copies=repeated, coarse=coarse, grouped=group is not None)


def _first_alike(table: polars.DataFrame, names: list[str]) -> NDArray[np.int64]:
    """For each row, the first row with the same features; letter case and spacing count for nothing."""
    rows = polars.int_range(polars.len(), dtype=polars.Int64).alias("row")
    keys = [_key(table[name]).alias(f"feature {position}") for position, name in enumerate(names)]
    if not keys:
        return np.arange(table.height, dtype=np.int64)
    alike = table.select([*keys, rows])
    first = polars.col("row").min().over([key.meta.output_name() for key in keys])
    return alike.select(first).to_series().to_numpy().astype(np.int64)


def _key(series: polars.Series) -> polars.Expr:
    column = polars.col(series.name)
    if series.dtype == polars.String:
        return column.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    if series.dtype.is_float():
        return column.fill_nan(None) + 0.0  # -0.0 becomes 0.0
    return column


def _groups(series: polars.Series) -> NDArray[np.int64]:
    """A number for each group; a row without one is a group of its own."""
    numbers = series.rank("dense").cast(polars.Int64)
    alone = polars.Series(np.arange(len(series)) + len(series) + 1)
    filled = polars.select(polars.when(numbers.is_null()).then(alone).otherwise(numbers)).to_series()
    return filled.to_numpy().astype(np.int64)


def _linked(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows that share a number in either, or are linked through others that do."""
    _, left = np.unique(first, return_inverse=True)
    _, right = np.unique(second, return_inverse=True)
    lefts = int(left.max()) + 1
    nodes = lefts + int(right.max()) + 1
    links: Any = coo_array((np.ones(len(left), dtype=np.int8), (left, right + lefts)), shape=(nodes, nodes))
    component: NDArray[Any] = connected_components(links, directed=False)[1][left]
    _, start, inverse = np.unique(component, return_index=True, return_inverse=True)
    return start[inverse].astype(np.int64)
