"""Rows to prove a release on: real ones and odd ones, as arrays and as raw cells."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, columns_of
from modelwright.records import Dataset
from modelwright.serving.cells import CellProblem, read_seconds
from modelwright.serving.manifest import Field

RawCell = str | float | None
RawRow = dict[str, RawCell]

EXACT_WHOLE = 2.0**53  # up to here a float64 and the whole number it shows are the same
ODD_CELLS = 3  # at most so many cells of a row are made odd
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ODD_NUMBERS = (math.nan, 0.0, -1.0, 1e-9, 0.1, 1e6, -1e6, 1e12, -1e12, 1e38, 1e300, -1e300)
ODD_DATES = ("1900-01-01", "1970-01-01", "1999-12-31", "2024-02-29", "2099-12-31")
ODD_TEXTS = (
    None,
    "a category never seen before",
    "\U0001f600 \U0001f680 free \U0001f469\u200d\U0001f469\u200d\U0001f467",  # emoji, also a joined family
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd 123",  # Hebrew, right to left
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",  # Arabic
    "\u0130stanbul \u212a \u00df \ufb01",  # letters whose lower case is special: dotted I, Kelvin, sharp s
    "na\u0308ive e\u0301",  # combining accents
    "=cmd|' /C calc'!A0",
    "line one\nline two\ttab \"quoted\" 'single', comma; \\ backslash",
    "free win !!! $$$ 100% ???",
    "word " * 2_000,
    "x" * 20_000,
)


def proving_columns(table: polars.DataFrame, dataset: Dataset, *, rows: int, seed: int) -> Columns:
    """Rows of the data set; in the second half of them, up to three cells are made odd.

    The very last row has nothing but missing values.
    """
    draw = np.random.default_rng(seed)
    chosen = draw.choice(table.height, size=rows, replace=table.height < rows)
    columns = columns_of(table[chosen.tolist()], dataset)
    values = {name: array.copy() for name, array in columns.values.items()}
    names = list(values)
    for row in range(rows // 2, rows):
        for name in draw.choice(names, size=min(ODD_CELLS, len(names)), replace=False):
            values[name][row] = odd_cell(dataset, str(name), draw)
    for name in names:
        values[name][-1] = None if dataset.column(name).dtype == "string" else math.nan
    return Columns(values=values, rows=rows)


def odd_cell(dataset: Dataset, name: str, draw: np.random.Generator) -> Any:
    """A cell such as production brings sooner or later."""
    dtype = dataset.column(name).dtype
    if dtype == "string":
        return ODD_TEXTS[draw.integers(len(ODD_TEXTS))]
    if dtype == "number":
        return ODD_NUMBERS[draw.integers(len(ODD_NUMBERS))]
    day = ODD_DATES[draw.integers(len(ODD_DATES))]
    return (datetime.fromisoformat(day).replace(tzinfo=UTC) - EPOCH).total_seconds()


def raw_rows(columns: Columns, fields: tuple[Field, ...]) -> list[RawRow]:
    """The rows as callers send them: every other row as JSON values, the rest as cells of text."""
    cells = {field.name: _raw_column(field, columns.values[field.name]) for field in fields}
    return [{name: column[row] for name, column in cells.items()} for row in range(columns.rows)]


def _raw_column(field: Field, values: NDArray[Any]) -> list[RawCell]:
    return [raw_cell(field, value, as_text=bool(row % 2)) for row, value in enumerate(values.tolist())]


def raw_cell(field: Field, value: Any, *, as_text: bool = False) -> RawCell:
    """One typed value as a raw cell.

    Args:
        as_text: numbers as text and missing values as an empty cell, as in a CSV file.
    """
    if value is None or value != value:
        return "" if as_text else None
    if field.dtype == "string":
        return value
    if field.dtype == "date" and field.date_format != "epoch":
        return date_text(value, field.date_format or "iso")
    if as_text:
        return repr(float(value))
    return int(value) if value == math.floor(value) and abs(value) < EXACT_WHOLE else value


def date_text(seconds: float, date_format: str) -> str:
    """A moment written in a date format (ISO 8601 with its zone for ``iso``)."""
    moment = EPOCH + timedelta(seconds=seconds)
    return moment.isoformat() if date_format == "iso" else moment.strftime(date_format)


def made_up_rows(fields: tuple[Field, ...], count: int) -> list[RawRow]:
    """Rows of nobody, for an example that gives no data away: small numbers, new year's days, a greeting."""
    return [{field.name: _made_up_cell(field, number) for field in fields} for number in range(count)]


def _made_up_cell(field: Field, number: int) -> RawCell:
    if field.dtype == "string":
        return ("hello", "", "a category never seen before")[number % 3]
    if field.dtype == "number":
        return float(number)
    day = datetime(2000 + number, 1, 1, tzinfo=UTC)
    return raw_cell(field, (day - EPOCH).total_seconds())


def settle_dates(columns: Columns, fields: tuple[Field, ...]) -> Columns:
    """The columns with each date replaced by what its written form says.

    A format without hours, or with two digits for the year, cannot carry every moment; the answer to the
    written row is what both sides are held to.
    """
    values = dict(columns.values)
    for field in fields:
        if field.dtype == "date" and field.date_format != "epoch":
            written = [raw_cell(field, value) for value in values[field.name].tolist()]
            read = [_seconds(cell, field.date_format or "iso") for cell in written]
            values[field.name] = np.array(read, dtype=np.float64)
    return Columns(values=values, rows=columns.rows)


def _seconds(cell: RawCell, date_format: str) -> float:
    try:
        return read_seconds(cell, date_format)
    except CellProblem:
        return math.nan
