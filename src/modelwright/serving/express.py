"""The commonest request, small and come whole, answered without ceremony.

Parsing HTTP in general costs more than most models. A head that fits one strict pattern is read by that
pattern; everything else, and everything in doubt, takes the ordinary way through h11.
"""

from __future__ import annotations

import asyncio
import functools
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11

from .answers import Answers
from .batching import Waiting
from .http import Application, Reading
from .letters import Head, read_letter
from .protocol import PatientProtocol
from .replies import CUT_OFF, Headers, Reply, fixed_headers
from .stage import Stage

START_LINES = {one.value: b"HTTP/1.1 %d %b" % (one, one.phrase.encode()) for one in HTTPStatus}


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class _Letter:
    """A letter being answered: what it is about, and its place in the queue."""

    stage: Stage
    head: Head
    identity: str
    start: float
    waiting: Waiting
    reading: Reading


class ExpressProtocol(PatientProtocol):
    """h11 for whoever needs it, and an express lane for whoever does not."""

    _application: Application
    _letter: _Letter | None = None
    _next: bytes = b""
    _alarm: asyncio.TimerHandle | None = None
    _rested: float = 0.0
    _express_only: bool = False  # nothing has gone through h11 since it was seen idle

    def connection_made(self, transport: Any) -> None:
        """Someone knocked."""
        self._application = self.config.app  # pyright: ignore[reportAttributeAccessIssue]  # ours
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came: a whole request for the express lane, or anything else."""
        if self._letter is not None:  # sent before the last answer was taken: one after the other
            self._next += data
            self.flow.pause_reading()
        elif not (self._is_idle() and self._expressed(data)):
            self._express_only = False
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """They left; nobody waits for the answer any more."""
        if self._letter is not None:
            self._letter.waiting.gone = True
            self._application.hold.give(self._letter.head.length)
            self._letter = None
        if self._alarm is not None:
            self._alarm.cancel()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        """Whether h11 is between two requests, with nothing begun and nothing left to write."""
        if self.flow.write_paused:
            return False
        if self._express_only:
            return True
        done = self.cycle is None or self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]  # None at first
        idle = self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE
        self._express_only = done and idle and not self.conn.trailing_data[0]
        return self._express_only

    def _expressed(self, data: bytes) -> bool:
        letter = read_letter(data)
        if letter is None:
            return False
        head, body = letter
        application, start = self._application, time.perf_counter()
        stage = application.stage
        asked = application.ask_quickly(stage, head, body, self._answered)
        if asked is None:
            return False
        self._unset_keepalive_if_required()
        self._disarm()
        identity = application.identity(head.identity)
        if isinstance(asked, Reply):
            self._write(stage, head.pattern, identity, start, asked)
        else:
            self._letter = _Letter(stage, head, identity, start, *asked)
        return True

    def _answered(self, answers: Answers | Exception) -> None:
        letter = self._letter
        assert letter is not None  # whoever has left is not told
        self._letter = None
        self._application.hold.give(letter.head.length)
        reply = self._application.answered_quickly(
            letter.stage, letter.identity, letter.head, letter.reading, answers
        )
        self._write(letter.stage, letter.head.pattern, letter.identity, letter.start, reply)
        if self._next and not self.transport.is_closing():
            data, self._next = self._next, b""
            self.flow.resume_reading()
            self.data_received(data)

    def _write(self, stage: Stage, pattern: str, identity: str, start: float, reply: Reply) -> None:
        self._application.metrics.answered(pattern, reply.status, time.perf_counter() - start)
        close = self._application.state.stopping or reply.status in CUT_OFF
        defaults = tuple(self.server_state.default_headers)
        fixed = fixed_lines(reply.status, reply.kind, reply.headers, stage.header, defaults, close)
        self.transport.write(rendered(fixed, identity, reply.body))
        if close:
            self.transport.close()
        else:
            self._rest()

    def _rest(self) -> None:
        """Nothing to do until the next request; one timer serves many rests."""
        self._rested = self.loop.time()
        if self._alarm is None:
            self._alarm = self.loop.call_later(self.timeout_keep_alive, self._wake)

    def _wake(self) -> None:
        self._alarm = None
        if self._letter is not None or not self._is_idle() or self.timeout_keep_alive_task is not None:
            return  # busy, or uvicorn's own clock runs; resting begins anew after it
        left = self._rested + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._alarm = self.loop.call_later(left, self._wake)
        else:
            self.timeout_keep_alive_handler()


@functools.lru_cache(maxsize=64)  # they change once a second, with the date, and with the release
def fixed_lines(
    status: int, kind: str, more: Headers, release: bytes, defaults: Headers, close: bool
) -> bytes:
    """A response's head but for its length and the request's identity.

    Args:
        more: the response's own headers. defaults: the server's.
    """
    lines = [name + b": " + value for name, value in (*defaults, *fixed_headers(release, kind, more))]
    if close:
        lines.append(b"connection: close")
    return b"\r\n".join([START_LINES[status], *lines])


def rendered(fixed: bytes, identity: str, body: bytes) -> bytes:
    """A response as it goes over the wire."""
    own = (fixed, len(body), identity.encode("ascii"), body)
    return b"%b\r\ncontent-length: %d\r\nx-request-id: %b\r\n\r\n%b" % own
