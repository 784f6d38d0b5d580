from __future__ import annotations

import math
from datetime import UTC
from typing import Any, Literal

import polars
import pytest

from modelwright.serving.cells import (
    CellProblem,
    Missing,
    read_epoch,
    read_number,
    read_seconds,
    read_text,
    reader,
)
from modelwright.serving.manifest import Field
from modelwright.sources.casting import cast_column
from modelwright.sources.cells import AUTOMATIC_MISSING
from modelwright.sources.dates import FORMATS, parse_dates


@pytest.mark.parametrize(
    ("cell", "value"),
    [(3, 3.0), (2.5, 2.5), (" 12.5 ", 12.5), ("-.5", -0.5), ("1e-3", 0.001), ("+7", 7.0), ("007", 7.0)],
)
def test_numbers_are_read_from_numbers_and_text(cell: Any, value: float) -> None:
    assert read_number(cell) == value


@pytest.mark.parametrize("cell", [None, "", "  ", "nan", "NaN", float("nan"), "?"])
def test_missing_numbers_are_nan(cell: Any) -> None:
    assert math.isnan(read_number(cell, Missing(frozenset("?"))))


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "1,5",
        "0x10",
        "1_000",
        "٣",
        "inf",
        "-Infinity",
        "1e999",
        math.inf,
        pytest.param(10**400, id="401 digits"),
        True,
        [],
        {},
    ],
)
def test_what_is_not_a_finite_number_is_refused(cell: Any) -> None:
    with pytest.raises(CellProblem) as caught:
        read_number(cell)
    assert "number" in caught.value.expected


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (0.5, "0.5"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (" ", ""),
        (float("nan"), ""),
    ],
)
def test_text_fields_write_numbers_as_collecting_does(cell: Any, text: str) -> None:
    assert read_text(cell) == text


@pytest.mark.parametrize(
    "cell", [[1], {"a": 1}, "half \ud800", math.inf, pytest.param(10**5000, id="5,001 digits")]
)
def test_what_is_no_text_is_refused(cell: Any) -> None:
    with pytest.raises(CellProblem):
        read_text(cell)


@pytest.mark.parametrize(
    ("cell", "date_format", "seconds"),
    [
        ("1970-01-02", "iso", 86_400.0),
        ("1970-01-01T00:00:01.5", "iso", 1.5),
        ("1970-01-01 01:00+01:00", "iso", 0.0),
        ("1970-01-01T00:00:00Z", "iso", 0.0),
        ("02/01/1970", "%d/%m/%Y", 86_400.0),
    ],
)
def test_dates_become_seconds(cell: str, date_format: str, seconds: float) -> None:
    assert read_seconds(cell, date_format) == seconds


@pytest.mark.parametrize("cell", ["yesterday", "1970-13-01", "19700101", 5, "2020-W01-1"])
def test_what_is_no_date_is_refused(cell: Any) -> None:
    with pytest.raises(CellProblem):
        read_seconds(cell, "iso")


def test_milliseconds_are_not_taken_for_seconds() -> None:
    with pytest.raises(CellProblem, match="seconds"):
        read_epoch(1_700_000_000_000)


@pytest.mark.parametrize("date_format", FORMATS)
def test_dates_mean_the_same_as_when_they_were_collected(date_format: str) -> None:
    texts = [
        "2024-02-29", "2024-02-29 23:59:59", "2/3/2024", "02/29/2024 5:06 PM", "29-Feb-2024", "Feb 9, 69",
        "1.2.2024", "20240229", "2024/02/30", "29/02/24", "9 February 1999", "29-feb-68", "1/1/69",
        "2024-02-29T10:00:00.123456789Z", "2024-02-29T10:00-05:30", "12/31/2023 12:00 AM",
        "2024-02-29Z", "2024-02-29+01:00", "2024-02-29-0530",
    ]  # fmt: skip
    collected = parse_dates(polars.Series("date", texts), date_format).to_list()
    for text, moment in zip(texts, collected, strict=True):
        if moment is None:
            with pytest.raises(CellProblem):
                read_seconds(text, date_format)
        else:
            assert read_seconds(text, date_format) == moment.replace(tzinfo=UTC).timestamp(), text


def test_a_date_may_use_a_spelling_of_missing() -> None:
    assert math.isnan(read_seconds("N/A", "iso", Missing(frozenset(AUTOMATIC_MISSING))))


CELLS = [
    "1", " 2.5\t", "-.5", "5.", "1e5", "1e400", "+7", "0x1", "1_0", "nan", "NAN", "inf", "-Infinity", "NA",
    "?", "-", "-999", "-999.0", "-9.99e2", "", " ", "\u2003", "\x1c", "\x1c1", "red", " red ", "true",
    "\u0663", "1,5", "\U0001f600", "none", "a\x00b",
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["number", "string"])
@pytest.mark.parametrize("tokens", [(), ("-999", "red"), AUTOMATIC_MISSING])
def test_cells_mean_the_same_as_when_they_were_collected(
    dtype: Literal["number", "string"], tokens: tuple[str, ...]
) -> None:
    collected, _ = cast_column(polars.Series("cell", CELLS), dtype, missing_tokens=tokens)
    read = reader(Field(name="cell", tensor="column_0", dtype=dtype, missing_tokens=tokens))
    for cell, value in zip(CELLS, collected.to_list(), strict=True):
        try:
            served = read(cell)
        except CellProblem:  # collecting makes the cell null and reports it; serving refuses it
            assert value is None, cell
            continue
        assert (None if served == "" or served != served else served) == value, cell
