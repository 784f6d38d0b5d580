"""Which rows are nearly another: the same but for one cell, a long text hardly changed, a picture retaken?"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks import profiles
from modelwright.checks.minhash import clusters, near_pairs
from modelwright.checks.row_digests import Cells, first_alike
from modelwright.records import Dataset

MOST_ROWS = 200_000
"""Among more different rows near copies are not looked for: half a minute where each has 200 words."""

LEAST_SIMILARITY = 0.7
"""Jaccard similarity of the sets of three words in a row. One word changed in a text of 20 leaves 0.71;
different texts on one subject were measured below 0.2."""

MIN_WORDS = 8
"""Shorter texts are alike by nature."""

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
    texts = [column.name for column in dataset.features if column.role == "text"]
    found = [but_for_one_cell(dataset, cells, rows), retaken(table, dataset, rows)]
    found += [_with_one_text(table[name], cells.digests[name], rows) for name in texts]
    return families(np.concatenate(found), len(rows))


def families(pairs: Pairs, count: int) -> Rows:
    """A number for each of `count` rows, the same for those that pairs link; -1 in a family too large."""
    family = clusters(pairs, count)
    sizes = np.bincount(family, minlength=1)[family]
    return np.where(sizes > max(SMALL_FAMILY, LARGEST_FAMILY * count), -1, family)


def tells_apart(digests: NDArray[np.uint64]) -> bool:
    """Whether so few different rows share a digest that sharing one is no coincidence."""
    return len(digests) - polars.Series(digests).n_unique() <= MOST_TWINS * len(digests)


def but_for_one_cell(dataset: Dataset, cells: Cells, rows: Rows) -> Pairs:
    """Pairs of places in `rows` with the same features but for one: int64 (pairs, 2)."""
    features = [column.name for column in dataset.features]
    whole = cells.of_rows(features)[rows]
    found = [np.empty((0, 2), dtype=np.int64)]
    for name in features:
        others = whole - cells.part(name)[rows]
        if tells_apart(others):
            found.append(_with_leader(first_alike(others)))
    return np.concatenate(found)


def retaken(table: polars.DataFrame, dataset: Dataset, rows: Rows) -> Pairs:
    """Pairs of places in `rows` whose very many numbers rise and fall together: int64 (pairs, 2).

    Of more rows than can be held against each other, the first so many.
    """
    numeric = _numeric(dataset)
    if len(numeric) < profiles.LEAST_NUMBERS:
        return np.empty((0, 2), dtype=np.int64)
    return profiles.like_profiles(profiles.numbers_of(table, numeric, rows[: profiles.MOST_ROWS]))


def left_out(dataset: Dataset, rows: Rows) -> int:
    """How many of these rows `retaken` leaves out, though they have numbers enough."""
    return max(0, len(rows) - profiles.MOST_ROWS) if len(_numeric(dataset)) >= profiles.LEAST_NUMBERS else 0


def _numeric(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.features if column.role == "numeric"]


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
