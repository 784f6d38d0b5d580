"""Which rows are nearly another row: the same but for one cell, or with a long text hardly changed?"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.minhash import clusters, near_pairs
from modelwright.checks.near_duplicates import LEAST_SIMILARITY, MIN_WORDS
from modelwright.develop.row_digests import Cells, first_alike
from modelwright.records import Dataset

MOST_ROWS = 200_000
"""Among more different rows near copies are not looked for: half a minute where each has 200 words."""

MOST_TWINS = 0.05
"""Rows equal but for one column are no copies where more than this share of the rows repeat another in all
other columns: there that column tells different cases apart, as the hour does in a table of hours. Measured:
10% and more for such columns, 2% and less for others."""

LARGEST_FAMILY = 0.02
SMALL_FAMILY = 10
"""Near copies are linked one to the next, and a chain of them may grow over many different rows: a family of
more than this share of the rows (and more than so many) is no family."""

Pairs = NDArray[np.int64]
Rows = NDArray[np.int64]


def near_families(table: polars.DataFrame, dataset: Dataset, cells: Cells, rows: Rows) -> Rows | None:
    """A number for each of these rows, the same for near copies and what these link; None for too many rows.

    A family too large to be one has -1.

    Args:
        rows: positions of rows whose features differ from each other, (rows,).
    """
    if len(rows) > MOST_ROWS:
        return None
    features = [column.name for column in dataset.features]
    texts = [column.name for column in dataset.features if column.role == "text"]
    found = [_but_for_one_cell(cells, features, rows)]
    found += [_with_one_text(table[name], cells.digests[name], rows) for name in texts]
    family = clusters(np.concatenate(found), len(rows))
    sizes = np.bincount(family, minlength=1)[family]
    return np.where(sizes > max(SMALL_FAMILY, LARGEST_FAMILY * len(rows)), -1, family)


def tells_apart(digests: NDArray[np.uint64]) -> bool:
    """Whether so few different rows share a digest that sharing one is no coincidence."""
    return len(digests) - polars.Series(digests).n_unique() <= MOST_TWINS * len(digests)


def _but_for_one_cell(cells: Cells, features: list[str], rows: Rows) -> Pairs:
    """Pairs of places in `rows`, the same in all columns but one: int64 (pairs, 2)."""
    whole = cells.of_rows(features)[rows]
    found = [np.empty((0, 2), dtype=np.int64)]
    for name in features:
        others = whole - cells.part(name)[rows]
        if tells_apart(others):
            found.append(_with_leader(first_alike(others)))
    return np.concatenate(found)


def _with_one_text(texts: polars.Series, digests: NDArray[np.uint64], rows: Rows) -> Pairs:
    """Pairs of places in `rows` with the same or nearly the same long text: int64 (pairs, 2)."""
    cells = texts[rows.tolist()]
    long_enough = (cells.str.count_matches(r"\S+") >= MIN_WORDS).fill_null(False).to_numpy()
    places = np.flatnonzero(long_enough)
    if len(places) < 2:
        return np.empty((0, 2), dtype=np.int64)
    leader = places[first_alike(digests[rows[places]])]
    same = np.column_stack([leader, places])[leader != places]
    different = np.unique(leader)
    near = near_pairs(cells[different.tolist()], LEAST_SIMILARITY)
    return np.concatenate([same, different[near]])


def _with_leader(leader: Rows) -> Pairs:
    """Each place that has another for its leader, with it."""
    places = np.flatnonzero(leader != np.arange(len(leader)))
    return np.column_stack([leader[places], places])
