from __future__ import annotations

from datetime import datetime

import polars
import pytest

from modelwright.sources.dates import FORMATS, find_date_format, parse_dates


def parsed(cell: str, date_format: str) -> datetime | None:
    return parse_dates(polars.Series([cell]), date_format).item()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2020-01-02", datetime(2020, 1, 2)),
        ("2020-01-02 03:04", datetime(2020, 1, 2, 3, 4)),
        ("2020-01-02T03:04:05", datetime(2020, 1, 2, 3, 4, 5)),
        ("2020-01-02T03:04:05.25Z", datetime(2020, 1, 2, 3, 4, 5, 250_000)),
        ("2020-01-02T03:04:05+02:00", datetime(2020, 1, 2, 1, 4, 5)),
        ("2020-01-02T03:04:05-0530", datetime(2020, 1, 2, 8, 34, 5)),
        ("2020-02-30", None),
        ("2020-01", None),
        ("yesterday", None),
    ],
)
def test_iso_dates_are_read_in_utc(cell: str, value: datetime | None) -> None:
    assert parsed(cell, "iso") == value


def test_seconds_since_1970_are_read() -> None:
    assert parsed("1.5", "epoch") == datetime(1970, 1, 1, 0, 0, 1, 500_000)
    assert parsed("inf", "epoch") is None


@pytest.mark.parametrize("date_format", [name for name in FORMATS if name != "iso"])
def test_every_format_reads_what_python_writes(date_format: str) -> None:
    for moment in (datetime(1969, 7, 20, 20, 17, 40), datetime(2024, 2, 29, 0, 5, 9), datetime(2068, 12, 31)):
        cell = moment.strftime(date_format)
        assert parsed(cell, date_format) == datetime.strptime(cell, date_format)


@pytest.mark.parametrize(
    ("cells", "date_format"),
    [
        (["2020-01-02", "2021-03-04T05:06:07"], "iso"),
        (["1/2/2020", "12/31/2020"], "%m/%d/%Y"),
        (["1/2/2020", "31/12/2020"], "%d/%m/%Y"),
        (["01.02.2020 10:00"], "%d.%m.%Y %H:%M"),
        (["01-Jan-1995", "2-Feb-1996"], "%d-%b-%Y"),
        (["March 3, 2020"], "%B %d, %Y"),
        (["1/2/2020 1:05 PM"], "%m/%d/%Y %I:%M %p"),
        (["20110101", "20121231"], "%Y%m%d"),
        (["20110101", "20121331"], None),
        (["17760704", "20110101"], None),
        (["12", "13"], None),
        (["1.2.3", "4.5.6"], None),
        (["10:30", "11:45"], None),
        (["2020-01-02", "word"], None),
        ([], None),
    ],
)
def test_the_format_is_found(cells: list[str], date_format: str | None) -> None:
    assert find_date_format(polars.Series(cells, dtype=polars.String), 0.995) == date_format
