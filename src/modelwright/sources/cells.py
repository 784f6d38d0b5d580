"""What one cell says: its text, whether it is missing, whether it is a number."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars

AUTOMATIC_MISSING = (
    "NA", "N/A", "NaN", "null", "None", "-", "?",
    "na", "n/a", "nan", "NAN", "NULL", "Null", "none", "NONE",
)  # fmt: skip
"""Spellings of "missing" in columns that are otherwise numbers or dates."""

INFINITE = r"^[+-]?(?i:inf|infinity)$"
"""Spellings of infinity: never a number, never a reason to call a column text either."""

NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
WHOLE = r"^[+-]?[0-9]+$"
LEADING_ZERO = r"^[+-]?0[0-9]+$"

_PLAIN = (polars.Boolean, polars.Categorical, polars.Enum)

MAX_EXACT = 2**53
"""The last whole number up to which a float64 tells every two neighbours apart (IEEE 754)."""


def as_text(series: polars.Series) -> polars.Series:
    """The series as strings, written canonically; null stays null.

    1 is written "1", 1.0 "1", 0.5 "0.5", True "true", dates as ISO 8601, nested values as JSON.
    """
    dtype = series.dtype
    if dtype == polars.String:
        return series
    if dtype.is_float():
        return _mapped(series, plain_number)
    if dtype.is_integer() or dtype.base_type() in _PLAIN:
        return series.cast(polars.String)
    if dtype == polars.Binary:
        return _mapped(series, lambda value: value.decode("utf-8", "replace"))
    if dtype.is_decimal():
        return _mapped(series.cast(polars.Float64), plain_number)
    return _mapped(series, _other_text)


def plain_number(value: float) -> str | None:
    """A float as people write it: "1" for 1.0, Python's shortest form otherwise, None for NaN."""
    if value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return repr(value)
    return str(int(value)) if value == int(value) else repr(value)


def stripped(series: polars.Series) -> polars.Series:
    """The cells' text without blanks around it; empty cells are null."""
    text = as_text(series).str.strip_chars()
    return text.set(text == "", None)


def is_nested(series: polars.Series) -> bool:
    """Whether the cells are lists, records, bytes or Python objects rather than single values."""
    return series.dtype.is_nested() or series.dtype.base_type() in (polars.Object, polars.Binary)


def beyond_exact(whole: polars.Series) -> polars.Series:
    """Which whole numbers, given as text, lie beyond 2^53 and would be rounded by a float64."""
    digits = whole.str.strip_chars_start("+-0")
    length = digits.str.len_bytes()
    return (length > 16) | ((length == 16) & (digits > str(MAX_EXACT)))


def _mapped(series: polars.Series, write: Callable[[Any], str | None]) -> polars.Series:
    texts = [None if value is None else write(value) for value in series.to_list()]
    return polars.Series(series.name, texts, dtype=polars.String)


def _other_text(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
