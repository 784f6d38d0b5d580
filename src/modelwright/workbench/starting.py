"""How does a project begin on the page? A file comes in, and a person says what is to be predicted."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from modelwright.define.snapshot import snapshot
from modelwright.errors import UsageError
from modelwright.project import Project
from modelwright.workflow import Wishes, define_task, look_at_data

ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet", ".jsonl", ".jsonl.gz", ".ndjson")
_LETTERS = re.compile(r"[^\w.\- ]")
MAX_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A data file that came in: its name in the project's folder, and its columns."""

    name: str
    rows: int
    columns: tuple[str, ...]


def safe_name(name: str, endings: tuple[str, ...] = ENDINGS) -> str:
    """A file's base name without anything that means something to a file system.

    Raises:
        UsageError: it does not end like a data file.
    """
    base = _LETTERS.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")[-MAX_NAME:]
    if not base.lower().endswith(endings) or base.lower() in endings:
        raise UsageError(
            where="the file",
            expected=f"a data file: {', '.join(endings)}",
            received=base or "a file without a name",
            do_this="Save the data as CSV, Parquet or JSON Lines, and choose that file.",
        )
    return base


async def take_in(
    folder: Path, name: str, chunks: AsyncGenerator[bytes], endings: tuple[str, ...] = ENDINGS
) -> str:
    """Write a file that is being sent into the project's folder, whole or not at all; its name there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / safe_name(name, endings)
    arriving = path.with_name(f".{path.name}.arriving")
    try:
        with arriving.open("wb") as file:
            async for chunk in chunks:
                file.write(chunk)
        arriving.replace(path)
    finally:
        arriving.unlink(missing_ok=True)
    return path.name


def columns_of(folder: Path, name: str) -> Arrived:
    """Read a file that came in.

    Raises:
        ModelwrightError: it cannot be read, in four parts.
    """
    with Project.create(folder) as project:
        taken = project.run(snapshot, project.adopt(folder / safe_name(name)))
    return Arrived(name=name, rows=taken.rows, columns=taken.names)


def frame_task(folder: Path, name: str, predict: str, question: str) -> None:
    """Frame the task and look at the data, so that there is something to see.

    Raises:
        ModelwrightError: the column is not there, or the data are at fault.
    """
    wishes = Wishes(predict=(predict,), question=question.strip() or None)
    with Project.create(folder) as project, project.writing():
        task, snap = define_task(project, folder / safe_name(name), wishes)
        look_at_data(project, task, snap)
