"""By what is a row known again, in whatever file, order or project it comes back?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Dataset

Digests = NDArray[np.uint64]

_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """A digest of every cell of some rows, 0 where it is missing; column by column.

    Shapes:
        digests: uint64 (rows,) for each column
    """

    digests: dict[str, Digests]
    rows: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self.digests)

    def of_rows(self, columns: Iterable[str]) -> Digests:
        """A digest of each row's cells in these columns, in whatever order they are named: uint64 (rows,)."""
        return self._summed(columns, {name: _odd(name) for name in self.digests})

    def of_rows_unnamed(self) -> Digests:
        """The same of all columns, whatever their names: cells that changed places make no difference."""
        return self._summed(self.digests, dict.fromkeys(self.digests, np.uint64(1)))

    def part(self, column: str) -> Digests:
        """What a column adds to `of_rows`: without it, the digest is of the others."""
        return self.of_rows([column])

    def stacked(self, rows: NDArray[np.int64]) -> Digests:
        """The digests of some rows as one array: uint64 (rows, columns)."""
        columns = [digests[rows] for digests in self.digests.values()]
        return np.stack(columns, axis=1) if columns else np.empty((len(rows), 0), dtype=np.uint64)

    def _summed(self, columns: Iterable[str], factors: dict[str, np.uint64]) -> Digests:
        total = np.zeros(self.rows, dtype=np.uint64)
        for name in columns:
            total += self.digests[name] * factors[name]
        return total


def cells_of(table: polars.DataFrame, dataset: Dataset) -> Cells:
    """The digests of all cells that make a row what it is: those of every column but ids.

    They depend on nothing else: not on how the file spelled numbers, dates, letter case and blanks.

    Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators" (the mixing
        function).
    """
    names = [column.name for column in dataset.columns if column.role != "id"]
    return Cells(digests={name: _cells(table[name]) for name in names}, rows=table.height)


def cells_from(stacked: Digests, columns: tuple[str, ...]) -> Cells:
    """What `Cells.stacked` came from; without columns where it is of another form."""
    fits = stacked.ndim == 2 and stacked.shape[1] == len(columns)
    digests = dict(zip(columns, stacked.T, strict=True)) if fits else {}
    return Cells(digests=digests, rows=len(stacked))


def first_alike(digests: Digests) -> NDArray[np.int64]:
    """For each row, the first row with the same digest: int64 (rows,)."""
    table = polars.DataFrame({"digest": digests, "row": np.arange(len(digests), dtype=np.int64)})
    return table.select(polars.col("row").min().over("digest")).to_series().to_numpy().astype(np.int64)


def _odd(name: str) -> np.uint64:
    """An odd factor for a column, so that the same cell counts for another thing in another column."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little") | 1)


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
