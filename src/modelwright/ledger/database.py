"""How is a SQLite file of the project opened, locked, and told apart from a broken one?"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from modelwright.errors import CorruptError, ModelwrightError, ProjectBusy
from modelwright.ledger.files import make_folder, place, storage_error, storing
from modelwright.ledger.migrations import MIGRATIONS, Migration, empty, migrate, pending

Result = TypeVar("Result")

BUSY_SECONDS = 30.0
RETRY_SECONDS = 0.01
_PRIMARY_CODE = 0xFF  # SQLite's extended codes carry the primary one in their low byte
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

RESTORE = "Put back this file from a backup, or move the project's .modelwright folder away and run again."


class Database:
    """One SQLite file: WAL, synchronous=FULL, explicit transactions that take the write lock at once.

    Args:
        path: the file; made, with its folder, when absent.
        migrations: what makes its tables; the ledger's by default.
        checked: whether every page is looked at first; the time for it grows with the file.

    Raises:
        CorruptError: a page of the file is broken.
        StorageError: the file cannot be made or written.
        ProjectError: a newer modelwright wrote it.
    """

    def __init__(
        self, path: Path, migrations: tuple[Migration, ...] = MIGRATIONS, *, checked: bool = True
    ) -> None:
        self.path = path
        self._migrations = migrations
        # Written once the first migrations are in: from then on an empty file means a lost one.
        self._born = path.with_suffix(".born")
        self._threads = threading.RLock()
        with storing(path):
            make_folder(path.parent)
        with translated(path):
            # Threads take turns at one connection; the default would refuse all but the first.
            self.connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        # Text that is no longer UTF-8 must reach the checksums, not stop short of them.
        self.connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        try:
            self._prepare(checked=checked)
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        with self._threads:
            self.connection.close()

    def rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What a SELECT answers."""
        with self._threads, translated(self.path):
            return _patiently(lambda: self.connection.execute(statement, values).fetchall())

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Generator[sqlite3.Connection]:
        """All of what is inside, or nothing of it.

        Args:
            durable: whether it waits for the disk; without, a power cut may undo it, but never break the
                file.
        """
        with self._threads, translated(self.path):
            try:
                self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                # IMMEDIATE: a deferred transaction that turns to writing fails without waiting.
                _patiently(lambda: self.connection.execute("BEGIN IMMEDIATE"))
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:  # Ctrl-C too must not leave a transaction open
                if self.connection.in_transaction:
                    self.connection.rollback()
                raise

    def check(self) -> None:
        """Look at every page.

        Raises:
            CorruptError: one is broken.
        """
        with self._threads, translated(self.path):
            problems = _patiently(lambda: self.connection.execute("PRAGMA integrity_check(3)").fetchall())
        if problems != [("ok",)]:
            raise corrupt(self.path, "; ".join(str(problem) for (problem,) in problems))

    def _prepare(self, *, checked: bool) -> None:
        with translated(self.path):
            self.connection.execute("PRAGMA foreign_keys = ON")
            self.connection.execute("PRAGMA synchronous = FULL")
            _patiently(lambda: self.connection.execute("PRAGMA journal_mode = WAL").fetchone())
            if checked:
                self.check()
            if self._born.exists() and _patiently(lambda: empty(self.connection)):
                raise corrupt(self.path, "an empty file")
            if _patiently(lambda: pending(self.connection, self.path, self._migrations)):
                with self.transaction() as connection:
                    migrate(connection, self.path, self._migrations)
        if not self._born.exists():
            place([b""], self._born, incoming=self.path.parent)


def corrupt(path: Path, received: str) -> CorruptError:
    """A CorruptError about a SQLite file."""
    return CorruptError(where=str(path), expected="an intact SQLite file", received=received, do_this=RESTORE)


@contextmanager
def translated(path: Path) -> Generator[None]:
    """Tell what SQLite refused in the house's own errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(path, error) from error


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the error did not come from SQLite itself."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & _PRIMARY_CODE


def _translation(path: Path, error: sqlite3.Error) -> ModelwrightError:
    code = primary_code(error)
    if code in _BROKEN:
        return corrupt(path, str(error))
    if code in _BUSY:
        return ProjectBusy(
            where=str(path),
            expected=f"the file to be free within {BUSY_SECONDS:.0f} seconds",
            received=str(error),
            do_this="Wait for the other program that has this file open, then run again.",
        )
    return storage_error(path, str(error), full=code == sqlite3.SQLITE_FULL)


def _patiently(act: Callable[[], Result]) -> Result:
    """Act, trying again while the file is busy: SQLite's own waiting does not cover every moment
    (switching to WAL, recovery, the last connection closing)."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if primary_code(error) not in _BUSY or time.monotonic() > deadline:
                raise
        time.sleep(RETRY_SECONDS)
