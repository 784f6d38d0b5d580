"""How is the workbench opened? On this machine alone, by an address that lets in once."""

from __future__ import annotations

import asyncio
import html
import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from modelwright.errors import UsageError
from modelwright.project.folder import STATE
from modelwright.workbench.application import Workbench
from modelwright.workbench.guarding import Session

HOST = "127.0.0.1"
DOOR_FILE = "workbench.html"
CLOSING_SECONDS = 2


def serve(folder: Path, port: int, opened: Callable[[Session], None]) -> None:
    """Serve a project's workbench until Ctrl-C.

    Args:
        port: 0 for any that is free.
        opened: called once the address can be asked.

    Raises:
        UsageError: the port is taken.
    """
    listening = _listening(port)
    session = Session(port=listening.getsockname()[1])
    bench = Workbench(folder, session)
    settings = uvicorn.Config(
        bench.application(),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=CLOSING_SECONDS,
    )
    asyncio.run(_until_stopped(uvicorn.Server(settings), bench, listening, opened))


def door(folder: Path, session: Session) -> Path:
    """A file that only its owner can read and that leads in: on a command line all could see the token."""
    path = folder / STATE / DOOR_FILE if (folder / STATE).is_dir() else folder / f".{DOOR_FILE}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    page = f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(session.address)}">'
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(page)
    return path


async def _until_stopped(
    server: uvicorn.Server, bench: Workbench, listening: socket.socket, opened: Callable[[Session], None]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if not serving.done():
        opened(bench.session)
    try:
        await serving
    finally:
        await bench.runner.stop()
        bench.annotation.close()


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise UsageError(
            where=f"--port {port}",
            expected="a port of this machine that is free",
            received=f"{error.strerror}",
            do_this="Leave --port out to have a free one chosen.",
        ) from error
    return listening
