"""What was done, in order: the entries of the ledger, appended and never changed."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from modelwright.ledger.database import Database, corrupt
from modelwright.ledger.kinds import decoded
from modelwright.ledger.seals import verify_seals
from modelwright.records import encode

_COLUMNS = (
    "key, step, version, inputs, choices, origins, record_kind, record_json, record_digest, "
    "started_utc, seconds, parent, checksum"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was done.

    Args:
        sequence: its place in the ledger, from 1; 0 before it is appended.
        key: digest of (step, version, inputs, choices).
        inputs: JSON: the digests of the records it was given.
        choices: JSON: its choices, defaults included.
        origins: JSON: the sequences of the entries that made its inputs.
        record_kind: the record's class. record_json: the record. record_digest: the digest of that JSON.
        seconds: how long it took; part of no digest.
        parent: key of the step this was a part of (`Desk.once`).
    """

    sequence: int = 0
    key: str
    step: str
    version: int
    inputs: str
    choices: str
    origins: str
    record_kind: str
    record_json: bytes
    record_digest: str
    started_utc: str
    seconds: float
    parent: str | None = None

    @property
    def record(self) -> Any:
        """The record itself."""
        return decoded(self.record_json, self.record_kind)

    def plain(self) -> dict[str, Any]:
        """The entry as plain data, for ``--json``."""
        written = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        written["record"] = msgspec.json.decode(written.pop("record_json"))
        for name in ("inputs", "choices", "origins"):
            written[name] = msgspec.json.decode(written[name])
        return written

    def checksum(self) -> str:
        """What the row must add up to; the sequence is SQLite's to guard."""
        values = [getattr(self, field.name) for field in dataclasses.fields(self)[1:]]
        return hashlib.sha256(encode(values)).hexdigest()


class Ledger:
    """The entries of one SQLite file.

    Args:
        path: the file; made when absent.

    Raises:
        CorruptError: a page or an entry of the file is broken.
        StorageError: the file cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        try:
            self._verify()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    def append(self, entry: Entry, *, called: bool) -> Entry:
        """Write an entry, and where it was `called` for itself the call too, in one transaction."""
        values = (*(getattr(entry, field.name) for field in dataclasses.fields(entry)[1:]), entry.checksum())
        marks = ", ".join("?" * len(values))
        with self.database.transaction() as connection:
            cursor = connection.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES ({marks})", values)
            written = dataclasses.replace(entry, sequence=cursor.lastrowid or 0)
            if called:
                connection.execute("INSERT INTO calls (entry) VALUES (?)", (written.sequence,))
        return written

    def recall(self, entry: Entry) -> None:
        """Note that a step was called and came to this entry, so that it is that step's last."""
        last = self.last(entry.step)
        if last is None or last.sequence != entry.sequence:
            with self.database.transaction() as connection:
                connection.execute("INSERT INTO calls (entry) VALUES (?)", (entry.sequence,))

    def find(self, key: str) -> Entry | None:
        """The newest entry of that key."""
        return self._one("WHERE key = ? ORDER BY sequence DESC LIMIT 1", key)

    def last(self, step: str) -> Entry | None:
        """What the step's last call came to, done or recalled; for a sub-step, the newest entry."""
        called = "(SELECT max(calls.sequence) FROM calls WHERE calls.entry = entries.sequence)"
        return self._one(f"WHERE step = ? ORDER BY {called} DESC NULLS LAST, sequence DESC LIMIT 1", step)

    def made(self, digest: str) -> int | None:
        """The sequence of the first entry that made the record of that digest."""
        rows = self.database.rows("SELECT min(sequence) FROM entries WHERE record_digest = ?", (digest,))
        return rows[0][0]

    def history(self) -> list[Entry]:
        """All entries, oldest first; parts of a step stand before the step itself."""
        return self._all("ORDER BY sequence")

    def steps(self) -> list[str]:
        """The names of all steps done, in the order of their first entry."""
        rows = self.database.rows("SELECT step FROM entries GROUP BY step ORDER BY min(sequence)")
        return [step for (step,) in rows]

    def _one(self, rest: str, *values: Any) -> Entry | None:
        found = self._all(rest, *values)
        return found[0] if found else None

    def _all(self, rest: str, *values: Any) -> list[Entry]:
        rows = self.database.rows(f"SELECT sequence, {_COLUMNS} FROM entries {rest}", values)
        return [self._entry(row) for row in rows]

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        names = [field.name for field in dataclasses.fields(Entry)]
        entry = Entry(**dict(zip(names, row[:-1], strict=True)))
        if entry.checksum() != row[-1]:
            raise corrupt(self.database.path, f"entry {row[0]} with other bytes than were written")
        return entry

    def _verify(self) -> None:
        """SQLite guards the pages' structure; the checksums guard what stands in them."""
        self.history()
        verify_seals(self.database)
