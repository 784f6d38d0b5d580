"""What has been done here, and what should be done next: the one door to a project folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from modelwright.errors import UsageError
from modelwright.ledger.blobs import BlobStore
from modelwright.ledger.entries import Entry, Ledger
from modelwright.ledger.lock import Holder, WriteLock
from modelwright.ledger.seals import openings_of
from modelwright.project.adoption import adopt, source_of
from modelwright.project.calls import call_of
from modelwright.project.desk import Work
from modelwright.project.events import Listener, StepFinished, StepStarted, WaitingForWriter
from modelwright.project.folder import LEDGER, STATE, make_project_folder, require_project
from modelwright.project.page import ledger_table
from modelwright.records import Blob, Opening, Source, step_name

Result = TypeVar("Result")

# Long enough for a command that only recalls; a training is better told of than waited for.
WAIT_SECONDS = 30.0


class Project:
    """A folder with a ledger: runs steps, recalls what it already did, and is the only writer.

    Args:
        folder: an existing project folder.
        listener: called with what happens, see `modelwright.project.events`.

    Raises:
        ProjectError: the folder is no project; the nearest one is named.
        CorruptError: the ledger is broken.
        StorageError: the folder cannot be written.
    """

    def __init__(self, folder: str | PathLike[str], listener: Listener | None = None) -> None:
        self.folder = Path(folder).expanduser()
        require_project(self.folder)
        state = self.folder / STATE
        ledger = Ledger(state / LEDGER)
        self._work = Work(ledger=ledger, blobs=BlobStore(state / "blobs"), listener=listener)
        self._lock = WriteLock(state)
        self._threads = threading.RLock()
        self._writers = 0

    @classmethod
    def open(cls, folder: str | PathLike[str], listener: Listener | None = None) -> Project:
        """Open an existing project.

        Raises:
            ProjectError: the folder is no project; the nearest one is named.
        """
        return cls(folder, listener=listener)

    @classmethod
    def create(cls, folder: str | PathLike[str], listener: Listener | None = None) -> Project:
        """Make the folder a project and open it; one that already is a project is only opened.

        Raises:
            ProjectError: a file of that name is in the way.
            StorageError: the folder cannot be made.
        """
        path = Path(folder).expanduser()
        make_project_folder(path)
        Ledger(path / STATE / LEDGER).close()
        return cls(path, listener=listener)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.absolute().name

    def run(self, step: Callable[..., Result], *records: Any, **choices: Any) -> Result:
        """Recall what the step came to on these records and choices, or do it and record it.

        Args:
            step: a plain function ``step(desk, *records, **choices) -> record``.
            records: records, tuples of records, or None.
            choices: plain values.

        Raises:
            ProjectBusy: another process is writing.
            UsageError: the step does not take these arguments, or returned no record.
        """
        call = call_of(step, records, choices)
        with self.writing():
            self._work.tell(StepStarted(step=call.step))
            entry = self._work.recall(call)
            recalled = entry is not None
            if entry is None:
                entry = self._work.do(call, step=call.step)
            else:
                self._work.ledger.recall(entry)
            record = entry.record
            self._work.tell(
                StepFinished(step=call.step, recalled=recalled, seconds=entry.seconds, record=record)
            )
        return record

    def adopt(self, data: Any) -> Source:
        """Copy a file, DataFrame or dict of arrays in, byte for byte; known content is only read.

        Raises:
            SourceError: it cannot be read.
            StorageError: the disk is full or the folder cannot be written.
            ProjectBusy: another process is writing.
        """
        with self.writing():
            return self.run(adopt, source_of(self._work.blobs, data))

    def read(self, blob: Blob) -> Any:
        """The blob's content: a polars DataFrame (table), numpy array, bytes or Path (file).

        Raises:
            CorruptError: the stored file is missing or not what its digest says.
        """
        return self._work.blobs.read(blob)

    def table_file(self, blob: Blob) -> Path:
        """The Parquet file of a table, for whoever asks a few of its rows and would not hold them all.

        Raises:
            CorruptError: the stored file is missing or not what its digest says.
        """
        return self._work.blobs.intact_path(blob)

    def history(self) -> list[Entry]:
        """All that was done, oldest first; parts of a step (`Entry.parent`) stand before the step."""
        return self._work.ledger.history()

    def steps(self) -> list[str]:
        """The names of all steps done, parts of steps included."""
        return self._work.ledger.steps()

    def entry(self, step: str | Callable[..., Any]) -> Entry | None:
        """What the step's last call came to, done or recalled; None if it was never done.

        Args:
            step: ``develop.tune``, just ``tune``, or the function.
        """
        name = step if isinstance(step, str) else step_name(step)
        if (entry := self._work.ledger.last(name)) is not None or "." in name:
            return entry
        full = [known for known in self.steps() if known.rpartition(".")[2] == name]
        return self._work.ledger.last(full[0]) if full else None

    def last(self, step: str | Callable[..., Any]) -> Any:
        """The record of `entry`; None if the step was never done."""
        entry = self.entry(step)
        return None if entry is None else entry.record

    def openings(self, seal: str) -> tuple[Opening, ...]:
        """Every look at what is sealed under this name, the first one first."""
        return openings_of(self._work.ledger.database, seal)

    @contextmanager
    def reopening(self, reason: str) -> Generator[Project]:
        """Let what was looked at before be looked at again, and write down why.

        Raises:
            UsageError: no reason is given.
        """
        if not reason.strip():
            raise UsageError(
                where="--reopen",
                expected="why the sealed test part must be opened again, in words",
                received="nothing",
                do_this='Say it: --reopen "the labels of June were mended".',
            )
        self._work.reopening.append(reason.strip())
        try:
            yield self
        finally:
            self._work.reopening.pop()

    @contextmanager
    def writing(self, wait_seconds: float = WAIT_SECONDS) -> Generator[Project]:
        """Be the only writer for as long as this lasts; `run` and `adopt` do so by themselves.

        Raises:
            ProjectBusy: another process did not let go within `wait_seconds`.
        """
        self._begin_writing(wait_seconds)
        try:
            yield self
        finally:
            self._end_writing()

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.release()
        self._work.ledger.close()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Project({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        return ledger_table(self.name, (entry for entry in self.history() if entry.parent is None))

    def _begin_writing(self, wait_seconds: float) -> None:
        with self._threads:
            if self._writers == 0:
                self._lock.acquire(wait_seconds, waiting=self._tell_waiting)
                # Whoever left these was killed: a living writer would hold the lock.
                self._work.blobs.clean()
            self._writers += 1

    def _end_writing(self) -> None:
        with self._threads:
            self._writers -= 1
            if self._writers == 0:
                self._lock.release()

    def _tell_waiting(self, holder: Holder) -> None:
        self._work.tell(WaitingForWriter(pid=holder.pid, since_utc=holder.since_utc))
