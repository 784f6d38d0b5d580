"""A DataFrame or a dict of arrays, written as Parquet so that a project can adopt it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars

from modelwright.errors import SourceError
from modelwright.sources.cells import plain_number

_WHERE = "the data given"


def frame_to_parquet(frame: Any) -> bytes:
    """Write a pandas, polars or other DataFrame, or a dict of arrays, as Parquet.

    An index is left out. Columns of mixed Python objects become text.

    Args:
        frame: any DataFrame narwhals knows, or a mapping from column name to a one-dimensional array.

    Raises:
        SourceError: it is neither, has no row, or its columns differ in length or share a name.
    """
    table = _to_polars(frame)
    if not table.width or not table.height:
        raise SourceError(
            where=_WHERE,
            expected="rows and columns",
            received=f"{table.height:,} rows of {table.width:,} columns",
            do_this="Check the query or script that made it.",
        )
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def _to_polars(frame: Any) -> polars.DataFrame:
    if isinstance(frame, polars.LazyFrame):
        return frame.collect()
    if isinstance(frame, polars.DataFrame):
        return frame.clone()
    if isinstance(frame, Mapping):
        return _assembled([(str(name), _from_array(str(name), values)) for name, values in frame.items()])
    _require_distinct([str(name) for name in getattr(frame, "columns", ())])
    try:
        eager: Any = nw.from_native(frame)
        eager = eager.collect() if isinstance(eager, nw.LazyFrame) else eager
    except TypeError as error:
        raise SourceError(
            where=_WHERE,
            expected="a file's path, a DataFrame (pandas, polars, ...) or a dict of arrays",
            received=type(frame).__name__,
            do_this="Pass the DataFrame itself, or a dict such as {'age': ages, 'income': incomes}.",
        ) from error
    columns = [(str(name), _from_series(str(name), eager.get_column(name))) for name in eager.columns]
    return _assembled(columns)


def _assembled(columns: Sequence[tuple[str, polars.Series]]) -> polars.DataFrame:
    _require_distinct([name for name, _ in columns])
    lengths = {name: series.len() for name, series in columns}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} {length:,}" for name, length in list(lengths.items())[:5])
        raise SourceError(
            where=_WHERE,
            expected="columns of one length",
            received=shown,
            do_this="Give every column one value a row.",
        )
    return polars.DataFrame([series for _, series in columns])


def _from_series(name: str, series: Any) -> polars.Series:
    """One narwhals column: numbers through numpy, everything else as Python values."""
    dtype = series.dtype
    if dtype.is_numeric() and not dtype.is_decimal() and not int(series.null_count()):
        return polars.Series(name, series.to_numpy())
    return _from_values(name, series.to_list())


def _from_array(name: str, values: Any) -> polars.Series:
    if isinstance(values, polars.Series):
        return values.alias(name)
    array: Any = values if isinstance(values, np.ndarray) else None
    if array is None:
        try:
            return _from_values(name, list(values))
        except TypeError as error:
            raise _not_a_column(name, f"{type(values).__name__}") from error
    if array.ndim != 1:
        raise _not_a_column(name, f"an array of shape {array.shape}")
    if array.dtype.kind in "biufM":
        return polars.Series(name, array)
    return _from_values(name, array.tolist())


def _from_values(name: str, values: Sequence[Any]) -> polars.Series:
    """Python values, one type a column; where they mix, text."""
    plain = [_plain(value) for value in values]
    try:
        return polars.Series(name, plain, strict=True)
    except (TypeError, ValueError, OverflowError, polars.exceptions.PolarsError):
        return polars.Series(name, [_text(value) for value in plain], dtype=polars.String)


def _plain(value: Any) -> Any:
    """None for every "missing" (None, NaN, NaT, pandas' NA); numpy scalars as Python's."""
    if isinstance(value, (str, bytes, list, tuple, dict)) or value is None:
        return value
    try:
        if bool(value != value):
            return None
    except (TypeError, ValueError):  # pandas' NA refuses to be true or false
        return None if type(value).__name__ == "NAType" else value
    return value.item() if isinstance(value, np.generic) else value


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain_number(value) if isinstance(value, float) else str(value)


def _require_distinct(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(
            where=_WHERE,
            expected="a different name for every column",
            received=f"{twice[0]!r} more than once",
            do_this="Rename one of them, then try again.",
        )


def _not_a_column(name: str, received: str) -> SourceError:
    return SourceError(
        where=f"{_WHERE}, column {name!r}",
        expected="a one-dimensional array or list of values",
        received=received,
        do_this="Give each column on its own, one value a row.",
    )
