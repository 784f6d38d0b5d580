"""A file of raw rows, read line by line."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import msgspec

from .manifest import Manifest
from .problems import TableProblem, shown
from .rows import Row

DELIMITERS = ",;\t|"
MAX_CELL_CHARACTERS = 128 * 1024 * 1024
MAX_LISTED = 50  # column names in a message
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNREADABLE = (OSError, EOFError, UnicodeError, zlib.error)  # a missing, cut or damaged file

RowReader = Callable[[TextIO, Manifest, Path], Iterator[Row]]


def read_file(path: Path, manifest: Manifest, encoding: str) -> Iterator[Row]:
    """The rows of a CSV or JSON Lines file, as cells of text or JSON values.

    Raises:
        TableProblem: the file is of another format, damaged, ragged or lacks a required column.
    """
    read = _reader(path)
    try:
        with open_text(path, encoding) as lines:
            yield from read(lines, manifest, path)
    except UNREADABLE as error:
        raise _unreadable(path, _words(error)) from error


def detect_encoding(path: Path) -> str:
    """utf-8, what the byte order mark says, or latin-1 where the bytes are not UTF-8.

    Raises:
        TableProblem: the file cannot be read, or is not text.
    """
    try:
        with _open_bytes(path) as stream:
            start = stream.read(4)
            for mark, encoding in BYTE_ORDER_MARKS:
                if start.startswith(mark):
                    return encoding
            return _utf8_or_latin1(itertools.chain([start], iter(lambda: stream.read(1 << 20), b"")), path)
    except UNREADABLE as error:
        raise _unreadable(path, _words(error)) from error


def _utf8_or_latin1(chunks: Iterable[bytes], path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8"
    for chunk in chunks:
        if b"\0" in chunk:
            raise _unreadable(path, "a binary file (it holds NUL bytes)")
        if encoding == "utf-8":
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                encoding = "latin-1"
    return encoding


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _open_bytes(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(path)) if path.suffix == ".gz" else path.open("rb")


@contextmanager
def open_text(path: Path, encoding: str) -> Generator[TextIO]:
    """The file's text, unpacked; line ends are left to the reader."""
    with _open_bytes(path) as stream, io.TextIOWrapper(stream, encoding=encoding, newline="") as lines:
        yield lines


def _reader(path: Path) -> RowReader:
    name = path.name.removesuffix(".gz").lower()
    if name.endswith((".parquet", ".xlsx", ".xls")):
        raise _unreadable(path, "a format this program does not read")
    return _json_rows if name.endswith((".jsonl", ".ndjson", ".json")) else _csv_rows


def _csv_rows(lines: TextIO, manifest: Manifest, path: Path) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    first = lines.readline()
    if not first.strip():
        raise _unreadable(path, "an empty file")
    delimiter = _delimiter(first, manifest)
    reader = csv.reader(itertools.chain([first], lines), delimiter=delimiter, strict=True)
    try:
        names = as_collected(next(reader), {field.name for field in manifest.inputs})
        _check_columns(names, manifest, path)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                raise _ragged(path, reader.line_num, len(names), len(cells))
            yield dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise _unreadable(path, f"line {reader.line_num}: {error}") from error


def _delimiter(first: str, manifest: Manifest) -> str:
    """The one under which the header names most inputs; among equals, the one met most often."""
    wanted = {field.name for field in manifest.inputs}

    def known(delimiter: str) -> tuple[int, int]:
        names = as_collected(next(csv.reader([first], delimiter=delimiter), []), wanted)
        return len(wanted & set(names)), len(names)

    return max(DELIMITERS, key=known)


def as_collected(raw: Sequence[str], known: Set[str]) -> list[str]:
    """A file's column names as collecting named those that the model was trained on.

    Blanks around a name are no part of it, a column without a name is called by its place, and the second of
    a name is NAME.2, where the model knows such a column.

    Args:
        known: the model's inputs.
    """
    wanted = [name.strip() or f"column_{place}" for place, name in enumerate(raw, 1)]
    names: list[str] = []
    for name in wanted:
        again = _free(name, {*names, *wanted}) if name in names else name
        names.append(again if again in known else name)
    return names


def _free(name: str, taken: Set[str]) -> str:
    return next(one for one in (f"{name}.{number}" for number in itertools.count(2)) if one not in taken)


def _check_columns(names: Sequence[str], manifest: Manifest, path: Path) -> None:
    doubled = {name for name in names if names.count(name) > 1} & {field.name for field in manifest.inputs}
    lacking = [field.name for field in manifest.inputs if field.required and field.name not in names]
    if not doubled and not lacking:
        return
    raise TableProblem(
        where=f"{path}, line 1",
        expected="the columns " + _listed(field.name for field in manifest.inputs),
        received=f"no column {_listed(lacking)}"
        if lacking
        else f"twice the column {_listed(sorted(doubled))}",
        do_this="Name the columns as in the training data; leave cells empty where values are missing.",
    )


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    told = ", ".join(shown(name) for name in every[:MAX_LISTED])
    return told + (f" and {len(every) - MAX_LISTED:,} more" if len(every) > MAX_LISTED else "")


def _json_rows(lines: TextIO, manifest: Manifest, path: Path) -> Iterator[Row]:
    known = {field.name for field in manifest.inputs}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _unreadable(path, f"line {number}: {error}") from error
        if not isinstance(row, Mapping):
            raise _unreadable(path, f"line {number}: {shown(row)} instead of an object")
        fields = cast(Row, row)
        if fields.keys() <= known:
            yield fields
        else:
            yield dict(zip(as_collected(list(fields), known), fields.values(), strict=True))


def _ragged(path: Path, line: int, expected: int, received: int) -> TableProblem:
    return TableProblem(
        where=f"{path}, line {line}",
        expected=f"{expected} cells, as in the first line",
        received=f"{received} cells",
        do_this="Quote cells that hold the delimiter, and complete short lines.",
    )


def _unreadable(path: Path, received: str) -> TableProblem:
    return TableProblem(
        where=str(path),
        expected="a CSV or JSON Lines file of rows (.csv, .jsonl, also .gz)",
        received=received,
        do_this="Give a readable file with a header line and one row a line.",
    )
