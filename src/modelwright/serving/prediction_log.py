"""What was asked and answered, kept in SQLite for whoever watches the model; no caller waits for it."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from .answers import Answers
from .problems import RequestProblem
from .rows import Row

MAX_WAITING_ENTRIES = 10_000  # requests not yet written; more are dropped, and counted
MAX_WAITING_BYTES = 32 * 1024 * 1024  # of their bodies together
BATCH_ENTRIES = 500  # written in one transaction
ROOM_SHARE = 10  # a full log forgets its oldest tenth
STOP_SECONDS = 5.0
MASKED = "***"
ALL_COLUMNS = "*"

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

Line = tuple[str, str, int, str, str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that was answered.

    Args:
        seconds: since 1970. size: bytes of its body.
    """

    seconds: float
    request: str
    release: str
    rows: Sequence[Row]
    answers: Answers
    size: int


class PredictionLog:
    """Writes entries from a thread of its own.

    Args:
        file: the SQLite file; made if it is not there.
        max_bytes: the file never grows beyond it; the oldest rows make room.
        masked: columns whose values are not written; ``*`` for all.

    Raises:
        RequestProblem: the file cannot be opened.
    """

    def __init__(self, file: Path, *, max_bytes: int, masked: Collection[str] = ()) -> None:
        self.written = 0
        self.dropped = 0
        self._masked = frozenset(masked)
        self._waiting: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._database = _opened(file, max_bytes)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Take an entry to write later, or drop it where too many wait; never waits itself."""
        full = self._waiting.qsize() >= MAX_WAITING_ENTRIES
        if full or self._waiting_bytes + entry.size > MAX_WAITING_BYTES:
            self._drop(len(entry.rows))
            return
        with self._lock:
            self._waiting_bytes += entry.size
        self._waiting.put(entry)

    def close(self) -> None:
        """Write what waits, for a few seconds at most."""
        self._waiting.put(None)
        self._thread.join(STOP_SECONDS)

    def _drop(self, rows: int) -> None:
        with self._lock:
            self.dropped += rows

    def _write(self) -> None:
        more = True
        while more:
            batch = [self._waiting.get()]
            while not self._waiting.empty() and len(batch) < BATCH_ENTRIES:
                batch.append(self._waiting.get())
            more = batch[-1] is not None
            self._write_batch([entry for entry in batch if entry is not None])
        self._database.close()

    def _write_batch(self, batch: list[Entry]) -> None:
        try:
            lines = [line for entry in batch for line in self._lines(entry)]
            self._insert(lines)
            self.written += len(lines)
        except (sqlite3.Error, ValueError):  # a full disk, a locked file: the server goes on answering
            self._drop(sum(len(entry.rows) for entry in batch))
        finally:
            with self._lock:
                self._waiting_bytes -= sum(entry.size for entry in batch)

    def _insert(self, lines: list[Line]) -> None:
        """Write lines, making room among the oldest as often as it takes."""
        while not self._fits(lines):
            with self._database:
                forgotten = self._database.execute(FORGET, (ROOM_SHARE,)).rowcount
            if not forgotten:
                raise sqlite3.OperationalError("more lines than the whole log may hold")

    def _fits(self, lines: list[Line]) -> bool:
        try:
            with self._database:
                self._database.executemany(INSERT, lines)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            return False
        return True

    def _lines(self, entry: Entry) -> list[Line]:
        when = datetime.fromtimestamp(entry.seconds, UTC).isoformat(timespec="microseconds")
        outputs = entry.answers.outputs.tolist()
        told = zip(entry.rows, entry.answers.prediction, outputs, strict=True)
        return [
            (
                when,
                entry.request,
                number,
                entry.release,
                _json(self._shown(row)),
                _json({"prediction": prediction, "outputs": output}),
            )
            for number, (row, prediction, output) in enumerate(told, 1)
        ]

    def _shown(self, row: Row) -> Row:
        if not self._masked:
            return row
        everything = ALL_COLUMNS in self._masked
        return {name: MASKED if everything or name in self._masked else cell for name, cell in row.items()}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


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
