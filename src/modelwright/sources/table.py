"""A file read as a table, not yet cast, and how its rows gather without filling memory with text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Ingest

ROWS_A_CHUNK = 20_000
CHARACTERS_A_CHUNK = 64 * 2**20
CELL_CHARACTERS = 50  # what even an empty Python string weighs, in bytes
"""Rows wait as Python strings only until a chunk is full; then they become polars columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file's rows.

    Args:
        names: the columns in order, unique.
        frame: all-string columns for delimited text and JSON Lines (null = empty or absent); the file's
            own types for Parquet.
        lines: int64 (rows,), each row's 1-based line in the file (its row number in Parquet).
        ingest: what reading did.
    """

    names: tuple[str, ...]
    frame: polars.DataFrame
    lines: NDArray[np.int64]
    ingest: Ingest


class Chunks:
    """Gathers rows of strings into one table of `width` columns."""

    def __init__(self, width: int) -> None:
        self._names = [f"column_{place}" for place in range(width)]
        self._rows: list[Sequence[str]] = []
        self._characters = 0
        self._lines: list[int] = []
        self._frames: list[polars.DataFrame] = []
        self._numbers: list[NDArray[np.int64]] = []

    def add(self, line: int, row: Sequence[str]) -> None:
        """One more row, and the line it began at."""
        self._rows.append(row)
        self._lines.append(line)
        if len(self._rows) >= ROWS_A_CHUNK or self._is_heavy(row):
            self._turn()

    def finish(self) -> tuple[polars.DataFrame, NDArray[np.int64]]:
        """The table (empty cells null) and int64 (rows,) lines."""
        self._turn()
        table = polars.concat(self._frames)
        everything = polars.all()
        return (
            table.with_columns(polars.when(everything != "").then(everything)),
            np.concatenate(self._numbers),
        )

    def _is_heavy(self, row: Sequence[str]) -> bool:
        self._characters += sum(map(len, row)) + CELL_CHARACTERS * len(row)
        return self._characters >= CHARACTERS_A_CHUNK

    def _turn(self) -> None:
        columns = list(zip(*self._rows, strict=True)) or [()] * len(self._names)
        series = [
            polars.Series(name, cells, dtype=polars.String)
            for name, cells in zip(self._names, columns, strict=True)
        ]
        self._frames.append(polars.DataFrame(series))
        self._numbers.append(np.array(self._lines, dtype=np.int64))
        self._rows, self._lines, self._characters = [], [], 0
