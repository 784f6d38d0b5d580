"""A release served by uvicorn, which stops without dropping a request."""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from .http import Application, State
from .problems import Problem, RequestProblem
from .protocol import PatientProtocol
from .release import Release

KEEP_ALIVE_SECONDS = 5
DRAIN_SECONDS = 15.0  # more than keep-alive plus a slow answer; then connections still open are cut
BACKLOG = 2048


class DrainingServer(uvicorn.Server):
    """Stops in the order that loses nothing; uvicorn's own order drops requests under load.

    At the first SIGTERM or SIGINT: not ready any more; those already knocking are let in, then the door is
    shut; every answer says ``Connection: close``; when the last connection is done, the process ends. A
    second signal ends it at once.

    Args:
        config: uvicorn's.
        state: shared with the application.
        door: the listening socket.
    """

    def __init__(self, config: uvicorn.Config, state: State, door: socket.socket) -> None:
        super().__init__(config)
        self._state = state
        self._door = door
        self._shut = False
        self._deadline = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; at a second signal, leave."""
        if self._state.stopping:
            self.should_exit = True
            self.force_exit = True
        self._state.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is it time to leave?"""
        if self._state.stopping and not self._shut:
            self._shut = True
            self._deadline = time.monotonic() + DRAIN_SECONDS
            await self._shut_the_door()
        done = self._shut and not self.server_state.connections
        if done or time.monotonic() > self._deadline:
            return True
        return await super().on_tick(counter)

    async def _shut_the_door(self) -> None:
        """Let in whoever has knocked already, and nobody after: closing would reset them."""
        knocks = _knocks(self._door)
        for server in self.servers:
            server.close()
        for knock in knocks:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, knock)

    def _protocol(self) -> asyncio.Protocol:
        return PatientProtocol(self.config, self.server_state, self.lifespan.state)


def _knocks(door: socket.socket) -> list[socket.socket]:
    """The connections the system has completed and nobody has accepted yet."""
    knocks: list[socket.socket] = []
    while True:
        try:
            knock, _ = door.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return knocks
        knock.setblocking(False)
        knocks.append(knock)


def serve(
    folder: Path | str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Answer HTTP until SIGTERM or Ctrl-C.

    Args:
        folder: the release.
        port: 0 takes a free one.
        announce: called with the server's URL once it listens; by default it is printed.

    Raises:
        ReleaseProblem: the release is missing or damaged.
        RequestProblem: the port cannot be had.
    """
    release = Release.load(folder)
    door = open_door(host, port)
    server = make_server(release, door)
    (announce or _say)(f"http://{_bracketed(host)}:{door.getsockname()[1]}")
    with door:
        server.run(sockets=[door])


def make_server(release: Release, door: socket.socket) -> DrainingServer:
    """A uvicorn server around a release, with limits; run it with ``sockets=[door]``."""
    state = State()
    config = uvicorn.Config(
        Application(release, state),  # pyright: ignore[reportArgumentType]  # uvicorn types ASGI messages as TypedDicts
        http=PatientProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        backlog=BACKLOG,
    )
    server = DrainingServer(config, state, door)
    state.connections = server.server_state.connections
    return server


def open_door(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        RequestProblem: the address or port cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only where the protocol is named: 40 ms an answer otherwise
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        door.close()
        raise RequestProblem(
            where=f"--host {host} --port {port}",
            expected="an address and port to listen on",
            received=getattr(error, "strerror", None) or str(error),
            do_this="Choose another --port (0 takes a free one), or stop what listens there.",
        ) from error
    return door


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def main(folder: Path | str, arguments: Sequence[str] | None = None) -> int:
    """``serve.py [--host HOST] [--port N]``: 0 when stopped in order, 2 with a problem in words."""
    parser = argparse.ArgumentParser(prog="serve.py", description="Answer rows over HTTP (POST /predict).")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes a free one")
    chosen = parser.parse_args(arguments)
    try:
        serve(folder, host=chosen.host, port=chosen.port)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


def _say(url: str) -> None:
    sys.stdout.write(f"Serving on {url} (Ctrl-C stops)\n")
    sys.stdout.flush()
