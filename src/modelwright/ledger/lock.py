"""Who may write: one process at a time, and the operating system frees the lock of a killed one."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from modelwright.errors import ProjectBusy
from modelwright.ledger.database import primary_code, translated
from modelwright.ledger.files import make_folder, place, storing

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that is writing, as it says itself.

    Args:
        pid: its number; 0 where it has not said yet.
        since_utc: when it began.
    """

    pid: int = 0
    since_utc: str = ""

    def __str__(self) -> str:
        return f"process {self.pid}, writing since {self.since_utc}" if self.pid else "another process"


class WriteLock:
    """A second SQLite file, locked exclusively while its holder writes.

    SQLite's locks are the same on every platform and die with their process, also on kill -9. A lock
    file would survive it. Nothing else may open this file: on POSIX, closing any handle on it would
    drop the lock.

    Args:
        folder: where the lock and its side file live.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "writer.lock"
        self._side_file = folder / "writer.json"
        self._connection: sqlite3.Connection | None = None

    def acquire(self, wait_seconds: float, *, waiting: Callable[[Holder], None]) -> None:
        """Take the lock, waiting for its holder at most `wait_seconds`.

        Args:
            waiting: told whom it waits for, once for each holder.

        Raises:
            ProjectBusy: the holder did not let go in time.
            StorageError: the lock file cannot be made.
        """
        deadline = time.monotonic() + wait_seconds
        told: Holder | None = None
        with storing(self.path):
            make_folder(self.path.parent)
        while not self._try():
            holder = self.holder()
            if time.monotonic() >= deadline:
                raise _busy(self.path.parent, holder, wait_seconds)
            if holder != told:
                told = holder
                waiting(holder)
            time.sleep(POLL_SECONDS)
        self._sign()

    def release(self) -> None:
        """Let the next one write."""
        with suppress(OSError):
            self._side_file.unlink()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def holder(self) -> Holder:
        """Who says to hold the lock; not known in the moment before it has said so."""
        try:
            return msgspec.json.decode(self._side_file.read_bytes(), type=Holder)
        except (OSError, msgspec.MsgspecError):
            return Holder()

    def _try(self) -> bool:
        with translated(self.path):
            connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except BaseException as error:
                connection.close()
                if isinstance(error, sqlite3.OperationalError) and primary_code(error) == sqlite3.SQLITE_BUSY:
                    return False
                raise
        self._connection = connection
        return True

    def _sign(self) -> None:
        holder = Holder(pid=os.getpid(), since_utc=datetime.now(UTC).isoformat(timespec="seconds"))
        # The side file only informs: on a full disk the work itself will say what is wrong.
        with suppress(Exception):
            place([msgspec.json.encode(holder)], self._side_file, incoming=self.path.parent)


def _busy(folder: Path, holder: Holder, wait_seconds: float) -> ProjectBusy:
    return ProjectBusy(
        where=str(folder.parent),
        expected=f"to be the only writer within {wait_seconds:g} seconds",
        received=str(holder),
        do_this="Wait until it is done, or stop it, then run again; reading is possible meanwhile.",
    )
