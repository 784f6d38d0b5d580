"""A workbench asked without a network: its application called as a server would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import polars
import pytest

from modelwright.project import Project
from modelwright.workbench.application import Workbench
from modelwright.workbench.guarding import CSRF_HEADER, Session
from modelwright.workflow import Wishes, define_task, look_at_data

PORT = 4711
NASTY = "<script>alert(1)</script>"
FORMULA = "=2+5"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Asker:
    """A browser that knows a session's secrets, unless told to leave them out."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.application = bench.application()

    def __call__(
        self,
        path: str,
        method: str = "GET",
        body: bytes | dict[str, Any] = b"",
        headers: dict[str, str] | None = None,
        without: tuple[str, ...] = (),
    ) -> Answer:
        session = self.bench.session
        own = {"host": session.hosts[0], "cookie": f"{session.cookie_name}={session.cookie}"}
        if method == "POST":
            own |= {"origin": f"http://{session.hosts[0]}", CSRF_HEADER: session.csrf}
        sent = {name: value for name, value in own.items() if name not in without} | (headers or {})
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        return asyncio.run(_asked(self.application, method, path, sent, data))


async def _asked(application: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    parts = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", PORT),
    }
    given = [{"type": "http.request", "body": body, "more_body": False}]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.append(message)

    await application(scope, receive, send)
    start = said[0]
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], told, b"".join(one.get("body", b"") for one in said[1:]))


def _table() -> polars.DataFrame:
    random = np.random.default_rng(0)
    rows = 240
    size = random.normal(10, 3, rows).round(2)
    return polars.DataFrame(
        {
            "size": size,
            f"town {NASTY}": random.choice(["Bern", "Basel", NASTY, FORMULA], rows),
            "note": [f"order {place} sent to the house by the lake" for place in range(rows)],
            "late": np.where(size + random.normal(0, 1, rows) > 10, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose data were looked at."""
    folder = tmp_path_factory.mktemp("workbench") / "orders"
    data = folder.parent / "orders.csv"
    _table().write_csv(data)
    with Project.create(folder) as opened:
        task, snap = define_task(opened, data, Wishes(predict=("late",)))
        look_at_data(opened, task, snap)
    return folder


@pytest.fixture
def ask(project: Path) -> Asker:
    return Asker(Workbench(project, Session(port=PORT)))


@pytest.fixture
def ask_of() -> Callable[[Path], Asker]:
    return lambda folder: Asker(Workbench(folder, Session(port=PORT)))
