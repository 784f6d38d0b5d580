"""HTTP/1.1 that does not wait for ever, and refuses in the server's own words."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .problems import RequestProblem
from .replies import RELEASE_HEADER, refusal

HEADER_SECONDS = 10.0  # a request's head comes within this, or the connection is closed ("slowloris")
TAKING_SECONDS = (
    30.0  # a caller takes its answer within this, or is cut off: the answer lies in memory until then
)


class PatientProtocol(H11Protocol):
    """uvicorn's h11 protocol, that waits only so long for a head, and for an answer to be taken."""

    _patience: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Someone knocked: the clock runs until a whole request's head is there."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Bytes came; the clock stops only when they complete a request's head."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._disarm()
        elif self._patience is None and self.conn.trailing_data[0]:
            self._arm()

    def pause_writing(self) -> None:
        """The caller does not take its answer: for so long, and no longer."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(TAKING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The caller takes its answer."""
        super().resume_writing()
        self._taken()

    def timeout_keep_alive_handler(self) -> None:
        """Idle for too long: closed, and cut if even that does not get through."""
        super().timeout_keep_alive_handler()
        if self._taking is None:
            self._taking = self.loop.call_later(TAKING_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """They left."""
        self._disarm()
        super().connection_lost(exc)
        self._taken()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in four parts."""
        problem = RequestProblem(
            where="request head",
            expected="an HTTP/1.1 request with a head of at most 64 KiB",
            received="something else",
            do_this="Use an HTTP client, such as curl.",
        )
        label, header = self.config.app.on_stage()  # pyright: ignore[reportAttributeAccessIssue, reportFunctionMemberAccess]  # ours
        reply = refusal(problem, label)
        headers = [
            (b"content-type", reply.kind.encode()),
            (b"content-length", str(len(reply.body)).encode()),
            (RELEASE_HEADER, header),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=reply.body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _arm(self) -> None:
        self._patience = self.loop.call_later(HEADER_SECONDS, self.timeout_keep_alive_handler)

    def _disarm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
