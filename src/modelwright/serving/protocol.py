"""HTTP/1.1 that does not wait for ever, and refuses in the server's own words."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

from .problems import RequestProblem

HEADER_SECONDS = 10.0  # a request's head comes within this, or the connection is closed ("slowloris")


class PatientProtocol(H11Protocol):
    """uvicorn's h11 protocol, with a limit on how long a request's head may take."""

    _patience: asyncio.TimerHandle | None = None

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

    def connection_lost(self, exc: Exception | None) -> None:
        """They left."""
        self._disarm()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in four parts."""
        problem = RequestProblem(
            where="request head",
            expected="an HTTP/1.1 request with a head of at most 64 KiB",
            received="something else",
            do_this="Use an HTTP client, such as curl.",
        )
        super().send_400_response(msgspec.json.encode(problem.parts()).decode("ascii"))

    def _arm(self) -> None:
        self._patience = self.loop.call_later(HEADER_SECONDS, self.timeout_keep_alive_handler)

    def _disarm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
