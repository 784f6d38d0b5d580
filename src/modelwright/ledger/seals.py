"""Has this been looked at before? What may be looked at once only, and by whom it was."""

from __future__ import annotations

import getpass
import hashlib
import sqlite3
from datetime import UTC, datetime

from modelwright.errors import SealError
from modelwright.ledger.database import Database, corrupt
from modelwright.records import Opening, encode

NOBODY = "unknown"
"""Who opens, where the system has no name for its user (a bare container)."""


def open_seal(database: Database, seal: str, *, opener: str, step: str, reason: str = "") -> None:
    """Write down who opens a seal, before it is opened; the same opener may come back.

    Args:
        seal: names what is sealed.
        opener: digest of what it is opened for (the step's inputs and choices).
        reason: why it may be opened though it was before.

    Raises:
        SealError: it was opened before, for something else, and no reason is given.
    """
    with database.transaction() as connection:
        row = connection.execute("SELECT * FROM seals WHERE seal = ?", (seal,)).fetchone()
        if row is None:
            values = (seal, opener, step, datetime.now(UTC).isoformat())
            connection.execute("INSERT INTO seals VALUES (?, ?, ?, ?, ?)", (*values, _checksum(*values)))
            _note(connection, seal, opener, step, "")
        elif row[1] != opener and not _opened_by(connection, seal, opener):
            if not reason:
                raise _opened_before(row[2], row[1], row[3], opener)
            _note(connection, seal, opener, step, reason)


def openings_of(database: Database, seal: str) -> tuple[Opening, ...]:
    """Every look at what is sealed under this name, the first one first."""
    rows = database.rows(
        "SELECT opener, who, reason, opened_utc FROM openings WHERE seal = ? ORDER BY sequence", (seal,)
    )
    return tuple(
        Opening(opener=opener, who=who, reason=reason, opened_utc=opened_utc)
        for opener, who, reason, opened_utc in rows
    )


def verify_seals(database: Database) -> None:
    """Check what stands in the seals against what was written.

    Raises:
        CorruptError: a seal was damaged.
    """
    for table, first in (("seals", 0), ("openings", 1)):
        for row in database.rows(f"SELECT * FROM {table}"):
            if _checksum(*row[first:-1]) != row[-1]:
                raise corrupt(database.path, f"the seal {row[first][:12]} with other bytes than were written")


def _opened_by(connection: sqlite3.Connection, seal: str, opener: str) -> bool:
    found = connection.execute("SELECT 1 FROM openings WHERE seal = ? AND opener = ?", (seal, opener))
    return found.fetchone() is not None


def _note(connection: sqlite3.Connection, seal: str, opener: str, step: str, reason: str) -> None:
    values = (seal, opener, step, _who(), reason, datetime.now(UTC).isoformat())
    connection.execute(
        "INSERT INTO openings (seal, opener, step, who, reason, opened_utc, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*values, _checksum(*values)),
    )


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return NOBODY


def _checksum(*values: str) -> str:
    return hashlib.sha256(encode(values)).hexdigest()


def _opened_before(step: str, first: str, opened_utc: str, opener: str) -> SealError:
    return SealError(
        where=f"the sealed rows that {step} looks at",
        expected="to be looked at once, for one chosen model",
        received=f"a second look, for {opener[:12]} (the first, on {opened_utc[:10]}, was for {first[:12]})",
        do_this="Keep the confirmed result (modelwright show PROJECT confirm), or collect new test rows: "
        "rows looked at twice no longer measure what new rows will do. If they must be opened again, say "
        'why: --reopen "reason". Every later report says how often they were.',
    )
