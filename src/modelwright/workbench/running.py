"""Is a run going on, and what has it told? One at a time, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

STOP_SECONDS = 15.0
"""How long a run that was asked to stop may take; what it had finished is on the ledger either way."""

MAX_EVENTS = 5_000
"""Events kept for who opens the page later; the newest."""

Event = dict[str, Any]


class Runner:
    """Starts and stops the run of one project, and tells whoever listens what it says.

    Args:
        folder: the project's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._forgotten = 0
        self.events: list[Event] = []

    @property
    def goes_on(self) -> bool:
        """Whether a run started here is not over."""
        return self._reading is not None and not self._reading.done()

    @property
    def step(self) -> str:
        """The step that is being done now; empty where none is."""
        if not self.goes_on:
            return ""
        for event in reversed(self.events):
            if event["kind"] in ("started", "noted"):
                return event["step"]
            if event["kind"] == "finished":
                return ""
        return ""

    async def start(self, seconds: float) -> bool:
        """Start a run; False where one goes on."""
        if self.goes_on:
            return False
        self._forgotten += len(self.events)
        self.events = []
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "modelwright.workbench.child",
            str(self._folder),
            str(seconds),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._reading = asyncio.create_task(self._read(self._process))
        return True

    async def stop(self) -> None:
        """Ask the run to stop, as Ctrl-C does, and end it where it does not."""
        if self._process is None or self._reading is None or self._reading.done():
            return
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.terminate()  # the ledger takes no harm: a step is on it whole or not at all
            else:
                self._process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(asyncio.shield(self._reading), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.over()

    async def over(self) -> None:
        """Wait until the run, if one goes on, has said its last and its process is gone."""
        if self._reading is not None:
            await self._reading

    async def follow(self) -> AsyncGenerator[Event]:
        """Every event of the run that goes on, from its first; then those of the next."""
        seen = self._forgotten
        while True:
            async with self._news:
                while seen >= self._forgotten + len(self.events):
                    await self._news.wait()
                seen = max(seen, self._forgotten)
                new = self.events[seen - self._forgotten :]
                seen += len(new)
            for event in new:
                yield event

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        complaints = asyncio.create_task(process.stderr.read())
        last = ""
        async for line in process.stdout:
            with contextlib.suppress(json.JSONDecodeError):  # what a user's own model prints is no event
                event = json.loads(line)
                if isinstance(event, dict) and "kind" in event:
                    last = event["kind"]
                    await self._tell(event)
        status, said = await process.wait(), (await complaints).decode(errors="replace")
        if last not in ("ended", "failed", "stopped"):
            await self._tell(_broken_off(status, said))

    async def _tell(self, event: Event) -> None:
        async with self._news:
            self.events.append(event)
            if len(self.events) > MAX_EVENTS:
                del self.events[0]
                self._forgotten += 1
            self._news.notify_all()


def _broken_off(status: int, said: str) -> Event:
    """The event of a run that ended without a word."""
    if status in (-signal.SIGINT, 128 + signal.SIGINT):
        return {"kind": "stopped"}
    lines = said.strip().splitlines()
    return {
        "kind": "failed",
        "where": "the run's process",
        "expected": "to end with a result",
        "received": f"exit status {status}; it last said: {lines[-1] if lines else 'nothing'}",
        "do_this": "Run it in a terminal to see more: modelwright run PROJECT. What was done is recalled.",
    }
