"""A request as it comes in: its head, its body within limits, and the memory it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .body import MAX_BODY_BYTES
from .refusals import BODY_SECONDS, busy, too_large, too_slow
from .stage import Stage

T = TypeVar("T")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

INLINE_BYTES = 16 * 1024  # smaller bodies are read in less time than handing them to a thread takes
# Bodies and large answers held at a time, all callers together; beyond: 503.
MAX_HELD_BYTES = 4 * MAX_BODY_BYTES
LINGER_SECONDS = 1.0  # a refused body is still read for so long, else the caller's write fails unanswered
LINGER_BYTES = 4 * MAX_BODY_BYTES


class Gone(Exception):
    """The caller hung up."""


class Hold:
    """How many bytes all callers together make the server hold."""

    def __init__(self) -> None:
        self.held_bytes = 0

    def take(self, size: int) -> None:
        """Count bytes in; `give` must follow, also after a refusal.

        Raises:
            RequestProblem: there is no room (503).
        """
        self.held_bytes += size
        self.has_room()

    def has_room(self, size: int = 0) -> None:
        """Refuse where so many bytes more would be too many.

        Raises:
            RequestProblem: they would (503).
        """
        if self.held_bytes + size > MAX_HELD_BYTES:
            raise busy("large bodies of other callers")

    def give(self, size: int) -> None:
        """Count bytes out."""
        self.held_bytes -= size


@dataclass(slots=True)
class Request:
    """One request, and the release that answers it from its first byte to its last.

    Args:
        stage: the release on stage when the request came; it stays this one's, whatever is swapped meanwhile.
        identity: the caller's ``X-Request-Id``, or one of the server's.
        held_bytes: counted in `hold` on behalf of this request.
        is_whole: whether the body has come to its end.
    """

    method: str
    path: str
    headers: dict[bytes, bytes]
    receive: Receive
    stage: Stage
    identity: str
    hold: Hold
    held_bytes: int = 0
    is_whole: bool = False

    def take(self, size: int) -> None:
        """Hold bytes until the request is over."""
        self.held_bytes += size
        self.hold.take(size)

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            RequestProblem: it is too large (413), too slow (408), or there is no room for it (503).
            Gone: the caller hung up.
        """
        length = int(self.headers.get(b"content-length", b"0"))
        if length > MAX_BODY_BYTES:
            raise too_large(f"{length} bytes")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._received()
        except TimeoutError:
            raise too_slow() from None

    async def while_here(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of work for a caller, which is given up when the caller hangs up.

        Raises:
            Gone: the caller hung up.
        """
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(self._left())
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise Gone
        finally:
            working.cancel()
            leaving.cancel()

    async def _left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _received(self) -> bytes:
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Gone
            chunks.append(message.get("body", b""))
            self.take(len(chunks[-1]))
            size += len(chunks[-1])
            more = message.get("more_body", False)
            if size > MAX_BODY_BYTES:
                raise too_large(f"more than {MAX_BODY_BYTES} bytes")
        self.is_whole = True
        return b"".join(chunks)


async def linger(receive: Receive) -> None:
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
