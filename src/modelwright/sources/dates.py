"""Which format a column's dates are written in, and what they are in UTC."""

from __future__ import annotations

import re

import polars

ISO = "iso"
EPOCH = "epoch"
EIGHT_DIGITS = "%Y%m%d"

FIRST_YEAR, LAST_YEAR = 1900, 2100
"""Eight digits are a date only within these years: otherwise they are a number."""

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_DAYS = (
    "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y",
    "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
    "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%y",
)  # fmt: skip
FORMATS = (ISO, *(day + clock for day in _DAYS for clock in _CLOCKS), EIGHT_DIGITS)
"""The formats tried, the first that fits the most cells wins."""

_ISO = (
    r"^(?<day>\d{4}-\d{2}-\d{2})(?:[T ](?<minute>\d{2}:\d{2})(?::(?<second>\d{2}(?:\.\d{1,9})?))?)?"
    r"(?:(?<zulu>Z)|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2}))?$"
)
_DIRECTIVES = {
    "%Y": r"[0-9]{4}", "%y": r"[0-9]{2}", "%m": r"[0-9]{1,2}", "%d": r"[0-9]{1,2}", "%H": r"[0-9]{1,2}",
    "%I": r"[0-9]{1,2}", "%M": r"[0-9]{2}", "%S": r"[0-9]{2}", "%b": r"[A-Za-z]{3}",
    "%B": r"[A-Za-z]{3,9}", "%p": r"[AaPp][Mm]",
}  # fmt: skip
_DATE_LIKE = r"^(?:[0-9]{8}|(?:[A-Za-z]{3,9} )?[0-9]{1,4}[-/. ,][ 0-9A-Za-z]{1,10}[-/ .,]?.*[0-9].*)$"
_SAMPLE = 40


def find_date_format(text: polars.Series, share: float) -> str | None:
    """The format that reads at least `share` of the non-null cells, or None.

    Args:
        text: stripped, non-null cells.
        share: part of the cells that must be dates, 0 to 1.
    """
    if not text.len():
        return None
    sample = text.head(_SAMPLE)
    if int(sample.str.contains(_DATE_LIKE).sum()) < share * sample.len() - 1:
        return None
    best, most = None, 0
    for name in FORMATS:
        if int(sample.str.contains(pattern(name)).sum()) < share * sample.len() - 1:
            continue
        read = parse_dates(text, name)
        if name == EIGHT_DIGITS and not read.dt.year().is_between(FIRST_YEAR, LAST_YEAR).all():
            continue
        fits = text.len() - read.null_count()
        if fits > most:
            best, most = name, fits
        if most == text.len():
            break
    needed = text.len() if best == EIGHT_DIGITS else share * text.len()
    return best if most >= needed else None


def parse_dates(text: polars.Series, date_format: str) -> polars.Series:
    """The cells as Datetime[us] in UTC; null where a cell is not such a date.

    Args:
        text: stripped cells.
        date_format: ``iso``, ``epoch`` (seconds since 1970) or a strptime format.
    """
    if date_format == EPOCH:
        seconds = text.cast(polars.Float64, strict=False)
        usable = seconds.set(~(seconds.is_finite() & (seconds.abs() < 1e11)), None)
        return (usable * 1e6).round().cast(polars.Int64).cast(polars.Datetime("us"))
    if date_format == ISO:
        return _parse_iso(text)
    fitting = text.set(~text.str.contains(pattern(date_format)), None)
    read = fitting.str.strptime(polars.Datetime("us"), date_format, strict=False)
    if "%y" in date_format:  # Python, and so a release, reads 69 as 1969; polars as 2069
        read = read.set(read.dt.year() == 2069, None).fill_null(read.dt.offset_by("-100y"))
    return read


def pattern(date_format: str) -> str:
    """The regular expression of a date format."""
    if date_format == ISO:
        return _ISO
    parts = re.split(r"(%[A-Za-z])", date_format)
    return "^" + "".join(_DIRECTIVES.get(part, re.escape(part)) for part in parts) + "$"


def _parse_iso(text: polars.Series) -> polars.Series:
    parts = text.to_frame("text").select(
        polars.col("text").str.extract_groups(_ISO).alias("parts")
    )["parts"].struct.unnest()  # fmt: skip
    stamp = polars.concat_str(
        "day", polars.lit("T"), polars.col("minute").fill_null("00:00"), polars.lit(":"),
        polars.col("second").fill_null("00"),
    )  # fmt: skip
    offset = polars.col("hours").cast(polars.Int64).fill_null(0) * 60 + polars.col("minutes").cast(
        polars.Int64
    ).fill_null(0)
    signed = polars.when(polars.col("sign") == "-").then(-offset).otherwise(offset)
    read = stamp.str.strptime(polars.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.f", strict=False)
    return parts.select((read - polars.duration(minutes=signed)).alias(text.name)).to_series()
