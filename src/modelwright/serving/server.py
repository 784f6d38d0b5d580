"""A release served by uvicorn, which stops without dropping a request."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from .express import ExpressProtocol
from .guarding import hold_pair, hold_safe, read_tokens
from .http import Application, State
from .log_database import LogDatabase, is_database
from .log_file import LogFile
from .options import Options, cores, read_options
from .prediction_log import PredictionLog, Store
from .problems import Problem, RequestProblem
from .release import Release
from .swapping import Swapper

KEEP_ALIVE_SECONDS = 5
DRAIN_SECONDS = 15.0  # more than keep-alive plus a slow answer; then connections still open are cut
BACKLOG = 2048
HANDED_DOOR = 3  # the first file descriptor that systemd hands over (sd_listen_fds)
LOOK_TICKS = 10  # a watched folder is looked at every so many ticks of a tenth of a second


class DrainingServer(uvicorn.Server):
    """Stops in the order that loses nothing; uvicorn's own order drops requests under load.

    At the first SIGTERM or SIGINT: not ready any more; those already knocking are let in, then the door is
    shut; every answer says ``Connection: close``; when the last connection is done, the process ends. A
    second signal ends it at once.

    Args:
        config: uvicorn's.
        state: shared with the application.
        door: the listening socket.
        swapper: swaps releases; none serves one release for good.
    """

    def __init__(
        self, config: uvicorn.Config, state: State, door: socket.socket, swapper: Swapper | None = None
    ) -> None:
        super().__init__(config)
        self._state = state
        self._door = door
        self.swapper = swapper
        self._shut = False
        self._deadline = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; at a second signal, leave."""
        if self._state.stopping:
            self.should_exit = True
            self.force_exit = True
        self._state.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: is it time to leave, or to swap releases?"""
        if self.swapper is not None and not self._state.stopping:
            self.swapper.tick(look=counter % LOOK_TICKS == 0)
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
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, knock, ssl=self.config.ssl
            )

    def finish(self) -> None:
        """Write down what is still to be written; to be called once it has stopped."""
        log = self.config.app.log  # pyright: ignore[reportAttributeAccessIssue, reportFunctionMemberAccess]  # ours
        if log is not None:
            log.close()

    def _protocol(self) -> asyncio.Protocol:
        return ExpressProtocol(self.config, self.server_state, self.lifespan.state)


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
    options: Options | None = None,
    *,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Answer HTTP until SIGTERM or Ctrl-C; at SIGHUP, swap to the release that lies in the folder then.

    Args:
        folder: the release, or a symbolic link to it.
        announce: called with the server's URL once it listens; by default it is printed.

    Raises:
        ReleaseProblem: the release is missing or damaged.
        RequestProblem: the port cannot be had, the address is not safe, or a certificate or token not good.
    """
    options = options or Options()
    hold_pair(options.certificate, options.key)
    release = Release.load(folder)
    with handed_door() or open_door(options.host, options.port) as door:
        hold_safe(
            _address(door), encrypted=options.certificate is not None, behind_proxy=options.behind_proxy
        )
        server = make_server(release, door, folder=Path(folder), options=options)
        _heed_hangups(server)  # before anybody is told that it listens: SIGHUP would end the process
        scheme = "https" if options.certificate else "http"
        (announce or _say)(f"{scheme}://{_bracketed(_address(door))}:{door.getsockname()[1]}")
        try:
            server.run(sockets=[door])
        finally:
            server.finish()


def handed_door() -> socket.socket | None:
    """The listening socket of systemd or another parent; it stays open while this process is replaced."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS", "0") == "0":
        return None
    door = socket.socket(fileno=HANDED_DOOR)
    if door.family not in (socket.AF_INET, socket.AF_INET6):
        raise RequestProblem(
            where="LISTEN_FDS",
            expected="a TCP socket (ListenStream=PORT)",
            received=str(door.family.name),
            do_this="Let the socket unit listen on an address and port.",
        )
    return door


def _address(door: socket.socket) -> str:
    return str(door.getsockname()[0])


def make_server(
    release: Release, door: socket.socket, *, folder: Path | None = None, options: Options | None = None
) -> DrainingServer:
    """A uvicorn server around a release, with limits; run it with ``sockets=[door]``.

    Args:
        folder: where the next release will lie; without it the server never swaps.

    Raises:
        RequestProblem: a certificate or token is not good.
    """
    options, state = options or Options(), State()
    parallel = options.parallel or cores()
    application = Application(release, state, read_tokens(options.tokens), _log(options, release), parallel)
    config = uvicorn.Config(
        application,  # pyright: ignore[reportArgumentType]  # uvicorn types ASGI messages as TypedDicts
        http=ExpressProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        backlog=BACKLOG,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )
    _load(config, options)
    swapper = Swapper(folder, application, _tell, watching=options.watch) if folder else None
    server = DrainingServer(config, state, door, swapper)
    state.connections = server.server_state.connections
    return server


def _log(options: Options, release: Release) -> PredictionLog | None:
    if options.log is None:
        return None
    masked = options.masked(sensitive=release.manifest.sensitive)
    max_bytes = options.log_megabytes * 1_000_000
    if is_database(options.log):
        store: Store = LogDatabase(options.log, max_bytes=max_bytes, announce=_tell_of_log)
    else:
        store = LogFile(Path(options.log), max_bytes=max_bytes)
    return PredictionLog(store, masked)


def _load(config: uvicorn.Config, options: Options) -> None:
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise RequestProblem(
            where=f"--certificate {options.certificate} --key {options.key}",
            expected="a certificate chain and its private key, in PEM files",
            received=error.strerror or str(error),
            do_this="Check both files: openssl x509 -in CERTIFICATE -noout -text.",
        ) from error
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2


def _heed_hangups(server: DrainingServer) -> None:
    """SIGHUP means: look again. (systemd: ``ExecReload=kill -HUP $MAINPID``.)"""
    swapper = server.swapper
    if swapper is None or not hasattr(signal, "SIGHUP"):  # Windows has none: --watch
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGHUP, lambda _number, _frame: swapper.ask())


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


def main(folder: Path | str, options: Options | Sequence[str] | None = None) -> int:
    """``serve.py [--host HOST] [--port N] ...``: 0 when stopped in order, 2 with a problem in words.

    Args:
        options: read already, or the words of a command line.
    """
    options = options if isinstance(options, Options) else read_options(options)
    try:
        serve(folder, options)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


def _say(url: str) -> None:
    sys.stdout.write(f"Serving on {url} (Ctrl-C stops)\n")
    sys.stdout.flush()


def _tell_of_log(what: str) -> None:
    sys.stderr.write(f"Log: {what}\n")
    sys.stderr.flush()


def _tell(what: str) -> None:
    sys.stderr.write(f"Release: {what}\n")
    sys.stderr.flush()
