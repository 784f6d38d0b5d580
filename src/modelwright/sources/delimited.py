"""Rows of delimited text (CSV, TSV, ...): every line is kept, or set aside with its reason."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars

from modelwright.errors import SourceError
from modelwright.records import Ingest
from modelwright.sources.dialect import Dialect, detect_dialect
from modelwright.sources.encoding import Encoding, detect_encoding, open_text
from modelwright.sources.naming import unique_names
from modelwright.sources.opening import empty
from modelwright.sources.quarantine import Quarantine
from modelwright.sources.table import Chunks, Table

MAX_HEADER_LINES = 20
"""A header over more lines than this is an unclosed quote."""

SURE_WIDTH = 4
"""From this many columns on, swallowed lines that look like rows are taken for rows."""

MIN_SWALLOWED_LINES = 20
MIN_SWALLOWED_SHARE = 0.9
"""With fewer columns a text may look like rows, so only this many, this alike, count as swallowed."""


class Lines:
    """A file's lines, which can be given back when a record swallowed too many."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.settled = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._source)
        self.taken.append(line)
        return line

    @property
    def first(self) -> int:
        """The line number, from 1, at which the current record began."""
        return self.settled + 1

    def settle(self) -> None:
        """The current record is done with."""
        self.settled += len(self.taken)
        self.taken.clear()

    def settle_first(self) -> None:
        """Only the current record's first line is done with; the others will be read again."""
        self.settled += 1
        self._returned.extendleft(reversed(self.taken[1:]))
        self.taken.clear()


def read_delimited(path: Path, name: str) -> Table:
    """Read delimited text into columns of strings under one detected dialect.

    Raises:
        SourceError: the file is empty, binary, without rows, or not one row fits the header.
    """
    encoding = detect_encoding(path, name)
    with open_text(path, name, encoding) as text:
        dialect = detect_dialect(text, name)
    with open_text(path, name, encoding) as text:
        lines = Lines(text)
        header, header_line = _header(lines, dialect, name)
        quarantine = Quarantine()
        chunks = Chunks(len(header))
        for line, row in _rows(lines, dialect, encoding, len(header), quarantine):
            chunks.add(line, row)
        frame, numbers = chunks.finish()
    names, changes = unique_names(header, header_line)
    _require_rows(numbers.size, quarantine, len(header), name)
    return Table(
        names=names,
        frame=frame.rename(dict(zip(frame.columns, names, strict=True))),
        lines=numbers,
        ingest=Ingest(
            format="csv",
            encoding=encoding.shown,
            dialect=dialect.words(),
            rows_in=numbers.size + quarantine.count,
            rows_kept=numbers.size,
            rows_quarantined=quarantine.count,
            quarantined=quarantine.shown,
            changes=changes,
        ),
    )


def _header(lines: Lines, dialect: Dialect, name: str) -> tuple[list[str], int]:
    reader = dialect.reader(lines, strict=True)
    try:
        for row in reader:
            if not _is_blank(row, lines.taken):
                break
            lines.settle()
        else:
            raise empty(name)
    except csv.Error as error:
        raise _broken_header(lines, name, str(error)) from error
    if len(lines.taken) > MAX_HEADER_LINES:
        raise _broken_header(lines, name, f"a header of {len(lines.taken):,} lines")
    if len(lines.taken) > 1 and _swallowed_rows(lines.taken, dialect, len(row)):
        raise _broken_header(lines, name, "a header that runs into the rows")
    line = lines.first
    lines.settle()
    _require_names(row, name, line)
    return row, line


def _rows(
    lines: Lines, dialect: Dialect, encoding: Encoding, width: int, quarantine: Quarantine
) -> Iterator[tuple[int, list[str]]]:
    """The rows that fit the header, each with its first line; the others go to the quarantine."""
    reader = dialect.reader(lines, strict=True)
    while True:
        try:
            row: list[str] = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            quarantine.add(lines.first, _quote_reason(lines, str(error)), lines.taken[0])
            lines.settle_first()
            reader = dialect.reader(lines, strict=True)
            continue
        if len(lines.taken) > 1 and (len(row) != width or _swallowed_rows(lines.taken, dialect, width)):
            quarantine.add(lines.first, _quote_reason(lines, ""), lines.taken[0])
            lines.settle_first()
            continue
        if not _is_blank(row, lines.taken):
            reason = _row_reason(row, width, encoding)
            if reason is None:
                yield lines.first, row
            else:
                quarantine.add(lines.first, reason, lines.taken[0])
        lines.settle()


def _swallowed_rows(taken: Sequence[str], dialect: Dialect, width: int) -> bool:
    """Whether the lines after a record's first look like rows of their own, caught by a stray quote."""
    inner = [line for line in taken[1:] if line.strip()]
    alike = sum(line.count(dialect.delimiter) == width - 1 for line in inner)
    if width >= SURE_WIDTH:
        return alike * 2 >= len(inner) > 0
    enough = len(inner) >= MIN_SWALLOWED_LINES
    return width > 1 and enough and alike >= MIN_SWALLOWED_SHARE * len(inner)


def _quote_reason(lines: Lines, error: str) -> str:
    if len(lines.taken) == 1 and "expected after" in error:
        return "text stands between a closing quote and the next delimiter"
    if len(lines.taken) == 1 and "field larger" in error:
        return "a cell is larger than 64 million characters"
    return f"a quote opened on line {lines.first:,} is never closed"


def _row_reason(row: Sequence[str], width: int, encoding: Encoding) -> str | None:
    """Why a whole record is no row of the table; None where it is one."""
    if len(row) != width:
        return f"{len(row):,} cells where the header has {width:,}"
    return "holds bytes that are not UTF-8" if encoding.has_stray_bytes and _has_stray(row) else None


def _is_blank(row: Sequence[str], taken: Sequence[str]) -> bool:
    """Whether the record is a blank line (a quoted empty cell is not, nor are delimiters alone)."""
    return not row or (len(row) == 1 and not taken[0].strip())


def _has_stray(row: Sequence[str]) -> bool:
    text = "".join(row)
    return not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text)


def _require_names(header: Sequence[str], name: str, line: int) -> None:
    """Refuse a first line of numbers: the file has no header (0, 1, 2, ... are pandas' default names)."""
    cells = [cell.strip() for cell in header]
    counted = [str(number) for number in range(len(cells) + 1)]
    if cells in (counted[:-1], counted[1:]) or not polars.Series(cells).str.contains(r"^[+-]?[0-9.]+$").all():
        return
    raise SourceError(
        where=f"{name}, line {line}",
        expected="a line of column names",
        received="numbers: " + ", ".join(cells[:5]),
        do_this="Add a first line that names the columns.",
    )


def _require_rows(kept: int, quarantine: Quarantine, width: int, name: str) -> None:
    if kept:
        return
    if not quarantine.count:
        raise SourceError(
            where=name,
            expected="rows under the line of column names",
            received="a header only" if width else "nothing",
            do_this="Check how the file was exported: it has column names and no rows.",
        )
    first = quarantine.shown[0]
    raise SourceError(
        where=f"{name}, line {first.line}",
        expected=f"rows of {width:,} cells, as the first line has",
        received=f"none among {quarantine.count:,} rows ({first.reason})",
        do_this="Remove lines above the column names and give every column a name, then try again.",
    )


def _broken_header(lines: Lines, name: str, received: str) -> SourceError:
    return SourceError(
        where=f"{name}, line {lines.first}",
        expected="column names, every quote closed on its line",
        received=received,
        do_this="Mend the quotes in the first line.",
    )
