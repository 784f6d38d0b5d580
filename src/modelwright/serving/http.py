"""The model's HTTP face: which path is answered how."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Collection, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from .answers import Answers, answer_objects
from .batching import Tell, Waiting
from .body import read_rows
from .guarding import Tokens
from .inference import HEAD_LENGTH, Asked, read_asked, write_answer
from .metrics import KIND, Metrics
from .prediction_log import Entry, PredictionLog
from .problems import Problem
from .receiving import Gone, Hold, Message, Receive, Request, Send, linger
from .refusals import busy, no_such, no_such_model, no_token, our_fault, stopping, wrong_method
from .release import Release
from .replies import CUT_OFF, REQUEST_HEADER, Headers, Reply, fixed_headers, refusal
from .rows import Cells, Row
from .stage import Stage

INLINE_BYTES = 16 * 1024  # smaller bodies are read in less time than handing them to a thread takes
LARGE_ANSWER_BYTES = 64 * 1024  # such an answer is held, and counted, until the caller has taken it
MAX_LARGE = 32  # large bodies in work at a time, from reading to answer; more would be answered too late
MAX_CONNECTIONS = 4096
MAX_IDENTITY_CHARACTERS = 128
IDENTITY = re.compile(rb"[\x21-\x7e]+")
READ_ONLY = ("GET", "HEAD")
OPEN = frozenset(("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"))  # probes carry no token
READINESS = frozenset(("/readyz", "/v2/health/ready", "/v2/models/{model}/ready"))
MODEL_PATH = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(/ready|/infer)?")

logger = logging.getLogger(__name__)


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class Quick:
    """What was asked in the express lane: its place in the queue, its rows for the log, whether one alone."""

    waiting: Waiting
    rows: list[Row]
    single: bool


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
    """

    def __init__(
        self,
        release: Release,
        state: State | None = None,
        tokens: Tokens | None = None,
        log: PredictionLog | None = None,
    ) -> None:
        self.state = state or State()
        self.tokens = tokens
        self.log = log
        self.metrics = Metrics()
        self.hold = Hold()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._large = 0
        self._prefix = os.urandom(4).hex()
        self._numbers = itertools.count(1)
        self._asks: dict[str, Callable[[Request], Awaitable[Reply]]] = {
            "/predict": self._predict,
            "/v2/models/{model}/infer": self._infer,
        }
        self.stage = self.staged(release)

    def staged(self, release: Release) -> Stage:
        """A release made ready to be put on `stage`; nobody is asked to wait meanwhile."""
        return Stage(release, self._thread, self.metrics.ran, secured=self.tokens is not None)

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
            pattern = _pattern(request.path)
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
        allowed = ("POST",) if pattern in self._asks else READ_ONLY
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
            _named(request)
        if pattern in self._asks:
            self._hold_off(int(request.headers.get(b"content-length", b"0")))
            return await self._asks[pattern](request)
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

    async def _predict(self, request: Request) -> Reply:
        body, stage = await request.body(), request.stage
        with self._in_work(len(body)):
            rows, cells, single = await self._apart(len(body), self._read_predict, stage, body)
            return self.predicted(stage, await self._asked(request, rows, cells, len(body)), single)

    def _read_predict(self, stage: Stage, body: bytes) -> tuple[list[Row], list[Cells], bool]:
        rows, single = read_rows(body)
        cells = stage.release.schema.read(rows)
        return self._logged(rows), cells, single

    def predicted(self, stage: Stage, answers: Answers, single: bool) -> Reply:
        """The JSON answer to rows, or to a single one."""
        objects = answer_objects(stage.release.manifest, answers)
        return Reply(200, msgspec.json.encode(objects[0] if single else objects))

    async def _infer(self, request: Request) -> Reply:
        body, stage = await request.body(), request.stage
        length = request.headers.get(HEAD_LENGTH)
        with self._in_work(len(body)):
            asked, rows, cells = await self._apart(len(body), self._read_infer, stage, body, length)
            answers = await self._asked(request, rows, cells, len(body))
            return write_answer(stage.release.manifest, stage.model, stage.version, asked, answers)

    def _read_infer(
        self, stage: Stage, body: bytes, length: bytes | None
    ) -> tuple[Asked, list[Row], list[Cells]]:
        asked, rows = read_asked(body, length)
        cells = stage.release.schema.read(rows)
        for tensor in asked.inputs:
            tensor.data = None  # read; large ones would only lie in memory while the request waits
        return asked, self._logged(rows), cells

    def _logged(self, rows: list[Row]) -> list[Row]:
        """The rows, where there is a log to write them to: as objects they take ten times their bytes."""
        return rows if self.log is not None else []

    async def _asked(self, request: Request, rows: list[Row], cells: list[Cells], size: int) -> Answers:
        stage = request.stage
        answers = await stage.batcher.answers(cells, size)
        self.wrote_down(stage, request.identity, rows, answers, size)
        return answers

    def wrote_down(self, stage: Stage, identity: str, rows: list[Row], answers: Answers, size: int) -> None:
        """Count answered rows, and log them where there is a log."""
        self.metrics.rows[stage.label] += len(answers.prediction)
        if self.log is not None:
            self.log.put(Entry(time.time(), identity, stage.label, rows, answers, size))

    async def _apart(self, size: int, work: Callable[..., Any], *arguments: Any) -> Any:
        """Done at once where it is little, else in the thread."""
        if size <= INLINE_BYTES:
            return work(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

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
        self, stage: Stage, body: bytes, authorization: bytes | None, max_rows: int, tell: Tell
    ) -> Quick | Reply | None:
        """A body of POST /predict that came whole: in the queue, refused, or None: too many rows.

        Its bytes are held, where answers are to come, until the caller gives them back.

        Args:
            tell: called with the answers.
        """
        try:
            if len(self.state.connections) > MAX_CONNECTIONS:
                raise busy(f"more than {MAX_CONNECTIONS} connections")
            self.admit(authorization)
            rows, single = read_rows(body)
            if len(rows) > max_rows:
                return None
            cells = stage.release.schema.read(rows)
            self.hold.has_room(len(body))
            waiting = stage.batcher.submit(cells, len(body), tell)
            self.hold.held_bytes += len(body)
            return Quick(waiting, self._logged(rows), single)
        except Exception as error:  # noqa: BLE001  # told as a refusal, and logged where it is ours
            return self._failed(error, stage, "/predict")

    def answered_quickly(
        self,
        stage: Stage,
        identity: str,
        asked: Quick,
        answers: Answers | Exception,
        size: int,
    ) -> Reply:
        """The reply to what was asked quickly."""
        if isinstance(answers, Exception):
            return self._failed(answers, stage, "/predict")
        try:
            self.wrote_down(stage, identity, asked.rows, answers, size)
            return self.predicted(stage, answers, asked.single)
        except Exception as error:  # noqa: BLE001  # told as a refusal, and logged where it is ours
            return self._failed(error, stage, "/predict")

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


def _pattern(path: str) -> str:
    """The kind of path, with ``{model}`` for the model's name; ``other`` where there is none."""
    found = MODEL_PATH.fullmatch(path)
    if found:
        return "/v2/models/{model}" + (found[3] or "")
    return path if path in PATHS else "other"


def _named(request: Request) -> None:
    found = MODEL_PATH.fullmatch(request.path)
    if found and not request.stage.is_named(found[1], found[2]):
        raise no_such_model(found[1], request.stage.model)


PATHS = frozenset(
    ("/", "/predict", "/schema", "/openapi.json", "/healthz", "/readyz", "/metrics", "/v2")
) | OPEN  # fmt: skip
