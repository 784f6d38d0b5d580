"""The express lane takes only what it understands whole, and says what the ordinary way says."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.serving import server
from modelwright.serving.letters import read_letter
from modelwright.serving.receiving import INLINE_BYTES

BODY = b'{"a": 1}'


def letter(*headers: bytes, body: bytes = BODY, start: bytes = b"POST /predict HTTP/1.1") -> bytes:
    given = headers or (b"Host: x", b"Content-Length: %d" % len(body))
    return b"\r\n".join([start, *given, b"", body])


LENGTH = b"Content-Length: 8"


def test_a_plain_request_is_read() -> None:
    found = read_letter(
        letter(
            b"hOST: x", LENGTH, b"Authorization:  Bearer t ", b"X-Request-Id: 7", b"Connection: keep-alive"
        )
    )
    assert found is not None
    head, body = found
    assert (body, head.length, head.authorization, head.identity) == (BODY, 8, b"Bearer t", b"7")
    assert (head.path, head.head_length) == ("/predict", None)


@pytest.mark.parametrize("path", ["/v2/models/m-1/infer", "/v2/models/m_1.x/versions/00ff/infer"])
def test_a_small_inference_is_read(path: str) -> None:
    found = read_letter(
        letter(
            b"Host: x",
            b"Inference-Header-Content-Length: 3",
            LENGTH,
            start=f"POST {path} HTTP/1.1".encode(),
        )
    )
    assert found is not None
    assert (found[0].path, found[0].head_length, found[0].length) == (path, b"3", 8)


@pytest.mark.parametrize(
    "data",
    [
        letter(b"Host: x"),
        letter(LENGTH),
        letter(b"Host: x", LENGTH, LENGTH),
        letter(b"Host: x", LENGTH, b"Content-Length: 9"),
        letter(b"Host: x", b"Host: y", LENGTH),
        letter(b"Host: x", b"Content-Length: +8"),
        letter(b"Host: x", b"Content-Length: 8, 8"),
        letter(b"Host: x", b"Content-Length: 7"),
        letter(b"Host: x", b"Content-Length: 9"),
        letter(b"Host: x", b"X-Content-Length: 8"),
        letter(b"Host: x", LENGTH, b"Transfer-Encoding: chunked"),
        letter(b"Host: x", LENGTH, b"transfer-encoding : chunked"),
        letter(b"Host: x", LENGTH, b"Expect: 100-continue"),
        letter(b"Host: x", LENGTH, b"Connection: close"),
        letter(b"Host: x", LENGTH, b"Connection: keep-alive, upgrade"),
        letter(b"Host: x", LENGTH, b"Upgrade: h2c"),
        letter(b"Host: x", LENGTH, b" folded: yes"),
        letter(b"Host: x", LENGTH, b"no colon"),
        letter(b"Host: x", LENGTH, b"X: \x00"),
        letter(b"Host: x", LENGTH, b"X: \xff"),
        letter(b"Host: x", LENGTH, b"Authorization: Bearer a", b"Authorization: Bearer b"),
        letter(b"Host: x", LENGTH, b"X: " + b"y" * 9000),
        letter(b"Host: x", LENGTH, *[b"Inference-Header-Content-Length: 3"] * 2),
        letter(start=b"POST /v2/models/m HTTP/1.1"),
        letter(start=b"POST /v2/models/a/b/infer HTTP/1.1"),
        letter(start=b"POST /v2/models/a%2fb/infer HTTP/1.1"),
        letter(start=b"POST /v2/models/m/infer?x HTTP/1.1"),
        letter(start=b"POST /predict HTTP/1.0"),
        letter(start=b"POST /predict?a=1 HTTP/1.1"),
        letter(start=b"POST  /predict HTTP/1.1"),
        letter(start=b"GET /predict HTTP/1.1"),
        letter(start=b"POST http://x/predict HTTP/1.1"),
        letter().replace(b"\r\n", b"\n"),
        letter() + letter(),
        letter()[:-1],
        letter(body=b" " * (INLINE_BYTES + 1)),
    ],
)  # fmt: skip
def test_anything_unusual_is_left_to_the_ordinary_way(data: bytes) -> None:
    assert read_letter(data) is None


def answers(caller: socket.socket, count: int) -> list[tuple[int, dict[str, str], Any]]:
    """So many responses from one connection."""
    found: list[tuple[int, dict[str, str], Any]] = []
    with caller.makefile("rb") as stream:
        for _ in range(count):
            status = int(stream.readline().split()[1])
            headers: dict[str, str] = {}
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.decode().partition(": ")
                headers[name.lower()] = value
            body = stream.read(int(headers["content-length"]))
            is_json = headers["content-type"] == "application/json"
            found.append((status, headers, json.loads(body) if is_json else body))
    return found


def ordinary(body: bytes, *more: bytes) -> bytes:
    """The same request as `letter`, in a dress that the express lane does not take."""
    return letter(b"Host: x", b"Content-Length: %d" % len(body), b"Expect: nothing", *more, body=body)


@pytest.mark.parametrize("sent", ["row", "rows", "none", "a bad cell", "no JSON", "many"])
def test_both_ways_answer_alike(served: Any, row: dict[str, Any], sent: str) -> None:
    bodies = {
        "row": row,
        "rows": [row, row],
        "none": [],
        "a bad cell": {**row, "age": "x"},
        "many": [row] * 100,
    }
    hold_alike(served.port, b"{" if sent == "no JSON" else json.dumps(bodies[sent]).encode())


@pytest.mark.parametrize("sent", ["plain", "in bytes", "a bad cell", "no JSON", "another model"])
def test_both_ways_infer_alike(served: Any, row: dict[str, Any], sent: str) -> None:
    cells = {**row, "age": "x"} if sent == "a bad cell" else {**row, "age": "40"}
    one = {"shape": [1], "datatype": "BYTES"}
    asked = {"inputs": [{"name": name, **one, "data": [cell]} for name, cell in cells.items()]}
    head: tuple[bytes, ...] = ()
    if sent == "in bytes":
        binary = {"parameters": {"binary_data_size": 6}, **one}
        asked["inputs"] = [{"name": "age", **binary}, *asked["inputs"][1:]]
        asked["parameters"] = {"binary_data_output": True}
        head = (b"Inference-Header-Content-Length: %d" % len(json.dumps(asked)),)
    body = json.dumps(asked).encode() + (b"\2\0\0\x0040" if head else b"")
    model = b"other" if sent == "another model" else b"hand-binary"
    start = b"POST /v2/models/%b/infer HTTP/1.1" % model
    status = hold_alike(served.port, b"{" if sent == "no JSON" else body, *head, start=start)
    assert status == {"plain": 200, "in bytes": 200, "a bad cell": 422, "no JSON": 400}.get(sent, 404)


def hold_alike(port: int, body: bytes, *more: bytes, **start: bytes) -> int:
    """Ask by both lanes; the status that both answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        head = (b"Host: x", b"Content-Length: %d" % len(body), b"X-Request-Id: same", *more)
        caller.sendall(letter(*head, body=body, **start))
        (quick,) = answers(caller, 1)
        caller.sendall(letter(*head, b"Expect: nothing", body=body, **start))
        (plain,) = answers(caller, 1)
    for one in (quick, plain):
        one[1].pop("date")
    assert quick == plain
    return quick[0]


