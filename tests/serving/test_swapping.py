"""Another release is put on stage under load; a broken one never is."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modelwright.serving.manifest import Field
from modelwright.serving.options import Options
from modelwright.serving.problems import ReleaseProblem
from modelwright.serving.release import Release
from modelwright.serving.swapping import hold_compatible

CLIENTS = 32
SWAPS = 100
RESTARTS = 50


def point(link: Path, folder: Path) -> None:
    """Point a symbolic link elsewhere, in one step."""
    link.with_suffix(".new").symlink_to(folder)
    link.with_suffix(".new").replace(link)


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def releases(tmp_path: Path, write_release_folder: Callable[..., Path]) -> tuple[Path, Path, Path]:
    """Two releases that answer differently, and a link to the first."""
    first = write_release_folder(tmp_path / "first", name="first-00000001")
    second = write_release_folder(tmp_path / "second", name="second-00000002", more=1.0)
    (tmp_path / "current").symlink_to(first)
    return first, second, tmp_path / "current"


def test_a_release_is_swapped_and_swapped_back(
    start_serving: Callable[..., Any], releases: tuple[Path, Path, Path], row: dict[str, Any]
) -> None:
    first, second, current = releases
    with start_serving(current) as one:
        before = one.predict(row)[1]
        for folder, label in ((second, "second-00000002"), (first, "first-00000001")):
            point(current, folder)
            assert one.predict(row)[1]["model"] != label  # nothing happens before it is asked for
            one.server.swapper.ask()
            assert until(lambda: one.ask("GET", "/readyz")[1]["model"] == label)  # noqa: B023
            assert one.predict(row)[1]["model"] == label
            assert one.ask("GET", "/schema")[1]["model"] == label
        assert one.predict(row)[1] == before
        assert 'swaps_total{outcome="swapped"} 2' in one.ask("GET", "/metrics")[1]


def test_a_watched_folder_is_swapped_when_it_is_written_anew(
    start_serving: Callable[..., Any], releases: tuple[Path, Path, Path]
) -> None:
    first, second, _ = releases
    with start_serving(first, options=Options(watch=True)) as one:
        first.rename(first.with_name("gone"))
        time.sleep(1.2)  # a folder that is gone for a moment is no reason to stop
        assert one.ask("GET", "/readyz")[1]["model"] == "first-00000001"
        shutil.copytree(second, first)
        assert until(lambda: one.ask("GET", "/readyz")[1]["model"] == "second-00000002")


BROKEN = {
    "no folder": shutil.rmtree,
    "a damaged graph": lambda folder: (folder / "model.onnx").write_bytes(b"nothing"),
    "a cut manifest": lambda folder: (folder / "manifest.json").write_bytes(b'{"format":'),
    "a missing file": lambda folder: (folder / "golden.json").unlink(),
    "other classes": lambda folder: None,
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_release_never_replaces_a_working_one(
    start_serving: Callable[..., Any], releases: tuple[Path, Path, Path], row: dict[str, Any],
    write_release_folder: Callable[..., Path], damage: str, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    _, second, current = releases
    if damage == "other classes":
        second = write_release_folder(second.with_name("third"), "multiclass")
    BROKEN[damage](second)
    with start_serving(current) as one:
        point(current, second)
        one.server.swapper.ask()
        assert until(lambda: 'swaps_total{outcome="refused"} 1' in one.ask("GET", "/metrics")[1])
        assert one.predict(row)[1]["model"] == "first-00000001"
        assert one.ask("GET", "/readyz")[0] == 200
    assert "first-00000001 stays on stage" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda fields: fields[1:], "'age'"),
        (lambda fields: (*fields, Field(name="new", tensor="column_9", dtype="number")), "'new'"),
        (lambda fields: (msgspec.structs.replace(fields[0], dtype="string"), *fields[1:]), "'age'"),
        (
            lambda fields: (fields[0], msgspec.structs.replace(fields[1], required=True), *fields[2:]),
            "colour",
        ),
    ],
)
def test_a_release_that_would_refuse_todays_callers_is_refused(
    release: Release, change: Callable[[Any], Any], word: str
) -> None:
    old = release.manifest
    with pytest.raises(ReleaseProblem, match=word):
        hold_compatible(old, msgspec.structs.replace(old, inputs=change(old.inputs)))
    optional = Field(name="new", tensor="column_9", dtype="number", required=False)
    hold_compatible(old, msgspec.structs.replace(old, inputs=(*old.inputs, optional)))


class Crowd:
    """Clients that ask on and on; what went wrong is kept.

    Args:
        numbers: what each release answers; an answer whose number is another's is a mixture.
    """

    def __init__(self, port: int, row: dict[str, Any], numbers: dict[str, float]) -> None:
        self.port, self.row, self.numbers = port, row, numbers
        self.failures: list[str] = []
        self.answered: Counter[str] = Counter()
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(one,)) for one in range(CLIENTS)]

    def __enter__(self) -> Crowd:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)

    def _ask(self, client: int) -> None:
        body = json.dumps([self.row] * (1 + client % 3))
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.enough.is_set():
            try:
                connection.request("POST", "/predict", body)
                response = connection.getresponse()
                self._judge(response.status, response.getheader("modelwright-release"), response.read())
                if client % 2 or response.getheader("connection") == "close":
                    connection.close()
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()

    def _judge(self, status: int, label: str | None, text: bytes) -> None:
        if status != 200 or label not in self.numbers:
            self.failures.append(f"{status} {label} {text[:200]!r}")
            return
        self.answered[label] += 1
        for answer in json.loads(text):
            off = abs(answer["probabilities"]["=spam"] - self.numbers[label])
            if answer["model"] != label or off > 1e-6:
                self.failures.append(f"{label} answered {answer}")


def numbers_of(row: dict[str, Any], *folders: Path) -> dict[str, float]:
    opened = [Release.load(folder) for folder in folders]
    return {one.manifest.name: float(one.predict([row]).outputs[0, -1]) for one in opened}


HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, sys.argv[2]])
"""
"""In a process of its own: a function run between fork and exec may lock up where JAX has threads."""


