"""Where in a TOML file does each key stand? tomllib tells values, not places."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One header or ``key = value`` of a TOML file.

    Args:
        path: the keys that lead to it, with the position in an array of tables: ("hypotheses", 0, "text").
        header: whether it is a ``[table]`` line.
        first, last: its lines, 1-based, both included.
    """

    path: Path
    header: bool
    first: int
    last: int


def statements(text: str) -> list[Statement]:
    """The statements of a valid TOML text, in order; comments and blank lines belong to none.

    Each statement is the shortest run of lines that parses alone, so strings and arrays over several
    lines stay whole.
    """
    found: list[Statement] = []
    positions: dict[str, int] = {}
    table: Path = ()
    pending: list[str] = []
    # only "\n" ends a line in TOML; str.splitlines would also split at form feeds and such
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        pending.append(line.removesuffix("\r"))
        parsed = _parsed("\n".join(pending))
        if parsed is None:
            continue
        first, pending = number - len(pending) + 1, []
        if not parsed:
            continue
        header = line.lstrip().startswith("[") and first == number
        if header:
            table = path = _table_path(parsed, positions)
        else:
            path = (*table, next(iter(parsed)))
        found.append(Statement(path=path, header=header, first=first, last=number))
    return found


def line_of(text: str, path: Path) -> int | None:
    """The line of the statement that sets this path, or of the nearest one that encloses it."""
    places = {statement.path: statement.first for statement in reversed(statements(text))}
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return None


def _parsed(chunk: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(chunk)
    except tomllib.TOMLDecodeError:
        return None


def _table_path(parsed: dict[str, Any], positions: dict[str, int]) -> Path:
    """The table a header opens; each ``[[name]]`` is one further on than the last."""
    path: list[str | int] = []
    value: Any = parsed
    while isinstance(value, dict) and value:
        key, value = next(iter(cast("dict[str, Any]", value).items()))
        path.append(key)
        if isinstance(value, list):
            positions[key] = positions.get(key, -1) + 1
            path.append(positions[key])
    return tuple(path)
