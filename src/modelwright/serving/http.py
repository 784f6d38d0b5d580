"""The model's HTTP face: which path is answered how."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import time
from collections.abc import Callable, Collection, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from .answers import Answers, answer_objects
from .batching import Tell, Waiting
from .body import read_rows
from .guarding import Tokens
from .inference import HEAD_LENGTH, Wish, read_asked, write_answer
from .letters import Head
from .metrics import KIND, Metrics
from .paths import OPEN, PREDICT, READINESS, TENSORS, hold_named, path_pattern
from .prediction_log import Entry, PredictionLog
from .problems import Problem
from .receiving import INLINE_BYTES, Gone, Hold, Message, Receive, Request, Send, linger
from .refusals import busy, no_such, no_token, our_fault, stopping, wrong_method
from .release import Release
from .replies import CUT_OFF, REQUEST_HEADER, Headers, Reply, fixed_headers, refusal
from .rows import Cells, Row
from .stage import Stage

MAX_EXPRESS_ROWS = 64  # more make an answer large enough to be held and counted
LARGE_ANSWER_BYTES = 64 * 1024  # such an answer is held, and counted, until the caller has taken it
MAX_LARGE = 32  # large bodies in work at a time, from reading to answer; more would be answered too late
MAX_CONNECTIONS = 4096
MAX_IDENTITY_CHARACTERS = 128
IDENTITY = re.compile(rb"[\x21-\x7e]+")
READ_ONLY = ("GET", "HEAD")

logger = logging.getLogger(__name__)


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class Reading:
    """A body that was read.

    Args:
        rows: as they came, for the log; empty where there is none.
        cells: as the model means them.
        single: whether it was one row, no list. wish: what is to come back of tensors; None of rows.
    """

    rows: list[Row]
    cells: list[Cells]
    single: bool
    wish: Wish | None


@dataclass(slots=True)
class State:
    """What the server and the application tell each other.

    Args:
        stopping: turns true at SIGTERM and stays so.
        connections: the open ones.
    """

    stopping: bool = False
    connections: Collection[Any] = ()


class Application:
    """An ASGI application around the release on stage.

    Args:
        release: the model that answers first.
        state: shared with the server that may ask it to stop.
        tokens: who may ask; none lets everybody.
        log: where answered rows are written down; none writes nothing.
        parallel: long runs of the model at a time.
    """

    def __init__(
        self,
        release: Release,
        state: State | None = None,
        tokens: Tokens | None = None,
        log: PredictionLog | None = None,
        parallel: int = 1,
    ) -> None:
        self.state = state or State()
        self.tokens = tokens
        self.log = log
        self.metrics = Metrics()
        self.hold = Hold()
        self._parallel = parallel
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="model")
        self._large = 0
        self._prefix = os.urandom(4).hex()
        self._numbers = itertools.count(1)
        self._readers: dict[str, Callable[[Stage, bytes, bytes | None], Reading]] = {
            PREDICT: self._read_predict,
            TENSORS: self._read_infer,
        }
        self.stage = self.staged(release)

    def staged(self, release: Release) -> Stage:
        """A release made ready to be put on `stage`; nobody is asked to wait meanwhile."""
        secured = self.tokens is not None
        return Stage(release, self._threads, self._parallel, self.metrics.ran, secured=secured)

    def on_stage(self) -> tuple[str, bytes]:
        """The label of the release that answers now, and as a header."""
        return self.stage.label, self.stage.header

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        start = time.perf_counter()
        request = self._arrived(scope, receive)
        pattern = "other"
        try:
            pattern, reply = await self._answered(request)
            self.metrics.answered(pattern, reply.status, time.perf_counter() - start)
            await self._send(request, reply, send)
        except Gone:
            return
        finally:
            self.hold.give(request.held_bytes)

    def _arrived(self, scope: Message, receive: Receive) -> Request:
        headers = dict(scope["headers"])
        identity = self.identity(headers.get(REQUEST_HEADER))
        return Request(scope["method"], scope["path"], headers, receive, self.stage, identity, self.hold)

    def identity(self, given: bytes | None) -> str:
        """The caller's name for its request, if it is one; else one of ours."""
        if given and len(given) <= MAX_IDENTITY_CHARACTERS and IDENTITY.fullmatch(given):
            return given.decode("ascii")
        return f"{self._prefix}-{next(self._numbers):x}"

    async def _answered(self, request: Request) -> tuple[str, Reply]:
        """The path's pattern, and the reply: an answer or a refusal, never an exception but Gone."""
        pattern = "other"
        try:
            pattern = path_pattern(request.path)
            self._admit(request, pattern)
            return pattern, await self._reply(request, pattern)
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001  # told as a refusal, and logged where it is ours
            return pattern, self._failed(error, request.stage, request.path)

    def _admit(self, request: Request, pattern: str) -> None:
        if len(self.state.connections) > MAX_CONNECTIONS:
            raise busy(f"more than {MAX_CONNECTIONS} connections")
        if pattern not in OPEN:
            self.admit(request.headers.get(b"authorization"))
        if pattern == "other":
            raise no_such(request.path)
        allowed = ("POST",) if pattern in self._readers else READ_ONLY
        if request.method not in allowed:
            raise wrong_method(request.path, request.method, allowed)

    def admit(self, authorization: bytes | None) -> None:
        """Let in who brings a token, where tokens are asked for.

        Raises:
            RequestProblem: the token is missing or not known (401).
        """
        if self.tokens is not None and not self.tokens.know(authorization):
            raise no_token()

    async def _reply(self, request: Request, pattern: str) -> Reply:
        if "{model}" in pattern:
            hold_named(request.stage, request.path)
        if pattern in self._readers:
            self._hold_off(int(request.headers.get(b"content-length", b"0")))
            return await self._asked(request, self._readers[pattern])
        if pattern in READINESS and self.state.stopping:
            raise stopping()
        if pattern == "/metrics":
            return Reply(200, self.metrics.text(request.stage.label, self._gauges()), KIND)
        return request.stage.pages[pattern]

    def _gauges(self) -> dict[str, float]:
        log = self.log
        logged = {"logged_rows_total": log.written, "log_dropped_rows_total": log.dropped} if log else {}
        return {
            **logged,
            "connections": len(self.state.connections),
            "waiting_requests": self.stage.batcher.waiting,
            "held_bytes": self.hold.held_bytes,
        }

    async def _asked(self, request: Request, read: Callable[[Stage, bytes, bytes | None], Reading]) -> Reply:
        body, stage = await request.body(), request.stage
        size, length = len(body), request.headers.get(HEAD_LENGTH)
        with self._in_work(size):
            reading = await self._apart(size, read, stage, body, length)
            answers = await request.while_here(stage.batcher.answers(reading.cells, size))
            return self._told(stage, request.identity, reading, answers, size)

    def _read_predict(self, stage: Stage, body: bytes, _: bytes | None) -> Reading:
        rows, single = read_rows(body)
        return Reading(self._logged(rows), stage.release.schema.read(rows), single, None)

    def _read_infer(self, stage: Stage, body: bytes, length: bytes | None) -> Reading:
        wish, rows = read_asked(body, length)
        return Reading(self._logged(rows), stage.release.schema.read(rows), False, wish)

    def _logged(self, rows: list[Row]) -> list[Row]:
        """The rows, where there is a log to write them to: as objects they take ten times their bytes."""
        return rows if self.log is not None else []

    def _told(self, stage: Stage, identity: str, reading: Reading, answers: Answers, size: int) -> Reply:
        """The answers as a reply; counted, and logged where there is a log."""
        self.metrics.rows[stage.label] += len(answers.prediction)
        if self.log is not None:
            self.log.put(Entry(time.time(), identity, stage.label, reading.rows, answers, size))
        manifest = stage.release.manifest
        if reading.wish is not None:
            return write_answer(manifest, stage.model, stage.version, reading.wish, answers)
        objects = answer_objects(manifest, answers)
        return Reply(200, msgspec.json.encode(objects[0] if reading.single else objects))

    async def _apart(self, size: int, work: Callable[..., Any], *arguments: Any) -> Any:
        """Done at once where it is little, else in the thread."""
        if size <= INLINE_BYTES:
            return work(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _hold_off(self, size: int) -> None:
        """Refuse a large body before work is spent on it, where as many as can be answered are in work."""
        if size > INLINE_BYTES and self._large >= MAX_LARGE:
            raise busy(f"{MAX_LARGE} large bodies are in work already")

    @contextmanager
    def _in_work(self, size: int) -> Generator[None]:
        """Counts a large body from its reading to its answer."""
        self._hold_off(size)
        large = int(size > INLINE_BYTES)
        self._large += large
        try:
            yield
        finally:
            self._large -= large

    def ask_quickly(
        self, stage: Stage, head: Head, body: bytes, tell: Tell
    ) -> tuple[Waiting, Reading] | Reply | None:
        """A small body that came whole: in the queue, refused, or None: not for the express lane.

        Its bytes are held, where answers are to come, until the caller gives them back.

        Args:
            tell: called with the answers.
        """
        try:
            if len(self.state.connections) > MAX_CONNECTIONS:
                raise busy(f"more than {MAX_CONNECTIONS} connections")
            if self.tokens is not None:
                self.admit(head.authorization)
            if head.pattern is not PREDICT:
                hold_named(stage, head.path)
            reading, size = self._readers[head.pattern](stage, body, head.head_length), len(body)
            if len(reading.cells) > MAX_EXPRESS_ROWS:
                return None
            self.hold.has_room(size)
            waiting = stage.batcher.submit(reading.cells, size, tell)
            self.hold.held_bytes += size
            return waiting, reading
        except Exception as error:  # noqa: BLE001  # told as a refusal, and logged where it is ours
            return self._failed(error, stage, head.path)

    def answered_quickly(
        self, stage: Stage, identity: str, head: Head, reading: Reading, answers: Answers | Exception
    ) -> Reply:
        """The reply to what was asked quickly."""
        if isinstance(answers, Exception):
            return self._failed(answers, stage, head.path)
        try:
            return self._told(stage, identity, reading, answers, head.length)
        except Exception as error:  # noqa: BLE001  # told as a refusal, and logged where it is ours
            return self._failed(error, stage, head.path)

    def _failed(self, error: Exception, stage: Stage, path: str) -> Reply:
        problem = error if isinstance(error, Problem) else our_fault()
        if problem is not error:
            logger.error("a request to %s failed", path, exc_info=error)
        return refusal(problem, stage.label, in_words=path.startswith("/v2"))

    def headers(self, stage: Stage, identity: str, reply: Reply) -> Headers:
        """What every response carries, and this one's own."""
        return (
            *fixed_headers(stage.header, reply.kind, reply.headers),
            (b"content-length", b"%d" % len(reply.body)),
            (REQUEST_HEADER, identity.encode("ascii")),
        )

    async def _send(self, request: Request, reply: Reply, send: Send) -> None:
        refused, large = reply.status in CUT_OFF, len(reply.body) > LARGE_ANSWER_BYTES
        if large:
            request.held_bytes += len(reply.body)  # counted, but never refused: the work is done
            self.hold.held_bytes += len(reply.body)
        headers = [*self.headers(request.stage, request.identity, reply)]
        if refused or self.state.stopping:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body, "more_body": refused or large})
        if refused and not request.is_whole:
            await linger(request.receive)
        if refused or large:  # a second message is sent only once the caller has taken the first
            await send({"type": "http.response.body", "body": b""})
