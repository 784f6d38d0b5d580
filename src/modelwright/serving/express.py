"""The commonest request, a small POST /predict that came whole, answered without ceremony.

Parsing HTTP in general costs more than most models. A head that fits one strict pattern is read by that
pattern; everything else, and everything in doubt, takes the ordinary way through h11.
"""

from __future__ import annotations

import asyncio
import functools
import re
import time
from dataclasses import dataclass
from http import HTTPStatus

import h11

from .answers import Answers
from .http import INLINE_BYTES, Application
from .protocol import PatientProtocol
from .replies import CUT_OFF, Headers, Reply
from .rows import Row
from .stage import Stage

# Any header but those that change how a body is framed or a connection goes on; names and values strict.
HEAD = re.compile(rb"POST /predict HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e]*\r\n)+)\r\n")
UNUSUAL = re.compile(
    rb"^(?:transfer-encoding|expect|upgrade|te:|trailer|proxy-|connection:(?![ \t]*keep-alive[ \t]*\r))",
    re.I | re.M,
)
LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,9})[ \t]*\r$", re.I | re.M)
HOST = re.compile(rb"^host:", re.I | re.M)
TOKEN = re.compile(rb"^authorization:[ \t]*([^\r]*?)[ \t]*\r$", re.I | re.M)
IDENTITY = re.compile(rb"^x-request-id:[ \t]*([^\r]*?)[ \t]*\r$", re.I | re.M)
START_LINES = {one.value: b"HTTP/1.1 %d %b" % (one, one.phrase.encode()) for one in HTTPStatus}
MAX_HEAD_BYTES = 8 * 1024
MAX_EXPRESS_ROWS = 64  # more make an answer large enough to be counted


@dataclass(frozen=True, slots=True)
class Head:
    """What a head says of its body, its caller and itself."""

    length: int
    authorization: bytes | None
    identity: bytes | None


def read_letter(data: bytes) -> tuple[Head, bytes] | None:
    """Head and body of a whole small POST /predict; None where it is not all, or anything is unusual."""
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES) + 4
    if end < 4 or len(data) - end > INLINE_BYTES or not data.startswith(b"POST /predict "):
        return None
    head = read_head(data[:end])
    return (head, data[end:]) if head is not None and head.length == len(data) - end else None


@functools.lru_cache(maxsize=1024)  # a caller's heads are alike but for few bytes, if any
def read_head(data: bytes) -> Head | None:
    """A head that only says what is usual, else None."""
    found = HEAD.fullmatch(data)
    if found is None or UNUSUAL.search(found[1]):
        return None
    head = found[1]
    lengths, token, identity = LENGTH.findall(head), TOKEN.findall(head), IDENTITY.findall(head)
    if len(lengths) != 1 or head.lower().count(b"content-length") != 1 or len(HOST.findall(head)) != 1:
        return None
    if len(token) > 1 or len(identity) > 1:
        return None
    return Head(int(lengths[0]), token[0] if token else None, identity[0] if identity else None)


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class _Under:
    """A letter being answered."""

    stage: Stage
    identity: str
    size: int
    single: bool
    start: float


class ExpressProtocol(PatientProtocol):
    """h11 for whoever needs it, and an express lane for whoever does not."""

    _future: asyncio.Future[Answers] | None = None
    _next: bytes = b""
    _alarm: asyncio.TimerHandle | None = None
    _rested: float = 0.0

    def data_received(self, data: bytes) -> None:
        """Bytes came: a whole request for the express lane, or anything else."""
        if self._future is not None:  # sent before the last answer was taken: one after the other
            self._next += data
            self.flow.pause_reading()
        elif not (self._is_idle() and self._expressed(data)):
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """They left; nobody waits for the answer any more."""
        if self._future is not None:
            self._future.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        """Whether h11 is between two requests, with nothing begun and nothing left to write."""
        done = self.cycle is None or self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]  # None at first
        idle = self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE
        return done and idle and not self.conn.trailing_data[0] and not self.flow.write_paused

    def _expressed(self, data: bytes) -> bool:
        letter = read_letter(data)
        if letter is None:
            return False
        head, body = letter
        application: Application = self.config.app  # pyright: ignore[reportAssignmentType]  # ours
        start, stage = time.perf_counter(), application.stage
        asked = application.ask_quickly(stage, body, head.authorization, MAX_EXPRESS_ROWS)
        if asked is None:
            return False
        self._unset_keepalive_if_required()
        self._disarm()
        identity = application.identity(head.identity)
        if isinstance(asked, Reply):
            self._write(application, _Under(stage, identity, 0, True, start), asked)
            return True
        future, rows, single = asked
        under = _Under(stage, identity, len(body), single, start)
        self._future = future
        future.add_done_callback(lambda done: self._answered(application, under, rows, done))
        return True

    def _answered(
        self, application: Application, under: _Under, rows: list[Row], done: asyncio.Future[Answers]
    ) -> None:
        self._future = None
        application.hold.give(under.size)
        if done.cancelled():
            return
        reply = application.answered_quickly(
            under.stage, under.identity, rows, done, size=under.size, single=under.single
        )
        self._write(application, under, reply)
        if self._next and not self.transport.is_closing():
            data, self._next = self._next, b""
            self.flow.resume_reading()
            self.data_received(data)

    def _write(self, application: Application, under: _Under, reply: Reply) -> None:
        application.metrics.answered("/predict", reply.status, time.perf_counter() - under.start)
        close = application.state.stopping or reply.status in CUT_OFF
        headers = (
            *self.server_state.default_headers,
            *application.headers(under.stage, under.identity, reply),
        )
        self.transport.write(rendered(reply, headers, close=close))
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
        if self._future is not None or not self._is_idle() or self.timeout_keep_alive_task is not None:
            return  # busy, or uvicorn's own clock runs; resting begins anew after it
        left = self._rested + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._alarm = self.loop.call_later(left, self._wake)
        else:
            self.timeout_keep_alive_handler()


def rendered(reply: Reply, headers: Headers, *, close: bool) -> bytes:
    """A response as it goes over the wire."""
    lines = [START_LINES[reply.status], *[name + b": " + value for name, value in headers]]
    if close:
        lines.append(b"connection: close")
    return b"\r\n".join([*lines, b"", reply.body])