def test_requests_sent_at_once_are_answered_in_order(served: Any, row: dict[str, Any]) -> None:
    def numbered(number: int) -> bytes:
        body = json.dumps(row).encode()
        head = (b"Host: x", b"Content-Length: %d" % len(body), b"X-Request-Id: %d" % number)
        return letter(*head, body=body) if number % 3 else ordinary(body, b"X-Request-Id: %d" % number)

    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as caller:
        for number in range(30):
            caller.sendall(numbered(number))
        got = answers(caller, 30)
    assert [(status, headers["x-request-id"]) for status, headers, _ in got] == [
        (200, str(n)) for n in range(30)
    ]


def test_a_caller_that_leaves_before_its_answer_harms_nobody(served: Any, row: dict[str, Any]) -> None:
    body = json.dumps(row).encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as caller:
            caller.sendall(letter(b"Host: x", b"Content-Length: %d" % len(body), body=body))
    assert served.predict(row)[0] == 200
    assert "modelwright_held_bytes 0" in served.ask("GET", "/metrics")[1]


def test_an_idle_connection_is_closed_and_a_used_one_kept(
    start_serving: Callable[..., Any],
    release_folder: Path,
    row: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 0.4)
    body = json.dumps(row).encode()
    with (
        start_serving(release_folder) as one,
        socket.create_connection(("127.0.0.1", one.port), timeout=5) as caller,
    ):
        for _ in range(6):  # together longer than one keep-alive
            caller.sendall(letter(b"Host: x", b"Content-Length: %d" % len(body), body=body))
            assert answers(caller, 1)[0][0] == 200
            time.sleep(0.15)
        start = time.monotonic()
        assert caller.recv(1) == b""
        assert time.monotonic() - start < 2
