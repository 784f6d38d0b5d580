"""Others reach the workbench under TLS or not at all, and nobody waits for half an answer."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from modelwright.errors import UsageError
from modelwright.workbench.serving import Place, hold_safe, listening_at


@pytest.mark.parametrize(
    "place",
    [
        Place(host="0.0.0.0"),
        Place(host="0.0.0.0", names=("lab.example",)),
        Place(host="::", names=("lab.example",)),
        Place(certificate=Path("only.pem")),
        Place(key=Path("only.pem")),
        Place(certificate=Path("none.pem"), key=Path("none.pem")),
    ],
)
def test_others_reach_it_only_under_tls(place: Place) -> None:
    with pytest.raises(UsageError):
        hold_safe(place)


def test_answers_are_sent_at_once() -> None:
    """Each is written in two parts: with Nagle's algorithm the second waits for the first to be confirmed."""

    async def nodelay() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(
                writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            )
            writer.close()

        door = listening_at(Place())
        async with await asyncio.start_server(connected, sock=door):
            _, writer = await asyncio.open_connection(*door.getsockname())
            told = await found
            writer.close()
            await writer.wait_closed()
        return told

    assert asyncio.run(nodelay()) != 0


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match="port that is free"):
            listening_at(Place(port=other.getsockname()[1]))
