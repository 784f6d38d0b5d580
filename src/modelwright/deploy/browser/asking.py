"""What does a site answer in a real browser? A page asks it there, and hands the answers back."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from modelwright.deploy.browser.build import POLICY
from modelwright.deploy.raw_rows import RawRow
from modelwright.errors import ReleaseError

PAGES = ("prove.html", "prove.js", "rest.html", "rest.js", "race.html", "race.js", "handing.js")
WAIT_SECONDS = 240.0  # generous: a thousand IMDB reviews took less than 11 s on one core
STOP_SECONDS = 10.0
MAX_TOLD_CHARACTERS = 400
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
# The page is our own and meets nobody but this process: the browser's sandbox, which cannot be had as root or
# in most containers, would guard against nothing; every other address is switched off.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
    "--mute-audio", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserAnswers:
    """What a browser said.

    Args:
        program: the browser and its version.
        answers: one a row, as `predict` gives it, or the parts of its refusal.
        outputs: the bare outputs of all rows asked at once; None where not finite.
        first_answer_milliseconds: from opening the page to the first answer.
        row_milliseconds: what each row after the first took, asked one by one.
    """

    program: str
    answers: list[dict[str, Any]]
    outputs: list[list[float | None]]
    first_answer_milliseconds: float
    row_milliseconds: list[float]


def ask_site(
    site: Mapping[str, bytes], rows: list[RawRow], browser: Path, *, rested: bool = False
) -> BrowserAnswers:
    """Open the site in a browser with a fresh profile, and have it answer the rows there.

    Args:
        site: file name -> content. browser: a program of the Chromium family.
        rested: whether the browser comes to rest before it opens the page, for times that are the page's own.

    Raises:
        ReleaseError: the page fails, or hands nothing back in time.
    """
    contents = {**site, "rows.json": msgspec.json.encode(rows)}
    said = ask_page(contents, "rest.html" if rested else "prove.html", browser)
    return msgspec.convert(said, BrowserAnswers)


def ask_page(contents: Mapping[str, bytes], first: str, browser: Path) -> dict[str, Any]:
    """Open one of our own pages beside these files, in a browser with a fresh profile; what it hands back.

    Raises:
        ReleaseError: the page fails, or hands nothing back in time.
    """
    own = files("modelwright.deploy.browser") / "proof"
    complete = {**contents, **{name: (own / name).read_bytes() for name in PAGES}}
    with _served(complete) as (url, handed_back), _opened(browser, url + first) as process:
        said = handed_back.wait(process)
    if "failure" in said:
        raise _failed("answers to all rows", f"a failure in the page: {said['failure']}")
    return said


class HandedBack:
    """The one body that the page posts."""

    def __init__(self) -> None:
        self._there = threading.Event()
        self._body = b""

    def put(self, body: bytes) -> None:
        """Take the page's answers."""
        self._body = body
        self._there.set()

    def wait(self, process: Browser) -> dict[str, Any]:
        """The answers, once they are there.

        Raises:
            ReleaseError: the browser ended, or the time is up, without any.
        """
        waited = 0.0
        while not self._there.wait(1.0):
            waited += 1.0
            if process.ended() or waited > WAIT_SECONDS:
                why = "it ended" if process.ended() else f"nothing within {WAIT_SECONDS:.0f} seconds"
                raise _failed("a page that answers", f"{why}; it said: {process.told()}")
        return msgspec.json.decode(self._body)


@contextmanager
def _served(contents: Mapping[str, bytes]) -> Generator[tuple[str, HandedBack]]:
    """The files on this machine only, under a path that nobody else knows."""
    handed_back, secret = HandedBack(), secrets.token_urlsafe(16)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix(f"/{secret}/")
            self._reply(contents.get(name), KINDS.get(Path(name).suffix, "application/octet-stream"))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            known = self.path == f"/{secret}/answers"
            if known:
                handed_back.put(body)
            self._reply(b"" if known else None, "text/plain")

        def _reply(self, body: bytes | None, kind: str) -> None:
            self.send_response(404 if body is None else 200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body or b"")))
            self.send_header("content-security-policy", POLICY)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
            """Requests of our own page are no news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{secret}/", handed_back
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Browser:
    """A browser without a window, and what it printed."""

    def __init__(self, process: subprocess.Popen[bytes], printed: Path) -> None:
        self._process = process
        self._printed = printed

    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def told(self) -> str:
        """The end of what it printed."""
        return self._printed.read_text(errors="replace").strip()[-MAX_TOLD_CHARACTERS:] or "nothing"

    def stop(self) -> None:
        """End it with all its helpers."""
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.terminate()
            else:
                os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _opened(browser: Path, url: str) -> Generator[Browser]:
    with tempfile.TemporaryDirectory(prefix="modelwright-browser-", ignore_cleanup_errors=True) as profile:
        printed = Path(profile) / "printed.txt"
        command = [str(browser), *FLAGS, f"--user-data-dir={profile}", url]
        with printed.open("wb") as told:
            process = subprocess.Popen(command, stdout=told, stderr=told, start_new_session=True)
        opened = Browser(process, printed)
        try:
            yield opened
        finally:
            opened.stop()


def _failed(expected: str, received: str) -> ReleaseError:
    return ReleaseError(
        where="the model in the browser",
        expected=expected,
        received=received,
        do_this="Try another browser (MODELWRIGHT_BROWSER), or ship to the server alone: --to server.",
    )
