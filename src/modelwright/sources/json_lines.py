"""Rows of JSON Lines: one object a line, numbers kept as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars

from modelwright.errors import SourceError
from modelwright.records import Ingest
from modelwright.sources.encoding import detect_encoding, open_text
from modelwright.sources.naming import unique_names
from modelwright.sources.quarantine import Quarantine
from modelwright.sources.table import CHARACTERS_A_CHUNK, ROWS_A_CHUNK, Table

_Row = dict[str, str | None]


class _Number(str):
    """A JSON number's source text."""

    __slots__ = ()


class _BadRow(Exception):
    """Why a line is no row."""


def read_json_lines(path: Path, name: str) -> Table:
    """Read JSON Lines into columns of strings: numbers as written, nested values as canonical JSON.

    Raises:
        SourceError: the file is binary or holds no row.
    """
    encoding = detect_encoding(path, name)
    quarantine = Quarantine()
    frames: list[polars.DataFrame] = []
    numbers: list[int] = []
    with open_text(path, name, encoding) as text:
        for lines, rows in _chunks(text, quarantine):
            numbers += lines
            frames.append(_frame(rows))
    if not numbers:
        raise _no_row(quarantine, name)
    table = polars.concat(frames, how="diagonal")
    names, changes = unique_names(table.columns, 1)
    return Table(
        names=names,
        frame=table.rename(dict(zip(table.columns, names, strict=True))),
        lines=np.array(numbers, dtype=np.int64),
        ingest=Ingest(
            format="jsonl",
            encoding=encoding.shown,
            rows_in=len(numbers) + quarantine.count,
            rows_kept=len(numbers),
            rows_quarantined=quarantine.count,
            quarantined=quarantine.shown,
            changes=changes,
        ),
    )


def parse_object(line: str) -> _Row:
    """One line's cells, by key.

    Raises:
        ValueError: the line is not one JSON object that text columns can hold.
    """
    try:
        value = _DECODER.decode(line)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except _BadRow as error:
        raise ValueError(str(error)) from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1:,}") from None
    if not isinstance(value, dict):
        raise ValueError("is JSON but not an object")
    return {key: _cell(cell) for key, cell in value.items()}


def _chunks(text: Iterator[str], quarantine: Quarantine) -> Iterator[tuple[list[int], list[_Row]]]:
    lines: list[int] = []
    rows: list[_Row] = []
    characters = 0
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            row = parse_object(line)
            line.encode()  # a lone surrogate from a broken byte
            "".join(cell for cell in (*row, *row.values()) if cell).encode()
        except UnicodeEncodeError:
            quarantine.add(number, "holds characters that are not valid Unicode", line)
            continue
        except ValueError as error:
            quarantine.add(number, str(error), line)
            continue
        lines.append(number)
        rows.append(row)
        characters += len(line)
        if len(rows) >= ROWS_A_CHUNK or characters >= CHARACTERS_A_CHUNK:
            yield lines, rows
            lines, rows, characters = [], [], 0
    if rows:
        yield lines, rows


def _frame(rows: Sequence[_Row]) -> polars.DataFrame:
    keys = dict.fromkeys(key for row in rows for key in row)
    columns = {key: [row.get(key) or None for row in rows] for key in keys}
    if not columns:  # only empty objects: rows without a cell
        return polars.DataFrame({"column_1": [None] * len(rows)}, schema={"column_1": polars.String})
    return polars.DataFrame(columns, schema=dict.fromkeys(keys, polars.String))


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _plain(value: Any) -> Any:
    """A nested value with its numbers as numbers again."""
    if isinstance(value, _Number):
        return int(value) if value.lstrip("-").isdigit() else float(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise _BadRow(f"holds the key {twice!r} twice")
    return made


def _no_row(quarantine: Quarantine, name: str) -> SourceError:
    if not quarantine.count:
        received, do_this = "an empty file", "Check how the file was written or downloaded, then try again."
    else:
        first = quarantine.shown[0]
        received = f"none among {quarantine.count:,} lines (line {first.line} {first.reason})"
        do_this = 'Write each row as an object on its own line, such as {"age": 39, "city": "Rome"}.'
    return SourceError(where=name, expected="one JSON object a line", received=received, do_this=do_this)


def _constant(text: str) -> _Number:
    """NaN and Infinity, which Python writes although JSON has no such numbers."""
    return _Number(text)


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_constant, object_pairs_hook=_object
)
