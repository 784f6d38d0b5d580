"""Another release put on stage while requests come in; a broken one never is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .http import Application
from .manifest import Field, Manifest
from .problems import Problem, ReleaseProblem
from .release import Release

Signature = tuple[tuple[str, int, int, int], ...]

logger = logging.getLogger(__name__)


class Swapper:
    """Loads the release folder again when asked to, and swaps what is on stage.

    The new release is read, checked and tried on its golden rows beside the old one, which answers
    meanwhile. Requests that have begun are finished by the release they began with.

    Args:
        folder: the release, or a symbolic link to it that is pointed elsewhere.
        watching: whether the folder's files are looked at for a change, besides being told.
        announce: told in words what came of a swap.
    """

    def __init__(
        self,
        folder: Path,
        application: Application,
        announce: Callable[[str], None],
        *,
        watching: bool = False,
    ) -> None:
        self._folder = folder
        self._application = application
        self._announce = announce
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="swap")
        self._work: asyncio.Task[None] | None = None
        self._asked = False
        self._watching = watching
        self._seen = signature(folder) if watching else ()

    def ask(self) -> None:
        """Load the folder again at the next tick; may be called from a signal handler."""
        self._asked = True

    def tick(self, *, look: bool) -> None:
        """Begin a swap that was asked for, unless one is under way.

        Args:
            look: whether it is time to look at the folder, where it is watched.
        """
        if self._work is not None and not self._work.done():
            return
        if look and self._watching:
            now = signature(self._folder)
            self._asked = self._asked or now != self._seen
            self._seen = now
        if self._asked:
            self._asked = False
            self._work = asyncio.create_task(self._swap())

    async def _swap(self) -> None:
        application, before = self._application, self._application.stage
        loop = asyncio.get_running_loop()
        try:
            release = await loop.run_in_executor(self._thread, Release.load, self._folder)
            hold_compatible(before.release.manifest, release.manifest)
            application.stage = await loop.run_in_executor(self._thread, application.staged, release)
        except Problem as problem:
            self._refused(before.label, str(problem))
        except Exception:
            logger.exception("a new release could not be loaded")
            self._refused(before.label, "it could not be loaded")
        else:
            application.metrics.swaps["swapped"] += 1
            self._announce(f"{before.label} -> {application.stage.label}")

    def _refused(self, label: str, why: str) -> None:
        self._application.metrics.swaps["refused"] += 1
        self._announce(f"{label} stays on stage. {why}")


def hold_compatible(old: Manifest, new: Manifest) -> None:
    """Refuse a release that would refuse, or answer in another shape, what callers send today.

    Raises:
        ReleaseProblem: it would.
    """
    known = {field.name: field for field in new.inputs}
    was = {field.name for field in old.inputs}
    for field in old.inputs:
        if field.name not in known or not _takes(known[field.name], field):
            raise _other(f"the field '{field.name}', as it is")
    for field in new.inputs:
        if field.required and field.name not in was:
            raise _other(f"no new required field ('{field.name}')")
    if (old.kind, set(old.classes), old.targets) != (new.kind, set(new.classes), new.targets):
        raise _other("the same kind of answer: classes, or targets")


def _takes(new: Field, old: Field) -> bool:
    same = (new.dtype, new.date_format) == (old.dtype, old.date_format)
    return same and (old.required or not new.required)


def _other(expected: str) -> ReleaseProblem:
    return ReleaseProblem(
        where="the new release, manifest.json",
        expected=expected,
        received="another schema",
        do_this="Start it as a server of its own, and move the callers over.",
    )


def signature(folder: Path) -> Signature:
    """What would change if a file of the folder did; empty while the folder is not there."""
    try:
        found = [(path.name, path.stat()) for path in sorted(folder.rglob("*"))]
    except OSError:  # a file went away between listing and looking: it will differ next time
        return ()
    return tuple((name, stat.st_ino, stat.st_mtime_ns, stat.st_size) for name, stat in found)
