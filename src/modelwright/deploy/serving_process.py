"""What does a release answer as a server of its own? Started as callers start it, asked over HTTP."""

from __future__ import annotations

import http.client
import itertools
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import onnxruntime

from modelwright.deploy.raw_rows import RawRow
from modelwright.errors import ReleaseError

START_SECONDS = 60.0
ANSWER_SECONDS = 60.0
STOP_SECONDS = 20.0
REFUSED = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAnswers:
    """What a server said.

    Args:
        answers: one a row, as ``POST /predict`` gives it, or the parts of its refusal.
        first_answer_milliseconds: from starting the process to its first answer.
        row_milliseconds: what each row after the first took, asked one by one over one connection.
    """

    program: str
    answers: list[dict[str, Any]]
    first_answer_milliseconds: float
    row_milliseconds: list[float]


def ask_server(folder: Path, rows: list[RawRow]) -> ServerAnswers:
    """Start the release's own server, ask it row by row, and stop it.

    Raises:
        ReleaseError: it does not start, or answers something else than answers and refusals of rows.
    """
    began = time.perf_counter()
    answers: list[dict[str, Any]] = []
    ends: list[float] = [began]
    with _serving(folder) as connection:
        for row in rows:
            answers.append(_asked(connection, row))
            ends.append(time.perf_counter())
    program = f"Python {platform.python_version()}, onnxruntime {onnxruntime.__version__}, over HTTP"
    took = [1000 * (end - start) for start, end in itertools.pairwise(ends)]
    return ServerAnswers(
        program=program, answers=answers, first_answer_milliseconds=took[0], row_milliseconds=took[1:]
    )


@contextmanager
def _serving(folder: Path) -> Generator[http.client.HTTPConnection]:
    command = [sys.executable, "-I", str(folder / "serve.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", _port(process), timeout=ANSWER_SECONDS)
            yield connection
            connection.close()
        finally:
            process.terminate()
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _port(process: subprocess.Popen[str]) -> int:
    """Where it says that it listens; a server that says nothing in time is ended, and so says why."""
    assert process.stdout is not None
    assert process.stderr is not None
    deadline = threading.Timer(START_SECONDS, process.kill)
    deadline.start()
    said = process.stdout.readline()
    deadline.cancel()
    found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
    if found is None:
        process.kill()
        raise _failed(
            f"a server that starts within {START_SECONDS:.0f} seconds", said + process.stderr.read()
        )
    return int(found[1])


def _asked(connection: http.client.HTTPConnection, row: RawRow) -> dict[str, Any]:
    try:
        connection.request("POST", "/predict", msgspec.json.encode(row), {"content-type": "application/json"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise _failed("an answer to every row", repr(error)) from error
    if response.status not in (200, REFUSED):
        raise _failed("an answer to every row", f"{response.status}: {body[:200].decode(errors='replace')}")
    return msgspec.json.decode(body)


def _failed(expected: str, received: str) -> ReleaseError:
    return ReleaseError(
        where="the release as a server",
        expected=expected,
        received=received.strip() or "nothing",
        do_this="Run the release's serve.py by hand and see what it says; nothing was shipped.",
    )
