"""Which rows answer a question? A page of them, found in the file without holding the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars
from numpy.typing import NDArray

ROWS_A_PAGE = 50
MAX_CELL = 300
"""Letters of a cell shown; the rest is in the file."""

LETTERS_OF_NUMBERS = frozenset("0123456789.+-einfa")
"""In any number's text, `inf` and `nan` among them: what holds others is not looked for in numbers."""

CLOSE_TOGETHER = 20_000
"""Rows so near each other are read as one slice; others are picked while the whole file goes by."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for.

    Args:
        text: anywhere in a row, letter case apart. column, value: or exactly this value of a column.
        lines: or rows at these lines of the file. page: from 0.
    """

    text: str = ""
    column: str = ""
    value: str = ""
    lines: tuple[int, ...] = ()
    page: int = 0

    @property
    def filters(self) -> bool:
        """Whether not simply all rows are asked for."""
        return bool(self.text or self.column or self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of rows.

    Args:
        columns: their names. lines: each row's line in its file. cells: as text, row by row; None: missing.
        count: rows that answer, of `all` that may be looked at; sealed ones are in neither.
    """

    columns: tuple[str, ...]
    lines: tuple[int, ...]
    cells: tuple[tuple[str | None, ...], ...]
    count: int
    all: int
    sealed: int


def find_rows(file: Path, lines: Rows, sealed: Rows, asked: Asked) -> Found:
    """A page of the rows that answer, in the file's order; sealed rows are never among them.

    Args:
        file: a dataset's Parquet file. lines: int64 (rows,), each row's line in the data file.
        sealed: int64 (test_rows,), positions of the rows nobody looks at.
    """
    table = polars.scan_parquet(file)
    schema = table.collect_schema()
    open_rows = np.ones(len(lines), dtype=np.bool_)
    open_rows[sealed] = False
    if asked.lines:
        open_rows_asked = open_rows & np.isin(lines, np.array(asked.lines, dtype=np.int64))
    else:
        open_rows_asked = open_rows
    matching = np.flatnonzero(open_rows_asked & _matching(table, schema, asked))
    shown = matching[asked.page * ROWS_A_PAGE :][:ROWS_A_PAGE]
    cells = _cells(table, schema, shown)
    return Found(
        columns=tuple(schema),
        lines=tuple(int(line) for line in lines[shown]),
        cells=cells,
        count=len(matching),
        all=int(open_rows.sum()),
        sealed=len(sealed),
    )


def _matching(table: polars.LazyFrame, schema: polars.Schema, asked: Asked) -> NDArray[np.bool_]:
    """Which rows answer, sealed ones included: bool (rows,), or True where all do."""
    conditions: list[polars.Expr] = []
    if asked.column in schema:
        cell = _as_text(asked.column, schema[asked.column])
        conditions.append(cell.is_null() if not asked.value else cell == asked.value)
    if asked.text:
        text = asked.text.lower()
        numeric = set(text) <= LETTERS_OF_NUMBERS
        words = [
            _as_text(name, kind).str.to_lowercase().str.contains(text, literal=True)
            for name, kind in schema.items()
            if numeric or not kind.is_numeric()
        ]
        conditions.append(polars.any_horizontal(*words).fill_null(False) if words else polars.lit(False))
    if not conditions:
        return np.ones(1, dtype=np.bool_)
    answer = table.select(polars.all_horizontal(*conditions).fill_null(False).alias("answer"))
    return answer.collect(engine="streaming")["answer"].to_numpy()


def _cells(table: polars.LazyFrame, schema: polars.Schema, rows: Rows) -> tuple[tuple[str | None, ...], ...]:
    if not len(rows):
        return ()
    first, last = int(rows[0]), int(rows[-1])
    if last - first < CLOSE_TOGETHER:
        part = table.slice(first, last - first + 1).collect(engine="streaming")[(rows - first).tolist()]
    else:
        wanted = polars.col("row number").is_in(polars.Series(rows).implode())
        numbered = table.with_row_index("row number").filter(wanted)
        part = numbered.drop("row number").collect(engine="streaming")
    shown = part.select(_as_text(name, kind) for name, kind in schema.items())
    return tuple(tuple(_shortened(cell) for cell in row) for row in shown.iter_rows())


def _as_text(name: str, kind: polars.DataType) -> polars.Expr:
    """A column as a person writes it: whole numbers without a point."""
    text = polars.col(name).cast(polars.String)
    return text.str.strip_suffix(".0") if kind.is_float() else text


def _shortened(cell: str | None) -> str | None:
    return cell if cell is None or len(cell) <= MAX_CELL else f"{cell[:MAX_CELL]}…"
