"""How did a SQLite file's tables come to be: named steps, each run once and recorded; here the ledger's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from modelwright.errors import ProjectError

Migration = Callable[[sqlite3.Connection], None]


def entries_and_calls(connection: sqlite3.Connection) -> None:
    """What was done (entries), and which entry each call of a step came to (calls)."""
    connection.execute(
        """CREATE TABLE entries (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            step TEXT NOT NULL,
            version INTEGER NOT NULL,
            inputs TEXT NOT NULL,
            choices TEXT NOT NULL,
            origins TEXT NOT NULL,
            record_kind TEXT NOT NULL,
            record_json BLOB NOT NULL,
            record_digest TEXT NOT NULL,
            started_utc TEXT NOT NULL,
            seconds REAL NOT NULL,
            parent TEXT,
            checksum TEXT NOT NULL
        )"""
    )
    connection.execute(
        """CREATE TABLE calls (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            entry INTEGER NOT NULL REFERENCES entries(sequence)
        )"""
    )
    for column in ("key", "step", "record_digest"):
        connection.execute(f"CREATE INDEX entries_by_{column} ON entries({column})")
    connection.execute("CREATE INDEX calls_by_entry ON calls(entry)")


def seals(connection: sqlite3.Connection) -> None:
    """What may be looked at once only, and for what it was."""
    connection.execute(
        """CREATE TABLE seals (
            seal TEXT PRIMARY KEY,
            opener TEXT NOT NULL,
            step TEXT NOT NULL,
            opened_utc TEXT NOT NULL,
            checksum TEXT NOT NULL
        )"""
    )


def append_only(connection: sqlite3.Connection) -> None:
    """Nothing that was written is ever changed or taken away."""
    for table in ("entries", "calls", "seals"):
        for action in ("UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )


def openings(connection: sqlite3.Connection) -> None:
    """Every look at what is sealed: by whom, for what, and, but for the first, why again."""
    connection.execute(
        """CREATE TABLE openings (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            seal TEXT NOT NULL,
            opener TEXT NOT NULL,
            step TEXT NOT NULL,
            who TEXT NOT NULL,
            reason TEXT NOT NULL,
            opened_utc TEXT NOT NULL,
            checksum TEXT NOT NULL
        )"""
    )
    for action in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER openings_no_{action.lower()} BEFORE {action} ON openings "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


MIGRATIONS: tuple[Migration, ...] = (entries_and_calls, seals, append_only, openings)


def pending(
    connection: sqlite3.Connection, path: Path, migrations: tuple[Migration, ...]
) -> tuple[Migration, ...]:
    """The migrations a file still lacks.

    Raises:
        ProjectError: it has some this version does not know: a newer modelwright wrote it.
    """
    known = {migration.__name__ for migration in migrations}
    applied = _applied(connection)
    if unknown := applied - known:
        raise ProjectError(
            where=str(path),
            expected="a file of this version of modelwright or an older one",
            received=f"one with the unknown migrations {', '.join(sorted(unknown))}",
            do_this="Upgrade modelwright, then run again.",
        )
    return tuple(migration for migration in migrations if migration.__name__ not in applied)


def migrate(connection: sqlite3.Connection, path: Path, migrations: tuple[Migration, ...]) -> None:
    """Run and record what is pending. Call inside a transaction that holds the write lock."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_utc TEXT NOT NULL)"
    )
    for migration in pending(connection, path, migrations):
        migration(connection)
        connection.execute(
            "INSERT INTO migrations VALUES (?, ?)", (migration.__name__, datetime.now(UTC).isoformat())
        )


def empty(connection: sqlite3.Connection) -> bool:
    """Whether no migration was ever run."""
    return not _applied(connection)


def _applied(connection: sqlite3.Connection) -> set[str]:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return set()
    return {name for (name,) in connection.execute("SELECT name FROM migrations")}
