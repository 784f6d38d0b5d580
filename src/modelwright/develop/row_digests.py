"""By what is a row known again, in whatever file, order or project it comes back?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Dataset

Digests = NDArray[np.uint64]

_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)


def digested_columns(dataset: Dataset) -> tuple[str, ...]:
    """The columns whose cells make a row what it is: all but ids."""
    return tuple(column.name for column in dataset.columns if column.role != "id")


def row_digests(table: polars.DataFrame, dataset: Dataset, among: Sequence[str] | None = None) -> Digests:
    """Two digests of every row: of what is read and predicted, and of every cell that is no mere number of
    it.

    A digest depends on a row's cells and on nothing else: neither on the order of rows or columns, nor on the
    columns' names, nor on how the file spelled numbers, dates, letter case and blanks. A missing cell counts
    for nothing.

    Args:
        among: the columns that count, where not all of `digested_columns` do.

    Shapes:
        result: uint64 (rows, 2)

    Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators" (the mixing
        function).
    """
    every = digested_columns(dataset) if among is None else tuple(among)
    cells = {name: _cells(table[name]) for name in every}
    read = [column.name for column in (*dataset.features, *dataset.targets) if column.name in cells]
    with np.errstate(over="ignore"):
        both = [sum((cells[name] for name in names), start=_none(table)) for names in (read, every)]
    return np.stack(both, axis=1)


def known_again(digests: Digests, before: Digests) -> NDArray[np.bool_]:
    """Which rows are those of `before`: each of these is found once at most, bool (rows,).

    First by all cells, then, for those not found so, by what is read and predicted. Where several rows are
    alike (a table of a few categories), as many are known again as there were.

    Shapes:
        digests: uint64 (rows, 2); before: uint64 (rows before, 2)
    """
    again = np.zeros(len(digests), dtype=np.bool_)
    left = np.ones(len(before), dtype=np.bool_)
    for place in (1, 0):
        rows, found = np.flatnonzero(~again), np.flatnonzero(left)
        pairs = _paired(digests[rows, place], before[found, place])
        again[rows[pairs[:, 0]]] = True
        left[found[pairs[:, 1]]] = False
    return again


def _paired(one: Digests, other: Digests) -> NDArray[np.int64]:
    """Positions of equal digests, the first with the first, the second with the second: (pairs, 2)."""
    tables = [
        polars.DataFrame({"digest": each}).with_columns(
            place=polars.int_range(polars.len(), dtype=polars.Int64),
            occurrence=polars.int_range(polars.len(), dtype=polars.Int64).over("digest"),
        )
        for each in (one, other)
    ]
    joined = tables[0].join(tables[1], on=["digest", "occurrence"], how="inner")
    return joined.select("place", "place_right").to_numpy().astype(np.int64)


def _none(table: polars.DataFrame) -> Digests:
    return np.zeros(table.height, dtype=np.uint64)


def _cells(series: polars.Series) -> Digests:
    """A number for each cell, 0 where it is missing: uint64 (rows,)."""
    missing = series.is_null().to_numpy()
    if series.dtype == polars.String:
        found = _of_words(series)
    elif series.dtype.is_temporal():
        found = _mixed(series.dt.epoch("us").fill_null(0).to_numpy().astype(np.float64))
    else:
        numbers = series.cast(polars.Float64).fill_null(0.0)
        missing = missing | series.cast(polars.Float64).is_nan().fill_null(False).to_numpy()
        found = _mixed(numbers.to_numpy())
    return np.where(missing, np.uint64(0), found)


def _mixed(numbers: NDArray[np.float64]) -> Digests:
    """The bits of numbers, well mixed; -0.0 is 0.0."""
    with np.errstate(over="ignore"):
        bits = (numbers + 0.0).view(np.uint64) + _STEP
        bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
        bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
        return bits ^ (bits >> np.uint64(31))


def _of_words(series: polars.Series) -> Digests:
    """Digests of texts, letter case and blanks apart; each different one is digested once."""
    words = series.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    different = words.drop_nulls().unique()
    digested = [
        int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little") for word in different
    ]
    table = polars.DataFrame(
        {"word": different, "digest": polars.Series(digested, dtype=polars.UInt64)},
    )
    joined = polars.DataFrame({"word": words}).join(table, on="word", how="left", maintain_order="left")
    return joined["digest"].fill_null(0).to_numpy()
