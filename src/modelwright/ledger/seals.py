"""Has this been looked at before? What may be looked at once only, and by whom it was."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from modelwright.errors import SealError
from modelwright.ledger.database import Database, corrupt
from modelwright.records import encode


def open_seal(database: Database, seal: str, *, opener: str, step: str) -> None:
    """Write down who opens a seal, before it is opened; the same opener may come back.

    Args:
        seal: names what is sealed.
        opener: digest of what it is opened for (the step's inputs and choices).

    Raises:
        SealError: it was opened before, for something else.
    """
    with database.transaction() as connection:
        row = connection.execute("SELECT * FROM seals WHERE seal = ?", (seal,)).fetchone()
        if row is None:
            values = (seal, opener, step, datetime.now(UTC).isoformat())
            connection.execute("INSERT INTO seals VALUES (?, ?, ?, ?, ?)", (*values, _checksum(*values)))
        elif row[1] != opener:
            raise _opened_before(row[2], row[1], row[3], opener)


def verify_seals(database: Database) -> None:
    """Check what stands in the seals against what was written.

    Raises:
        CorruptError: a seal was damaged.
    """
    for row in database.rows("SELECT * FROM seals"):
        if _checksum(*row[:-1]) != row[-1]:
            raise corrupt(database.path, f"the seal {row[0][:12]} with other bytes than were written")


def _checksum(*values: str) -> str:
    return hashlib.sha256(encode(values)).hexdigest()


def _opened_before(step: str, first: str, opened_utc: str, opener: str) -> SealError:
    return SealError(
        where=f"the sealed rows that {step} looks at",
        expected="to be looked at once, for one chosen model",
        received=f"a second look, for {opener[:12]} (the first, on {opened_utc[:10]}, was for {first[:12]})",
        do_this="Keep the confirmed result (modelwright show PROJECT confirm), or collect new test rows: "
        "rows looked at twice no longer measure what new rows will do.",
    )
