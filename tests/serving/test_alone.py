"""What a release folder does on a machine that has only the four packages."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# Forbids what a serving-only virtual environment would not have. h11 and click come with uvicorn.
ALONE = """
import runpy, sys
ALLOWED = {*sys.stdlib_module_names, "numpy", "onnxruntime", "msgspec", "uvicorn", "h11", "click", "answer"}
class Fence:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(f"fenced off: {name}", name=name)
sys.meta_path.insert(0, Fence())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
CLIENTS = 8


def alone(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-c", ALONE, str(folder / arguments[0]), *arguments[1:]]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(alone(folder, "serve.py", "--port", "0"), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
    finally:
        process.kill()
        process.communicate()


def ask(port: int, row: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/predict", json.dumps(row))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


@pytest.mark.parametrize("module", ["release", "server", "predict", "http"])
def test_serving_loads_nothing_heavy(module: str) -> None:
    code = f"import modelwright.serving.{module}, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert not loaded & {"keras", "jax", "polars", "sklearn", "scipy", "lightgbm", "onnx", "pandas", "rich"}


def test_a_release_serves_and_predicts_with_four_packages(
    release_folder: Path, tmp_path: Path, row: dict[str, Any]
) -> None:
    with serving(release_folder) as (_, port):
        assert ask(port, row)["prediction"] == "=spam"
    (tmp_path / "rows.csv").write_text(",".join(row) + "\n40,red,1970-01-02,hello\n")
    out = tmp_path / "out.csv"
    run = subprocess.run(
        alone(release_folder, "predict.py", str(tmp_path / "rows.csv"), "--out", str(out)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert out.read_text().splitlines()[1].startswith("'=spam,")


def test_a_missing_package_is_named(release_folder: Path) -> None:
    command = alone(release_folder, "serve.py")
    command[3] = command[3].replace('"msgspec", ', "")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "received none called msgspec" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_damaged_release_is_told_without_a_traceback(release_folder: Path) -> None:
    (release_folder / "model.onnx").write_bytes(b"nothing")
    run = subprocess.run(alone(release_folder, "serve.py"), capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "model.onnx" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_first_answer_comes_within_a_second(release_folder: Path, row: dict[str, Any]) -> None:
    """Counted in processor seconds, so that a machine shared with other work gives the same verdict."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with serving(release_folder) as (_, port):
        ask(port, row)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime <= 1.0


@pytest.mark.parametrize("keep_alive", [True, False])
def test_no_request_fails_when_the_server_is_told_to_stop(
    release_folder: Path, row: dict[str, Any], keep_alive: bool
) -> None:
    failures: list[str] = []
    answered = [0] * CLIENTS
    with serving(release_folder) as (process, port):
        callers = [
            threading.Thread(target=_call, args=(port, row, keep_alive, failures, answered, caller))
            for caller in range(CLIENTS)
        ]
        for caller in callers:
            caller.start()
        time.sleep(0.7)
        os.kill(process.pid, signal.SIGTERM)
        for caller in callers:
            caller.join(20)
        assert process.wait(10) == 0
    assert failures == []
    assert min(answered) > 10


def _call(
    port: int, row: dict[str, Any], keep_alive: bool, failures: list[str], answered: list[int], caller: int
) -> None:
    """Ask on and on until the server cannot be connected to any more; anything else that fails is kept."""
    body = json.dumps(row)
    connection: http.client.HTTPConnection | None = None
    while True:
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.connect()
            except (ConnectionRefusedError, ConnectionResetError):
                return  # reset: the door closed between two packets of the greeting; nothing had been asked
        try:
            connection.request("POST", "/predict", body)
            response = connection.getresponse()
            if json.loads(response.read())["prediction"] != "=spam":
                failures.append("another answer")
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures.append(repr(error))
            return
        answered[caller] += 1
        if not keep_alive or response.getheader("connection") == "close":
            connection.close()
            connection = None
