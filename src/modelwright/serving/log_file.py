"""The prediction log in an SQLite file, which never grows beyond its bound."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from .prediction_log import STOP_SECONDS, Line, Unwritable
from .problems import RequestProblem

ROOM_SHARE = 10  # a full log forgets its oldest tenth

SCHEMA = """
CREATE TABLE IF NOT EXISTS predictions (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    request TEXT NOT NULL,
    row INTEGER NOT NULL,
    release TEXT NOT NULL,
    inputs TEXT NOT NULL,
    outputs TEXT NOT NULL
)
"""
INSERT = "INSERT INTO predictions (time, request, row, release, inputs, outputs) VALUES (?, ?, ?, ?, ?, ?)"
FORGET = "DELETE FROM predictions WHERE id <= (SELECT min(id) + (max(id) - min(id)) / ? FROM predictions)"


class LogFile:
    """An SQLite file of lines.

    Args:
        file: made if it is not there.
        max_bytes: the file never grows beyond it; the oldest rows make room.

    Raises:
        RequestProblem: the file cannot be opened.
    """

    def __init__(self, file: Path, *, max_bytes: int) -> None:
        self._database = _opened(file, max_bytes)

    def write(self, lines: Sequence[Line], stopping: threading.Event) -> None:
        """Write lines, making room among the oldest as often as it takes.

        Raises:
            Unwritable: a full disk, a locked file, or more lines than the whole log may hold.
        """
        written = [(line.time.isoformat(timespec="microseconds"), *line[1:]) for line in lines]
        try:
            while not self._fits(written):
                with self._database:
                    forgotten = self._database.execute(FORGET, (ROOM_SHARE,)).rowcount
                if not forgotten:
                    raise Unwritable("more lines than the whole log may hold")
        except sqlite3.Error as error:
            raise Unwritable(str(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _fits(self, lines: Sequence[tuple[object, ...]]) -> bool:
        try:
            with self._database:
                self._database.executemany(INSERT, lines)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            return False
        return True


def _opened(file: Path, max_bytes: int) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(file, check_same_thread=False, timeout=STOP_SECONDS)
        database.execute("PRAGMA journal_mode = WAL")  # whoever reads the log does not stop its writing
        database.execute("PRAGMA synchronous = NORMAL")
        (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
        database.execute(f"PRAGMA max_page_count = {max(1, max_bytes // int(page_bytes))}")
        database.execute(f"PRAGMA journal_size_limit = {max_bytes // ROOM_SHARE}")
        with database:
            database.execute(SCHEMA)
    except sqlite3.Error as error:
        raise RequestProblem(
            where=f"--log {file}",
            expected="an SQLite file to write predictions to",
            received=str(error),
            do_this="Give another path, or make the folder writable.",
        ) from error
    return database
