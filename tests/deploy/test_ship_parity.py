from __future__ import annotations

import numpy as np
import pytest

from modelwright.deploy.parity import hold_to, row_differences, scale_of
from modelwright.deploy.raw_rows import RawRow, date_text, raw_cell
from modelwright.errors import ParityError
from modelwright.serving.cells import reader
from modelwright.serving.manifest import Field

PLAIN = scale_of("binary", np.empty(0), 2)


def test_the_worst_row_is_shown_when_answers_differ() -> None:
    expected = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    served = expected + np.array([[1e-7, 0], [0, 3e-5], [2e-5, 0]])
    rows: list[RawRow] = [{"a": 1}, {"a": "the worst"}, {"a": None}]
    with pytest.raises(ParityError, match="the worst"):
        hold_to(expected, served, PLAIN, rows)
    assert hold_to(expected, expected + 1e-6, PLAIN, rows) == pytest.approx(1e-6)
    assert hold_to(expected[:0], expected[:0], PLAIN, []) == 0.0


def test_an_answer_on_one_side_only_is_a_difference() -> None:
    expected = np.array([[np.nan], [1.0], [np.inf]])
    served = np.array([[np.nan], [np.nan], [np.nan]])
    assert row_differences(expected, served, scale_of("binary", np.empty(0), 1)).tolist() == [0, np.inf, 0]


def test_regression_is_measured_in_standard_deviations() -> None:
    scale = scale_of("regression", np.array([[0.0], [200.0]]), 1)
    expected = np.array([[100.0], [100.0], [1e8]])
    served = expected + np.array([[0.01], [0.0], [100.0]])
    assert row_differences(expected, served, scale) == pytest.approx([1e-4, 0, 1e-6], rel=1e-4)


@pytest.mark.parametrize("date_format", ["iso", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "epoch"])
@pytest.mark.parametrize("seconds", [-2_208_988_800.0, 0.0, 951_825_599.0, 4_102_444_799.0])
def test_a_written_date_says_what_it_said(date_format: str, seconds: float) -> None:
    field = Field(name="when", tensor="column_0", dtype="date", date_format=date_format)
    for as_text in (False, True):
        assert reader(field)(raw_cell(field, seconds, as_text=as_text)) == seconds


def test_iso_dates_keep_their_microseconds() -> None:
    assert date_text(0.000001, "iso") == "1970-01-01T00:00:00.000001+00:00"


@pytest.mark.parametrize("value", [0.1, -1e300, 1e-9, 3.0, 2.0**60, -0.0])
def test_a_written_number_says_what_it_said(value: float) -> None:
    field = Field(name="n", tensor="column_0", dtype="number")
    for as_text in (False, True):
        assert reader(field)(raw_cell(field, value, as_text=as_text)) == value
