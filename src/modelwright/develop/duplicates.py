"""Which rows belong together, so that no split may part them: copies, near copies, and groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from modelwright.checks.near_copies import left_out, near_families
from modelwright.checks.row_digests import Cells, first_alike
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
        copies: rows whose features are those of an earlier row. near: different rows that are nearly an
            earlier one; None where that was not looked for. loose: rows in families of near copies so large
            that they are not kept together. uncompared: rows of very many numbers, such as pictures, beyond
            those that were held against each other.
        coarse: the features have too few combinations to tell copies from coincidence, so that
            equal rows were not kept together.
        grouped: a group column was followed.
    """

    numbers: NDArray[np.int64]
    copies: int
    near: int | None
    loose: int
    uncompared: int
    coarse: bool
    grouped: bool

    @property
    def count(self) -> int:
        """How many units there are."""
        return len(np.unique(self.numbers))


def units_of(table: polars.DataFrame, dataset: Dataset, cells: Cells, group: str | None) -> Units:
    """Rows with the same or nearly the same features are one unit, as are rows of one group, and what these
    link.

    Letter case and spacing count for nothing.
    """
    every = np.arange(table.height, dtype=np.int64)
    names = [column.name for column in dataset.features]
    copies = first_alike(cells.of_rows(names)) if names else every
    different = np.unique(copies)
    coarse = len(copies) > COARSE_ROWS * len(different) or (
        len(different) <= FEWEST_COMBINATIONS and len(copies) >= 2 * len(different)
    )
    families = None if coarse else near_families(table, dataset, cells, different)
    numbers = every if coarse else _joined(copies, different, families)
    near = None if families is None else len(different) - len(np.unique(numbers))
    if group is not None:
        numbers = _linked(numbers, _groups(table[group]))
    return Units(
        numbers=numbers,
        copies=len(copies) - len(different),
        near=near,
        loose=0 if families is None else int((families < 0).sum()),
        uncompared=0 if families is None else left_out(dataset, different),
        coarse=coarse,
        grouped=group is not None,
    )


def _joined(
    copies: NDArray[np.int64], different: NDArray[np.int64], families: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """For each row, the first row of its family: int64 (rows,)."""
    if families is None:
        return copies
    alone = np.where(families < 0, len(families) + np.arange(len(families)), families)
    _, start, member = np.unique(alone, return_index=True, return_inverse=True)
    first = np.empty(len(copies), dtype=np.int64)
    first[different] = different[start[member]]
    return first[copies]


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
