"""A request's body -> rows, or a problem that says where the JSON is off."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from .problems import Problem, RequestProblem, RowProblem, shown
from .rows import Row

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_ROWS = 10_000
ONE_OR_MANY = 'one row {"field": value, ...} or a list of rows'


def read_rows(body: bytes) -> tuple[list[Row], bool]:
    """The rows of a JSON body, and whether it was a single row.

    Raises:
        RequestProblem: not JSON, not rows, or too many of them.
        RowProblem: a row holds NaN, an infinite number or half a character.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise _off("brackets nested too deep", "Send flat rows: each field one value.") from None
    except UnicodeDecodeError:
        raise _off("bytes that are not UTF-8", "Encode the body as UTF-8.") from None
    except msgspec.DecodeError as error:
        raise _explained(body, error) from None
    if isinstance(value, dict):
        return [value], True
    if not isinstance(value, list):
        raise _off(shown(value), "Send rows as GET /schema shows in its example.", status=422)
    rows: list[Any] = value
    if len(rows) > MAX_ROWS:
        raise _off(f"{len(rows)} rows", f"Send at most {MAX_ROWS} rows at a time.", status=413)
    return rows, False


def _off(received: str, do_this: str, status: int = 400) -> RequestProblem:
    return RequestProblem(
        where="request body", expected=ONE_OR_MANY, received=received, do_this=do_this, status=status
    )


def _explained(body: bytes, error: msgspec.DecodeError) -> Problem:
    """Name the field where only a value is off; otherwise the place in the body."""
    named = _named_field(body)
    if named is not None:
        return named
    found = re.search(r"\(byte (\d+)\)", str(error))
    place = int(found[1]) if found else len(body)
    line = body.count(b"\n", 0, place) + 1
    column = place - (body.rfind(b"\n", 0, place) + 1) + 1
    what = re.sub(r" \(byte \d+\)", "", str(error)) if body else "an empty body"
    return RequestProblem(
        where=f"request body, line {line}, column {column} (byte {place})",
        expected=f"JSON: {ONE_OR_MANY}",
        received=what,
        do_this="Mend the JSON at that place; GET /schema shows an example.",
    )


class _Constant:
    """NaN, Infinity or -Infinity: words that Python writes but JSON does not know."""

    def __init__(self, name: str) -> None:
        self.name = name


def _named_field(body: bytes) -> RowProblem | None:
    """The first field whose value JSON cannot carry, if that is all that is wrong."""
    try:
        value = json.loads(body, parse_constant=_Constant)
    except (ValueError, RecursionError):
        return None
    for number, field, cell in _cells(value):
        received = _impossible(cell)
        if received:
            return RowProblem(
                row=number,
                field=field,
                expected="a value that JSON can carry",
                received=received,
                do_this="Send a finite number or whole text, or null where the value is missing.",
                status=400,
            )
    return None


def _cells(value: Any) -> Iterator[tuple[int, str, Any]]:
    rows: list[Any] = value if isinstance(value, list) else [value]
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            for field, cell in row.items():
                yield number, str(field), cell


def _impossible(cell: Any) -> str:
    if isinstance(cell, _Constant):
        return cell.name
    if isinstance(cell, float) and math.isinf(cell):
        return "a number beyond 1.8e308"
    if isinstance(cell, str) and not cell.isascii() and any("\ud800" <= one <= "\udfff" for one in cell):
        return "half of a surrogate pair"
    return ""
