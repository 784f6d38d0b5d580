"""Servers started, loaded and measured: each on one core unless told otherwise, its callers on another."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER_CORES, CALLER_CORES = "1", "0"  # as taskset takes them
START_SECONDS = 90
STOP_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server to measure.

    Args:
        command: how it is started on a port. environment: on a port, too; ours unless given.
        path: what is posted to. body: the bytes posted. headers: besides, those of the body.
        value: the number in its answer, to be compared with `expected`.
        cores, callers: what the server may use, and what its callers.
    """

    command: Callable[[int], list[str]]
    environment: Callable[[int], dict[str, str]] = lambda port: {**os.environ, "OMP_NUM_THREADS": "1"}
    path: str = "/predict"
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    value: Callable[[bytes], float] = lambda answer: float(json.loads(answer)["prediction"])
    expected: float
    folder: Path | None = None
    cores: str = SERVER_CORES
    callers: str = CALLER_CORES


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of load came to.

    Args:
        rate: requests a second. middle, p99: of the latency, in milliseconds.
        failed: responses other than 2xx, and connections that broke.
        processor_microseconds: of the server, a request.
    """

    rate: float
    middle: float
    p99: float
    failed: int
    processor_microseconds: float


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def running(server: Server) -> Iterator[tuple[int, int, float]]:
    """A server that answers, and rightly; gives its process, port and the seconds until its first answer."""
    port, start = free_port(), time.perf_counter()
    process = subprocess.Popen(
        ["taskset", "-c", server.cores, *server.command(port)],
        env=server.environment(port), cwd=server.folder, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while (answer := _answer(server, port)) is None:
            if process.poll() is not None or time.perf_counter() - start > START_SECONDS:
                raise SystemExit(f"{server.command(port)[0]} does not answer")
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        if abs(server.value(answer) - server.expected) > 1e-5:
            raise SystemExit(f"{server.command(port)[0]}: another answer: {answer[:200]!r}")
        yield process.pid, port, seconds
    finally:
        _stop(process)


def _answer(server: Server, port: int) -> bytes | None:
    url = f"http://127.0.0.1:{port}{server.path}"
    try:
        return urllib.request.urlopen(
            urllib.request.Request(url, server.body, server.headers), timeout=10
        ).read()
    except OSError:
        return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """With its whole family: some servers work in children."""
    members = family(process.pid)
    _send(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        _send(process.pid, signal.SIGKILL)
        process.wait()
    for pid in members[1:]:
        _send(pid, signal.SIGKILL)


def _send(pid: int, sent: signal.Signals) -> None:
    try:
        os.kill(pid, sent)
    except ProcessLookupError:
        return


def family(pid: int) -> list[int]:
    """A process and all that come from it, also those that made a session of their own."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # gone meanwhile
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def processor_seconds(leader: int) -> float:
    """Of a process and its living family so far, user and system."""
    ticks = 0
    for pid in family(leader):
        try:
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def load(server: Server, port: int, pid: int, *, connections: int, seconds: int, folder: Path) -> Round:
    """One round of wrk: so many connections, each asking again as soon as it is answered."""
    script = _script(server, folder)
    before = processor_seconds(pid)
    told = subprocess.run(
        ["taskset", "-c", server.callers, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         "--timeout", "20s", "-s", str(script), f"http://127.0.0.1:{port}{server.path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used = processor_seconds(pid) - before
    found = {key: re.findall(rf"{key}\s+(\S+)", told)[-1] for key in ("50%", "99%", "Requests/sec:")}
    answered = int(re.findall(r"(\d+) requests in", told)[0])
    refused = re.findall(r"Non-2xx or 3xx responses: (\d+)", told)
    broken = re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    failed = sum(map(int, refused)) + sum(int(count) for line in broken for count in line)
    return Round(
        float(found["Requests/sec:"]), _milliseconds(found["50%"]), _milliseconds(found["99%"]), failed,
        1e6 * used / max(1, answered),
    )  # fmt: skip


def _script(server: Server, folder: Path) -> Path:
    """What wrk sends: the same bytes again and again, read once."""
    (folder / "body").write_bytes(server.body)
    lines = [
        f'local f = io.open("{folder}/body", "rb"); wrk.method = "POST"; wrk.body = f:read("*a"); f:close()'
    ]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in server.headers.items()]
    script = folder / "load.lua"
    script.write_text("\n".join(lines))
    return script


def _milliseconds(told: str) -> float:
    number, unit = re.fullmatch(r"([0-9.]+)([a-z]+)", told).groups()  # pyright: ignore[reportOptionalMemberAccess]  # wrk's words
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}[unit]


def environment_megabytes(python: str) -> float:
    """Size of an environment's packages, compiled files left out (they depend on what has run)."""
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told: Any = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    folder = Path(told.stdout.strip())
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.suffix != ".pyc") / 1e6
