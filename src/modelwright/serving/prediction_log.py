"""What was asked and answered, kept for whoever watches the model; no caller waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import msgspec

from .answers import Answers
from .rows import Row

MAX_WAITING_ENTRIES = 10_000  # requests not yet written; more are dropped, and counted
MAX_WAITING_BYTES = 32 * 1024 * 1024  # of their bodies together
BATCH_ENTRIES = 500  # written in one transaction
STOP_SECONDS = 5.0
MASKED = "***"
ALL_COLUMNS = "*"


class Line(NamedTuple):
    """One answered row, as it is written."""

    time: datetime
    request: str
    row: int
    release: str
    inputs: str
    outputs: str


class Unwritable(Exception):
    """Lines that a store does not take, now or ever."""


class Store(Protocol):
    """Where lines are kept; only the log's own thread speaks to it."""

    def write(self, lines: Sequence[Line], stopping: threading.Event) -> None:
        """Keep lines, all or none; may wait for the store to come back, but not once it is stopping.

        Raises:
            Unwritable: they cannot be kept.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


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
        store: where they are kept.
        masked: columns whose values are not written; ``*`` for all.
    """

    def __init__(self, store: Store, masked: Collection[str] = ()) -> None:
        self.written = 0
        self.dropped = 0
        self._store = store
        self._masked = frozenset(masked)
        self._waiting: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
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
        self._stopping.set()
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
        self._store.close()

    def _write_batch(self, batch: list[Entry]) -> None:
        try:
            lines = [line for entry in batch for line in self._lines(entry)]
            if lines:
                self._store.write(lines, self._stopping)
            self.written += len(lines)
        except (Unwritable, ValueError):  # a full disk, a locked file: the server goes on answering
            self._drop(sum(len(entry.rows) for entry in batch))
        finally:
            with self._lock:
                self._waiting_bytes -= sum(entry.size for entry in batch)

    def _lines(self, entry: Entry) -> list[Line]:
        when = datetime.fromtimestamp(entry.seconds, UTC)
        outputs = entry.answers.outputs.tolist()
        told = zip(entry.rows, entry.answers.prediction, outputs, strict=True)
        return [
            Line(
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
