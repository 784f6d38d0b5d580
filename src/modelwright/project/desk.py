"""Has this been done before? Then recall it; else do it, write it down, and hand it over."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from modelwright.ledger.blobs import BlobStore
from modelwright.ledger.entries import Entry, Ledger
from modelwright.ledger.kinds import blobs_in, encoded, kind_of
from modelwright.ledger.seals import open_seal
from modelwright.project.calls import Call, call_of
from modelwright.project.events import Event, Listener, StepNoted
from modelwright.records import Blob, BlobKind, digest, encode

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What all desks of a project share."""

    ledger: Ledger
    blobs: BlobStore
    listener: Listener | None
    reopening: list[str] = field(default_factory=list[str])
    """Why what was looked at before may be looked at again, while that is so."""

    def tell(self, event: Event) -> None:
        """Pass an event to the listener, if there is one."""
        if self.listener is not None:
            self.listener(event)

    def recall(self, call: Call) -> Entry | None:
        """The entry of a call done before, unless a blob it names is gone: then it must be done again."""
        entry = self.ledger.find(call.key)
        if entry is None or not all(map(self.blobs.holds, blobs_in(entry.record))):
            return None
        return entry

    def do(self, call: Call, *, step: str, parent: str | None = None) -> Entry:
        """Do a call and append what it came to.

        Args:
            step: the step it is done for, which its notes go by.
            parent: key of the call it is a part of; None when it was called for itself.
        """
        if call.seal is not None:
            reason = self.reopening[-1] if self.reopening else ""
            open_seal(self.ledger.database, call.seal, opener=call.opener, step=call.step, reason=reason)
        started_utc = datetime.now(UTC).isoformat()
        started = time.perf_counter()
        value = call(_Desk(self, step, call.key))
        kind = kind_of(value)
        record_json = encoded(value, kind)
        entry = Entry(
            key=call.key,
            step=call.step,
            version=call.version,
            inputs=encode(call.inputs).decode(),
            choices=call.choices_json,
            origins=encode(sorted(self._origins(call.records))).decode(),
            record_kind=kind,
            record_json=record_json,
            record_digest=hashlib.sha256(record_json).hexdigest(),
            started_utc=started_utc,
            seconds=time.perf_counter() - started,
            parent=parent,
        )
        return self.ledger.append(entry, called=parent is None)

    def _origins(self, value: Any, *, depth: int = 2) -> set[int]:
        """The entries that made a record, or that made its parts (a Bench is put together unrecorded)."""
        if isinstance(value, tuple):
            found = [self._origins(item, depth=depth) for item in value]  # pyright: ignore[reportUnknownVariableType]  # items may be anything here
            return set[int]().union(*found)
        if not dataclasses.is_dataclass(value) or depth == 0:
            return set()
        if (sequence := self.ledger.made(digest(value))) is not None:
            return {sequence}
        parts = tuple(getattr(value, field.name) for field in dataclasses.fields(value))
        return self._origins(parts, depth=depth - 1)


class _Desk:
    """The desk of one call: `modelwright.records.Desk`, and nothing more."""

    __slots__ = ("_key", "_step", "_work")

    def __init__(self, work: Work, step: str, key: str) -> None:
        self._work = work
        self._step = step
        self._key = key

    def read(self, blob: Blob) -> Any:
        """The blob's content: a polars DataFrame (table), numpy array, bytes or Path (file)."""
        return self._work.blobs.read(blob)

    def scan(self, blob: Blob) -> Iterator[Any]:
        """A table's rows in order, as polars DataFrames small enough for any memory."""
        return self._work.blobs.scan(blob)

    def keep(self, value: Any, kind: BlobKind) -> Blob:
        """Store a value under its content's digest; the same content is stored once."""
        return self._work.blobs.keep(value, kind)

    def note(self, message: str, **facts: Any) -> None:
        """Say what is happening. ``done`` and ``total`` among the facts drive a progress bar."""
        done, total = facts.pop("done", None), facts.pop("total", None)
        self._work.tell(StepNoted(step=self._step, message=message, done=done, total=total, facts=facts))

    def once(self, work: Callable[..., Result], *records: Any, **choices: Any) -> Result:
        """Recall ``work(desk, *records, **choices)`` if it was ever done, else do and record it."""
        call = call_of(work, records, choices)
        entry = self._work.recall(call) or self._work.do(call, step=self._step, parent=self._key)
        # Decoded also when just done: the first run and the recalled one see the same value.
        return entry.record
