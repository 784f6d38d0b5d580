"""A real browser without a window, spoken to through a pipe; and a plain web server for it to visit."""

from __future__ import annotations

import base64
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from modelwright.deploy.browser.asking import FLAGS
from modelwright.deploy.browser.finding import find_browser

# The browser reads commands from file 3 and writes to file 4. A process of its own sees to that: this one has
# threads, and must not fork.
AS_THREE_AND_FOUR = """
import os, sys
# Doubled twice, so that the one does not lie at 3, nor the other at 3 or 4, when these are overwritten.
commands, replies = (os.dup(os.dup(int(number))) for number in sys.argv[1:3])
for source, place in ((commands, 3), (replies, 4)):
    os.dup2(source, place)
    os.set_inheritable(place, True)  # where it lay there already, dup2 leaves it as it was
os.execv(sys.argv[3], sys.argv[3:])
"""
WAIT_SECONDS = 60.0
OWN_PAGES = ("chrome", "data:", "about:")  # what the browser opens with; none of it leaves the machine


class Chrome:
    """A browser with a fresh profile, driven by the DevTools protocol over two pipes."""

    def __init__(self, program: Path, profile: str) -> None:
        commands, self._write = os.pipe()
        self._read, replies = os.pipe()

        pipes = [sys.executable, "-c", AS_THREE_AND_FOUR, str(commands), str(replies)]
        browser = [str(program), *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [*pipes, *browser],
            pass_fds=(commands, replies),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(commands)
        os.close(replies)
        self._numbers = itertools.count(1)
        self._replies: dict[int, dict[str, Any]] = {}
        self._news = threading.Condition()
        self.requests: list[str] = []
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        self.send("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)

    def _listen(self) -> None:
        held = b""
        while chunk := os.read(self._read, 1 << 16):
            *messages, held = (held + chunk).split(b"\0")
            for message in messages:
                self._heard(json.loads(message))

    def _heard(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            self.requests += [] if url.startswith(OWN_PAGES) else [url]
        if message.get("method") == "Target.attachedToTarget":
            self._post("Network.enable", message["params"]["sessionId"])  # workers ask the network, too
        if "id" in message:
            with self._news:
                self._replies[message["id"]] = message
                self._news.notify_all()

    def _post(self, method: str, session: str | None, **parameters: Any) -> int:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return number

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = self._post(method, session, **parameters)
        with self._news:
            assert self._news.wait_for(lambda: number in self._replies, WAIT_SECONDS), method
            reply = self._replies.pop(number)
        assert "error" not in reply, (method, reply)
        return reply["result"]

    def tab(self) -> Tab:
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.send(f"{domain}.enable", session)
        self.send(
            "Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=False, flatten=True
        )
        return Tab(self, target, session)

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(20)
        os.close(self._write)
        self._reader.join(5)
        os.close(self._read)


@dataclass
class Tab:
    chrome: Chrome
    target: str
    session: str
    looks: dict[str, Any] = field(default_factory=dict)

    def goto(self, url: str) -> None:
        self.chrome.send("Page.navigate", self.session, url=url)
        self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    def evaluate(self, script: str) -> Any:
        said = self.chrome.send(
            "Runtime.evaluate",
            self.session,
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            allowUnsafeEvalBlockedByCSP=False,  # the page's own policy holds for what is asked here, too
        )
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def until(self, condition: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.evaluate(f"(async () => Boolean({condition}))()"):
            assert time.monotonic() < deadline, f"never: {condition}"
            time.sleep(0.02)

    def look(self, width: int, *, dark: bool, height: int = 900) -> None:
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.chrome.send("Emulation.setEmulatedMedia", self.session, features=scheme)
        self.chrome.send(
            "Emulation.setDeviceMetricsOverride",
            self.session,
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def picture(self) -> bytes:
        said = self.chrome.send("Page.captureScreenshot", self.session, captureBeyondViewport=True)
        return base64.b64decode(said["data"])

    def close(self) -> None:
        self.chrome.send("Target.closeTarget", targetId=self.target)


@contextmanager
def visiting(folder: Path) -> Iterator[str]:
    """A static web server, as plain as they come."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def browser_program() -> Path:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine (MODELWRIGHT_BROWSER names one)")
    return found


@pytest.fixture
def chrome(browser_program: Path) -> Iterator[Chrome]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        started = Chrome(browser_program, profile)
        try:
            yield started
        finally:
            started.stop()


@pytest.fixture
def visit() -> Any:
    return visiting
