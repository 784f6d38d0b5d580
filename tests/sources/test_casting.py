from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.sources.casting import cast_column
from modelwright.sources.cells import AUTOMATIC_MISSING

TEXT = polars.String


def number(cells: list[Any], tokens: tuple[str, ...] = AUTOMATIC_MISSING) -> tuple[list[float | None], Any]:
    series, changes = cast_column(polars.Series("x", cells, dtype=TEXT), "number", missing_tokens=tokens)
    assert series.dtype == polars.Float64
    return series.to_list(), changes


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", 1.0), (" -2.50 ", -2.5), ("+.5", 0.5), ("1e3", 1000.0), ("1E-2", 0.01), ("007", 7.0)],
)
def test_numbers_are_read_as_the_cell_semantics_say(cell: str, value: float) -> None:
    assert number([cell])[0] == [value]


@pytest.mark.parametrize(
    "cell", ["1,5", "1.", "0x10", "1_000", "١", "--1", "1e", "inf", "-Infinity", "1e400", "abc"]
)
def test_what_is_not_a_finite_number_is_null_and_said(cell: str) -> None:
    values, changes = number(["3", cell])
    assert values == [3.0, None]
    assert [(change.kind, change.count, change.lines) for change in changes] == [
        ("cast", 1, ()),
        ("null", 1, (2,)),
    ]
    assert cell in changes[1].what


@pytest.mark.parametrize("cell", ["NA", "N/A", "NaN", "nan", "null", "None", "-", "?", " ? "])
def test_spellings_of_missing_are_null_and_said(cell: str) -> None:
    values, changes = number(["3", cell])
    assert values == [3.0, None]
    assert "spelled as missing" in changes[1].what


def test_a_declared_number_stands_for_missing_however_it_is_written() -> None:
    assert number(["-999", "-999.0", "5"], ("-999",))[0] == [None, None, 5.0]
    typed, changes = cast_column(polars.Series("x", [-999, 5]), "number", missing_tokens=("-999",))
    assert typed.to_list() == [None, 5.0]
    assert changes[0].lines == (1,)


def test_mixed_types_name_the_line() -> None:
    lines = np.array([10, 200_001, 200_002])
    _, (_, change) = cast_column(polars.Series("x", ["1", "word", "word"]), "number", lines=lines)
    assert change.lines == (200_001, 200_002)
    assert "'word' (2)" in change.what
    assert "line 200,001" in change.what


def test_nan_and_infinity_in_parquet_are_null_and_said() -> None:
    typed, changes = cast_column(polars.Series("x", [1.0, float("nan"), float("inf"), None]), "number")
    assert typed.to_list() == [1.0, None, None, None]
    assert [change.lines for change in changes] == [(2,), (3,)]


def test_at_most_twenty_lines_are_shown_of_all_counted() -> None:
    _, changes = number(["1"] + ["bad"] * 50)
    assert changes[1].count == 50
    assert changes[1].lines == tuple(range(2, 22))


def test_the_country_na_survives_in_a_string_column() -> None:
    typed, changes = cast_column(polars.Series("c", ["NA", "DE", "", "  ", None]), "string")
    assert typed.to_list() == ["NA", "DE", None, None, None]
    assert "blanks" in changes[0].what


def test_a_declared_spelling_is_missing_in_a_string_column() -> None:
    typed, changes = cast_column(polars.Series("c", [" ?", "DE "]), "string", missing_tokens=("?",))
    assert typed.to_list() == [None, "DE "]
    assert changes[0].count == 1


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        ([1, -2], ["1", "-2"]),
        ([1.0, 0.5, 1e22, 1e-7, float("nan")], ["1", "0.5", "10000000000000000000000", "1e-07", None]),
        ([True, False], ["true", "false"]),
        ([date(2020, 1, 2)], ["2020-01-02"]),
        ([datetime(2020, 1, 2, 3, 4)], ["2020-01-02T03:04:00"]),
        ([[1, 2]], ["[1,2]"]),
        ([{"b": 1, "a": "é"}], ['{"a":"é","b":1}']),
        ([b"ab"], ["ab"]),
        ([2**64 - 1], ["18446744073709551615"]),
    ],
)
def test_other_types_are_written_canonically_as_text(cells: list[Any], written: list[str | None]) -> None:
    typed, _ = cast_column(polars.Series("x", cells), "string")
    assert typed.to_list() == written


def test_categories_are_text() -> None:
    typed, _ = cast_column(polars.Series("x", ["a", "b"], dtype=polars.Categorical), "string")
    assert typed.to_list() == ["a", "b"]


def test_dates_are_read_in_their_format_and_others_said() -> None:
    cells = polars.Series("d", ["31.12.2020", "30.02.2020", "NA", None])
    typed, changes = cast_column(cells, "date", date_format="%d.%m.%Y", missing_tokens=("NA",))
    assert typed.to_list() == [datetime(2020, 12, 31), None, None, None]
    assert [change.kind for change in changes] == ["cast", "null", "null"]
    assert changes[2].lines == (2,)


def test_stored_dates_become_utc_datetimes() -> None:
    typed, changes = cast_column(polars.Series("d", [date(2020, 1, 2)]), "date")
    assert typed.dtype == polars.Datetime("us")
    assert changes == []
    zoned = polars.Series("d", [datetime(2020, 1, 2, tzinfo=UTC)])
    zoned = zoned.dt.convert_time_zone("Asia/Tokyo")
    assert cast_column(zoned, "date")[0].to_list() == [datetime(2020, 1, 2)]


def test_a_clean_column_of_text_changes_nothing() -> None:
    assert cast_column(polars.Series("x", ["a", None]), "string")[1] == []
