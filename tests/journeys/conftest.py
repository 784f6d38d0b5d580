"""A workbench as a process of its own, and a real browser to visit it with."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelwright.deploy.browser.finding import find_browser

OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]


class Served:
    """The workbench as a process of its own, on a port that stays."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    @property
    def home(self) -> str:
        return f"{'https' if '--certificate' in self.options else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "modelwright", "ui", str(self.folder), "--no-open", *self.options]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        address = re.search(r"http\S+", self.process.stdout.readline())
        assert address is not None
        self.address = address.group(0)

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts workbenches, which end with the test."""
    made: list[Served] = []

    def started(folder: Path, *options: str) -> Served:
        made.append(Served(folder, *options))
        return made[-1]

    yield started
    for one in made:
        one.end()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine (MODELWRIGHT_BROWSER names one)")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(found), args=OPTIONS)
        yield started
        started.close()


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """The browser of somebody without a past, who takes self-signed certificates."""
    context = chromium.new_context(ignore_https_errors=True)
    yield context
    context.close()
