"""task.toml: the task as people read it, edit it and keep it in git."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelwright.define.statements import statements
from modelwright.define.task_reading import task_of
from modelwright.define.task_writing import hypotheses_text, task_text
from modelwright.errors import ProjectError, StorageError, TaskFileError
from modelwright.records import Hypothesis, Task

MAX_BYTES = 16 * 2**20
"""A task.toml larger than this is some other file: a line for each of 100,000 columns is about 8 MB."""


def write_task(task: Task, path: Path, *, overwrite: bool = False) -> None:
    """Write a task as a commented TOML file, whole or not at all.

    Args:
        overwrite: replace a file that is there, with the comments a person wrote into it.

    Raises:
        ProjectError: the file is there and `overwrite` is False.
        StorageError: it cannot be written.
    """
    if path.exists() and not overwrite:
        raise ProjectError(
            where=str(path),
            expected="no task.toml yet",
            received="a task.toml, perhaps with your own comments in it",
            do_this="Edit it by hand, or write it anew with --force.",
        )
    _replace_file(path, task_text(task).encode())


def read_task(path: Path) -> Task:
    """Read a task from its file.

    Raises:
        TaskFileError: it is absent, not TOML, or says something that a task does not have; line and key are
            named.
    """
    text = _text(path)
    return task_of(_parsed(text, path), text, str(path))


def update_hypotheses(path: Path, hypotheses: Sequence[Hypothesis]) -> None:
    """Write how the hypotheses stand now; everything else in the file stays as it is, byte for byte.

    Raises:
        TaskFileError: the file is absent or not TOML.
        StorageError: it cannot be written.
    """
    text = _text(path)
    _parsed(text, path)
    newline = "\r\n" if "\r\n" in text else "\n"
    block = hypotheses_text(hypotheses).replace("\n", newline)
    # only "\n" ends a line in TOML; str.splitlines would also split at form feeds and such
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    runs = _hypothesis_runs(text)
    for position, (first, last) in reversed(list(enumerate(runs))):
        lines[first - 1 : last] = [block] if position == 0 else []
    if block and not runs:
        ended = not lines or lines[-1].endswith("\n")
        lines += [newline if ended else newline * 2, block]
    _replace_file(path, "".join(lines).encode())


def _hypothesis_runs(text: str) -> list[tuple[int, int]]:
    """First and last line of each unbroken run of hypotheses, 1-based."""
    runs: list[tuple[int, int]] = []
    unbroken = False
    for statement in statements(text):
        if statement.path[0] != "hypotheses":
            unbroken = False
        elif unbroken:
            runs[-1] = (runs[-1][0], statement.last)
        else:
            runs.append((statement.first, statement.last))
            unbroken = True
    return runs


def _text(path: Path) -> str:
    """The file's text, its byte order mark and line ends untouched."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _malformed(str(path), f"a task.toml of at most {MAX_BYTES // 2**20} MB", "a larger file")
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _malformed(f"{path}, line {line}", "text in UTF-8", "other bytes") from error
    except OSError as error:
        raise TaskFileError(
            where=str(path),
            expected="a task.toml that can be read",
            received=f"{error.strerror or error}",
            do_this="Write one with: modelwright new PROJECT --data FILE --predict COLUMN",
        ) from error


def _malformed(where: str, expected: str, received: str) -> TaskFileError:
    do_this = "Restore the file from git, or write it anew with modelwright new --force."
    return TaskFileError(where=where, expected=expected, received=received, do_this=do_this)


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        what, line, column = _place(str(error), text)
        shown = text.split("\n")[line - 1].strip()
        raise TaskFileError(
            where=f"{path}, line {line}, column {column}",
            expected="valid TOML",
            received=f"{shown[:80]!r} ({what})",
            do_this='Texts stand in "quotes", lists in [brackets], and each key on a line of its own.',
        ) from error


def _place(message: str, text: str) -> tuple[str, int, int]:
    """What is wrong, and the line and column tomllib's message names (the last line for "at end")."""
    what = message.split(" (at ")[0]
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    if found:
        return what, int(found[1]), int(found[2])
    lines = text.rstrip("\n").split("\n")
    return what, len(lines), len(lines[-1]) + 1


def _replace_file(path: Path, data: bytes) -> None:
    """Write beside it, sync, then rename over it: a reader sees the old file or the new one."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".task-", suffix=".toml")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp's files are for their owner only; a task.toml is read like any text file
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise StorageError(
            where=str(path),
            expected="a folder that can be written to",
            received=f"{error.strerror or error}",
            do_this="Free some space or mend the folder's permissions, then run the same command again.",
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
