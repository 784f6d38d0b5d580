"""Hold a project's rows against the population that its model will meet."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from modelwright.define.represent import represent
from modelwright.define.snapshot import snapshot
from modelwright.errors import UsageError
from modelwright.project import Project
from modelwright.records import Dataset, Representation, Task

DECLARED = ".toml"


def hold_against_population(project: Project, task: Task, dataset: Dataset, file: str) -> Representation:
    """Against a sample of production rows, or a ``.toml`` file of declared shares.

    Raises:
        UsageError: the declared shares cannot be read as such.
        ModelwrightError: the sample cannot be read, or has none of the columns.
    """
    path = Path(file).expanduser()
    if path.suffix.lower() == DECLARED:
        return project.run(represent, task, dataset, None, margins=declared_shares(path))
    return project.run(represent, task, dataset, project.run(snapshot, project.adopt(path)))


def declared_shares(path: Path) -> dict[str, dict[str, float]]:
    """Column -> value -> share, as a person wrote it down: a table a column, a line a value.

    Raises:
        UsageError: it is no TOML, or says something else.
    """
    try:
        written: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, str(error)) from error
    shares = {name: _shares(path, name, table) for name, table in written.items()}
    if not shares:
        raise _unreadable(path, "an empty file")
    return shares


def _shares(path: Path, column: str, table: Any) -> dict[str, float]:
    if not isinstance(table, dict):
        raise _unreadable(path, f"{column} = {table!r}")
    found: dict[str, float] = {}
    for value, share in table.items():  # pyright: ignore[reportUnknownVariableType]  # TOML holds anything
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise _unreadable(path, f"[{column}] {value} = {share!r}")
        found[str(value)] = float(share)  # pyright: ignore[reportUnknownArgumentType]  # as above
    if sum(found.values()) > 1 + 1e-9:
        raise _unreadable(path, f"[{column}] with shares that add up to {sum(found.values()):g}")
    return found


def _unreadable(path: Path, received: str) -> UsageError:
    return UsageError(
        where=f"--population {path}",
        expected="a TOML table for each column, a share from 0 to 1 for each value: [Class] and 1 = 0.00173",
        received=received,
        do_this="Write the shares so, or give a file of production rows instead (CSV, Parquet, JSON Lines).",
    )
