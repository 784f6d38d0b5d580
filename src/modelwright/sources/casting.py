"""From a column as read to a typed column: every cell kept, or made null and said so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Change, Dtype
from modelwright.sources.cells import NUMBER, as_text, stripped
from modelwright.sources.dates import ISO, parse_dates

COLUMNS_AT_ONCE = 4
"""Columns worked on side by side, each a copy of its cells in memory; polars lets go of Python's lock."""

MAX_LINES = 20
MAX_SPELLINGS = 5
MAX_CHARACTERS = 40

_SAID = {"number": "numbers", "date": "dates", "string": "text"}


def cast_column(
    series: polars.Series,
    dtype: Dtype,
    *,
    missing_tokens: Sequence[str] = (),
    date_format: str | None = None,
    lines: NDArray[np.int64] | None = None,
) -> tuple[polars.Series, list[Change]]:
    """Cast one column under the cell semantics that training, export and serving share.

    Args:
        series: the column as read: text, or a Parquet file's own type.
        dtype: number (Float64), date (Datetime[us], UTC) or string.
        missing_tokens: spellings of "missing", compared after blanks are stripped; in a number column a
            token that is a number is also compared as one (``-999`` meets ``-999.0``).
        date_format: of a date column: ``iso``, ``epoch`` or a strptime format; None means ``iso``.
        lines: each cell's line in its file, for the report; the row number from 1 by default.

    Returns:
        the typed column, and what was changed: the cast itself, and each reason a cell became null.
    """
    places = np.arange(1, series.len() + 1, dtype=np.int64) if lines is None else lines
    if dtype == "string":
        return _to_string(series, missing_tokens, places)
    if dtype == "date":
        return _to_date(series, missing_tokens, date_format or ISO, places)
    return _to_number(series, missing_tokens, places)


def missing_cells(cells: polars.Series, tokens: Sequence[str]) -> polars.Series:
    """Which stripped cells are spelled as missing (a null cell is not: it needs no spelling)."""
    if not tokens:
        return polars.Series(cells.name, np.zeros(cells.len(), dtype=bool))
    return cells.is_in(list(tokens)).fill_null(False)


def null_change(
    cells: polars.Series, at_fault: polars.Series, why: str, lines: NDArray[np.int64]
) -> list[Change]:
    """The Change that says which cells became null and why; none where no cell did."""
    places = np.flatnonzero(at_fault.to_numpy())
    if not places.size:
        return []
    spelled = cells.filter(at_fault).value_counts(sort=True, name="cells_counted").rows()
    shown = sorted(spelled, key=lambda row: (-row[1], str(row[0])))[:MAX_SPELLINGS]
    texts = ", ".join(f"{_short(text)} ({count:,})" for text, count in shown if text is not None)
    more = f" and {len(spelled) - MAX_SPELLINGS:,} more" if len(spelled) > MAX_SPELLINGS else ""
    first = f"; the first on line {int(lines[places[0]]):,}"
    what = f"{_cells(places.size)} {why}: {texts}{more}{first}; now missing"
    return [
        Change(
            kind="null",
            column=cells.name,
            what=what,
            count=int(places.size),
            lines=tuple(int(line) for line in lines[places[:MAX_LINES]]),
        )
    ]


def _to_number(
    series: polars.Series, tokens: Sequence[str], lines: NDArray[np.int64]
) -> tuple[polars.Series, list[Change]]:
    if series.dtype.is_numeric() or series.dtype == polars.Boolean:
        return _numbers_to_number(series, tokens, lines)
    cells = stripped(series)
    values = cells.set(~cells.str.contains(NUMBER), None).cast(polars.Float64, strict=False)
    absent = missing_cells(cells, tokens) | (cells.str.to_lowercase() == "nan").fill_null(False)
    absent |= _equal_numbers(values, tokens)
    finite = values.is_finite().fill_null(False)
    wrong = cells.is_not_null() & ~absent & ~finite
    typed = values.set(absent | ~finite, None)
    changes = _cast_change(series, typed, "number") + _blank_change(series, cells, lines)
    changes += null_change(cells, absent, "spelled as missing", lines)
    return typed, changes + null_change(cells, wrong, "not finite numbers in a column of numbers", lines)


def _numbers_to_number(
    series: polars.Series, tokens: Sequence[str], lines: NDArray[np.int64]
) -> tuple[polars.Series, list[Change]]:
    values = series.cast(polars.Float64)
    absent = values.is_nan().fill_null(False) | _equal_numbers(values, tokens)
    infinite = values.is_infinite().fill_null(False)
    if not bool((absent | infinite).any()):
        return values, []
    shown = values.cast(polars.String)
    changes = null_change(shown, absent, "stored as missing", lines)
    changes += null_change(shown, infinite, "infinite", lines)
    return values.set(absent | infinite, None), changes


def _to_date(
    series: polars.Series, tokens: Sequence[str], date_format: str, lines: NDArray[np.int64]
) -> tuple[polars.Series, list[Change]]:
    if isinstance(series.dtype, polars.Datetime) and series.dtype.time_zone:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if series.dtype.base_type() in (polars.Date, polars.Datetime):
        return series.cast(polars.Datetime("us")), []
    cells = stripped(series)
    absent = missing_cells(cells, tokens)
    typed = parse_dates(cells.set(absent, None), date_format)
    wrong = cells.is_not_null() & ~absent & typed.is_null()
    changes = _cast_change(series, typed, "date") + _blank_change(series, cells, lines)
    changes += null_change(cells, absent, "spelled as missing", lines)
    return typed, changes + null_change(cells, wrong, f"not dates written {date_format}", lines)


def _to_string(
    series: polars.Series, tokens: Sequence[str], lines: NDArray[np.int64]
) -> tuple[polars.Series, list[Change]]:
    text = as_text(series)
    cells = stripped(text)
    absent = missing_cells(cells, tokens)
    typed = text.set(absent | cells.is_null(), None)
    changes = [] if series.dtype == polars.String else _cast_change(series, typed, "string")
    changes += _blank_change(series, cells, lines)
    return typed, changes + null_change(cells, absent, "spelled as missing", lines)


def _equal_numbers(values: polars.Series, tokens: Sequence[str]) -> polars.Series:
    """Which values equal a token that is a number."""
    spelled = polars.Series([*tokens], dtype=polars.String)
    numbers = spelled.filter(spelled.str.contains(NUMBER)).cast(polars.Float64)
    if not numbers.len():
        return polars.Series(values.name, np.zeros(values.len(), dtype=bool))
    return values.is_in(numbers.to_list()).fill_null(False)


def _cast_change(series: polars.Series, typed: polars.Series, dtype: Dtype) -> list[Change]:
    count = typed.len() - typed.null_count()
    if not count:
        return []
    source = "text" if series.dtype == polars.String else str(series.dtype)
    what = f"{_cells(count)} of {source} read as {_SAID[dtype]}"
    return [Change(kind="cast", column=series.name, what=what, count=count)]


def _blank_change(series: polars.Series, cells: polars.Series, lines: NDArray[np.int64]) -> list[Change]:
    if series.dtype != polars.String:
        return []
    blank = cells.is_null() & series.is_not_null()
    return null_change(series, blank, "holding only blanks", lines)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def _short(text: str) -> str:
    return repr(text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…")
