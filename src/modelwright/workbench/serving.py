"""How is the workbench opened? By an address that lets in once; to other machines only under TLS."""

from __future__ import annotations

import asyncio
import html
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from modelwright.errors import UsageError
from modelwright.project.folder import STATE
from modelwright.serving.guarding import is_loopback
from modelwright.workbench.application import Workbench
from modelwright.workbench.guarding import Session

HOST = "127.0.0.1"
DOOR_FILE = "workbench.html"
CLOSING_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the workbench listens.

    Args:
        port: 0 for any that is free. names: under which other machines reach it.
        certificate, key: PEM files for TLS; both or neither.
    """

    host: str = HOST
    port: int = 0
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None


def serve(folder: Path, place: Place, opened: Callable[[Session], None]) -> None:
    """Serve a project's workbench until Ctrl-C.

    Args:
        opened: called once the address can be asked.

    Raises:
        UsageError: the port is taken, others could listen in, or the certificate is not good.
    """
    hold_safe(place)
    listening = listening_at(place)
    session = Session(
        port=listening.getsockname()[1], names=place.names, secure=place.certificate is not None
    )
    bench = Workbench(folder, session)
    settings = uvicorn.Config(
        bench.application(),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
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


def hold_safe(place: Place) -> None:
    """Refuse to show anything to other machines in clear text, or under half of a certificate.

    Raises:
        UsageError: it would be.
    """
    if (place.certificate is None) != (place.key is None):
        raise _off("--certificate and --key", "both, or neither", "one of them", "Give the other one too.")
    if place.certificate is not None:
        _require_pair(place.certificate, place.key)
    elif not is_loopback(place.host):
        raise _off(
            f"--host {place.host}",
            "TLS where other machines can listen in",
            "an address they reach, without a certificate",
            "Give --certificate and --key, or leave --host out.",
        )
    if not is_loopback(place.host) and not place.names:
        raise _off(
            f"--host {place.host}",
            "the name that others type, which the certificate is for",
            "none",
            "Name it: --name lab.example. Requests under any other name are refused.",
        )


def _require_pair(certificate: Path, key: Path | None) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise _off(
            f"--certificate {certificate} --key {key}",
            "a certificate chain and its private key, in PEM files",
            error.strerror or str(error),
            "Check the paths, and that the key is the certificate's.",
        ) from error


def listening_at(place: Place) -> socket.socket:
    """A socket that is bound there.

    Raises:
        UsageError: the address is not this machine's, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    # Named as TCP, asyncio sends each answer at once; else its second half waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((place.host, place.port))
    except OSError as error:
        listening.close()
        raise _off(
            f"--host {place.host} --port {place.port}",
            "an address of this machine and a port that is free",
            f"{error.strerror}",
            "Leave --port out to have a free one chosen.",
        ) from error
    return listening


def _off(where: str, expected: str, received: str, do_this: str) -> UsageError:
    return UsageError(where=where, expected=expected, received=received, do_this=do_this)