@pytest.fixture
def handed(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts servers, one after the other, on a door that stays open, as systemd does."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path, fileno: int) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", HAND_OVER, str(fileno), str(folder / "serve.py")]
        with (tmp_path / "server.log").open("a") as log:
            process = subprocess.Popen(
                words, pass_fds=(fileno,), text=True, stdout=subprocess.PIPE, stderr=log
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_hundred_swaps_under_load_fail_no_request_and_mix_no_batch(
    releases: tuple[Path, Path, Path], row: dict[str, Any], open_a_door: Any, handed: Any
) -> None:
    first, second, current = releases
    numbers = numbers_of(row, first, second)
    process = handed(current, open_a_door.fileno())
    process.stdout.readline()
    with Crowd(open_a_door.getsockname()[1], row, numbers) as crowd:
        for swap in range(SWAPS):
            folder, label = ((second, "second-00000002"), (first, "first-00000001"))[swap % 2]
            seen = crowd.answered[label]
            point(current, folder)
            process.send_signal(signal.SIGHUP)
            assert until(lambda: crowd.answered[label] > seen + CLIENTS, 20), swap  # noqa: B023
    process.terminate()
    assert process.wait(20) == 0
    assert crowd.failures == []
    assert min(crowd.answered.values()) > SWAPS * CLIENTS / 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows hands no sockets over")
def test_fifty_restarts_under_load_fail_no_request(
    releases: tuple[Path, Path, Path], row: dict[str, Any], open_a_door: Any, handed: Any
) -> None:
    first, second, current = releases
    numbers = numbers_of(row, first, second)
    process = handed(current, open_a_door.fileno())
    process.stdout.readline()
    with Crowd(open_a_door.getsockname()[1], row, numbers) as crowd:
        for restart in range(RESTARTS):
            point(current, (second, first)[restart % 2])
            so_far = crowd.answered.total()
            assert until(lambda: crowd.answered.total() > so_far + CLIENTS, 20), restart  # noqa: B023
            process.terminate()
            assert process.wait(30) == 0
            process = handed(current, open_a_door.fileno())
            process.stdout.readline()
    process.terminate()
    assert process.wait(20) == 0
    assert crowd.failures == []
    assert min(crowd.answered.values()) > RESTARTS * CLIENTS / 4
