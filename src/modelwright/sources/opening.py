"""Can this file be opened, and what kind of file is it? Every refusal says what to do."""

from __future__ import annotations

import difflib
import gzip
import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

from modelwright.errors import SourceError

Format = Literal["csv", "parquet", "jsonl"]

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"ARROW1": "an Arrow (Feather) file",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"(\xb5/\xfd": "a zstd archive",
}


def check_file(path: Path) -> None:
    """Make sure the path is a readable file with something in it.

    Raises:
        SourceError: absent (the nearest file name is suggested), a folder, unreadable or empty.
    """
    try:
        size_bytes = path.stat().st_size
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _absent(path) from error
    if path.is_dir():
        raise SourceError(
            where=str(path),
            expected="a data file",
            received="a folder",
            do_this="Name the CSV, Parquet or JSON Lines file inside it.",
        )
    if not path.is_file():
        raise SourceError(
            where=str(path),
            expected="a data file",
            received="a device or pipe",
            do_this="Save the data to a file first.",
        )
    if not os.access(path, os.R_OK):
        raise SourceError(
            where=str(path),
            expected="a file this user may read",
            received="permission denied",
            do_this=f"Allow reading it, for example: chmod u+r {path.name}",
        )
    if not size_bytes:
        raise empty(str(path))


def empty(where: str) -> SourceError:
    """The error for a file that holds nothing."""
    return SourceError(
        where=where,
        expected="a line of column names and rows under it",
        received="an empty file",
        do_this="Check how the file was written or downloaded, then try again.",
    )


def format_of(path: Path, name: str) -> Format:
    """The format, from the file's first bytes and its name's ending.

    Raises:
        SourceError: the file is of a kind that holds no table Modelwright reads.
    """
    with open_bytes(path, name) as stream:
        head = stream.read(64)
    if head.startswith(_PARQUET):
        return "parquet"
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise SourceError(
                where=name,
                expected="CSV, Parquet or JSON Lines",
                received=kind,
                do_this="Export the table as a CSV file and use that.",
            )
    ending = Path(name.lower().removesuffix(".gz")).suffix
    if ending in (".parquet", ".pq"):
        raise SourceError(
            where=name,
            expected="a Parquet file, which begins with the bytes PAR1",
            received=f"a file that begins with {head[:8]!r}",
            do_this="Fetch the file again, or give it the ending of what it really is (.csv, .jsonl).",
        )
    if ending in (".jsonl", ".ndjson"):
        return "jsonl"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if ending == ".json" and text.startswith(b"["):
        raise SourceError(
            where=name,
            expected="JSON Lines: one object a line",
            received="one JSON array",
            do_this="Write each row as an object on its own line and name the file .jsonl "
            "(jq -c '.[]' does it).",
        )
    return "jsonl" if text.startswith(b"{") and ending in (".json", "") else "csv"


@contextmanager
def open_bytes(path: Path, name: str) -> Generator[IO[bytes]]:
    """The file's bytes, gunzipped where they are gzipped.

    Raises:
        SourceError: the file cannot be read, or its gzip stream is cut short or damaged.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            yield cast("IO[bytes]", stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(
            where=name,
            expected="a whole gzip file",
            received=f"one that is cut short or damaged ({error})",
            do_this="Fetch or compress the file again; gzip -t tells whether it is whole.",
        ) from error
    except OSError as error:
        raise SourceError(
            where=name,
            expected="a file that can be read to its end",
            received=f"{type(error).__name__}: {error.strerror or error}",
            do_this="Copy the file to a local disk and try again.",
        ) from error


def _absent(path: Path) -> SourceError:
    advice = "Check the path."
    try:
        siblings = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except (OSError, ValueError):
        siblings = []
        advice = f"There is no folder {str(path.parent)!r} either; check the path."
    near = difflib.get_close_matches(path.name, siblings, n=1, cutoff=0.5)
    if near:
        advice = f"Did you mean {str(path.parent / near[0])!r}?"
    return SourceError(where=str(path), expected="a data file", received="no such file", do_this=advice)
