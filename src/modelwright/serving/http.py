"""The model's HTTP face: POST /predict, and a few pages that say how it is doing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from .answers import answer_objects
from .batching import Batcher
from .body import MAX_BODY_BYTES, read_rows
from .describing import PAGE_POLICY, describe, page
from .problems import Problem, RequestProblem
from .refusals import (
    BODY_SECONDS,
    MethodProblem,
    busy,
    no_such,
    our_fault,
    stopping,
    too_large,
    too_slow,
    wrong_method,
)
from .release import Release
from .rows import Tensors

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

INLINE_BYTES = 16 * 1024  # smaller bodies are read in less time than handing them to a thread takes
MAX_HELD_BYTES = 4 * MAX_BODY_BYTES  # bodies held at a time, all callers together; beyond it: 503
LINGER_SECONDS = 1.0  # a refused body is still read for so long, else the caller's write fails unanswered
LINGER_BYTES = 4 * MAX_BODY_BYTES
READ_ONLY = ("GET", "HEAD")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class State:
    """Whether the server takes new callers. ``stopping`` turns true at SIGTERM and stays so."""

    stopping: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One response, before it is sent."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Gone(Exception):
    """The caller hung up."""


class Application:
    """An ASGI application around one release.

    Args:
        release: the model that answers.
        state: shared with the server that may ask it to stop.
    """

    def __init__(self, release: Release, state: State | None = None) -> None:
        self.state = state or State()
        self._release = release
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._batcher = Batcher(release, self._thread)
        self._held_bytes = 0
        schema = describe(release)
        self._pages = {
            "/": Reply(200, page(release, schema), "text/html; charset=utf-8", _policy()),
            "/schema": Reply(200, msgspec.json.encode(schema)),
            "/healthz": Reply(200, msgspec.json.encode({"status": "ok", "model": release.manifest.name})),
        }
        self._ready = Reply(200, msgspec.json.encode({"ready": True, "model": release.manifest.name}))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        try:
            reply = await self._reply(scope, receive)
        except Gone:
            return
        except Problem as problem:
            reply = _refusal(problem)
        except Exception:
            logger.exception("a request to %s failed", scope["path"])
            reply = _refusal(our_fault())
        await self._send(reply, receive, send)

    async def _reply(self, scope: Message, receive: Receive) -> Reply:
        path, method = scope["path"], scope["method"]
        known = path in self._pages or path in ("/predict", "/readyz")
        if not known:
            raise no_such(path)
        allowed = ("POST",) if path == "/predict" else READ_ONLY
        if method not in allowed:
            raise wrong_method(path, method, allowed)
        if path == "/predict":
            return await self._predict(scope, receive)
        if path == "/readyz":
            return self._readiness()
        return self._pages[path]

    def _readiness(self) -> Reply:
        if self.state.stopping:
            raise stopping()
        return self._ready

    async def _predict(self, scope: Message, receive: Receive) -> Reply:
        with self._holding() as hold:
            body = await _body(scope, receive, hold)
            tensors, rows, single = await self._read(body)
            outputs = await self._batcher.outputs(tensors, rows)
        answers = answer_objects(self._release.manifest, outputs)
        return Reply(200, msgspec.json.encode(answers[0] if single else answers))

    @contextmanager
    def _holding(self) -> Generator[Callable[[int], None]]:
        """Counts the bytes one request holds among those of all; they are given back when it is done."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size
            self._held_bytes += size
            if self._held_bytes > MAX_HELD_BYTES:
                raise busy("large bodies of other callers")

        try:
            yield hold
        finally:
            self._held_bytes -= held

    async def _read(self, body: bytes) -> tuple[Tensors, int, bool]:
        if len(body) <= INLINE_BYTES:
            return self._parsed(body)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._parsed, body)

    def _parsed(self, body: bytes) -> tuple[Tensors, int, bool]:
        rows, single = read_rows(body)
        return self._release.schema.tensors(rows), len(rows), single

    async def _send(self, reply: Reply, receive: Receive, send: Send) -> None:
        refused = reply.status in (408, 413, 503)
        headers = [
            (b"content-type", reply.kind.encode()),
            (b"content-length", str(len(reply.body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            *reply.headers,
        ]
        if refused or self.state.stopping:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body, "more_body": refused})
        if refused:
            await _linger(receive)
            await send({"type": "http.response.body", "body": b""})


async def _body(scope: Message, receive: Receive, hold: Callable[[int], None]) -> bytes:
    length = int(dict(scope["headers"]).get(b"content-length", b"0"))
    if length > MAX_BODY_BYTES:
        raise too_large(f"{length} bytes")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _received(receive, hold)
    except TimeoutError:
        raise too_slow() from None


async def _received(receive: Receive, hold: Callable[[int], None]) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        chunks.append(message.get("body", b""))
        hold(len(chunks[-1]))
        size += len(chunks[-1])
        more = message.get("more_body", False)
        if size > MAX_BODY_BYTES:
            raise too_large(f"more than {MAX_BODY_BYTES} bytes")
    return b"".join(chunks)


async def _linger(receive: Receive) -> None:
    """Read on a little, so that a caller who is still sending gets to see the answer."""
    size, more = 0, True
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while more and size < LINGER_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        return


def _policy() -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-security-policy", PAGE_POLICY.encode()),)


def _refusal(problem: Problem) -> Reply:
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(problem, MethodProblem):
        headers.append((b"allow", ", ".join(problem.allowed).encode()))
    if isinstance(problem, RequestProblem) and problem.retry_after_seconds is not None:
        headers.append((b"retry-after", str(problem.retry_after_seconds).encode()))
    return Reply(problem.status, msgspec.json.encode(problem.parts()), headers=tuple(headers))
