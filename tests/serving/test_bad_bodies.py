"""Two hundred bad requests: each is refused in words and soon; none is a failure of ours, none hangs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from modelwright.serving import protocol, receiving

ROW = {"age": 40, "colour": "red", "joined": "1970-01-02", "note": "hello"}
GOOD = json.dumps(ROW).encode()
INFER = "/v2/models/hand-binary/infer"
PATIENCE_SECONDS = 0.3
MAX_SECONDS = 3.0


def post(body: bytes, path: str = "/predict", *headers: str, length: str | None = None) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Length: " + (length or str(len(body))), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*parts: bytes) -> bytes:
    return b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(parts)


def with_cell(name: str, text: str) -> bytes:
    cells = {key: json.dumps(cell) for key, cell in ROW.items()} | {name: text}
    return ("{" + ", ".join(f'"{key}": {cell}' for key, cell in cells.items()) + "}").encode()


def lengths() -> Iterator[tuple[str, bytes]]:
    """Lengths that lie, boast or are none."""
    for text in (
        "1000000000",
        "16777217",
        str(10**12),
        str(10**19),
        str(10**30),
        "-1",
        "+8",
        "8, 9",
        "abc",
        "0x10",
        "1e3",
        "8;8",
    ):
        yield f"length {text}", post(b"{", length=text)
    yield "two lengths", post(GOOD, "/predict", "Content-Length: 3")
    yield "length and chunks", post(GOOD, "/predict", "Transfer-Encoding: chunked")
    for path in ("/predict", INFER):
        yield f"nothing {path}", post(b"", path)
        yield f"too large {path}", post(b"", path, length="999999999")
    for size in ("-1", "z", "10 10", "F" * 17):
        yield f"chunk {size}", chunked(size.encode() + b"\r\n{}\r\n0\r\n\r\n")


def nested() -> Iterator[tuple[str, bytes]]:
    """Brackets, deeper than any row."""
    for depth in (2, 10, 100, 1_000, 10_000, 100_000, 1_000_000):
        yield f"[ x {depth}", post(b"[" * depth)
        yield f"[] x {depth}", post(b"[" * depth + b"]" * depth)
        yield f"objects x {depth}", post(b'{"age":' * depth + b"1" + b"}" * depth)
        yield f"tensor [ x {depth}", post(b'{"inputs":' + b"[" * depth + b"]" * depth + b"}", INFER)
    for name in ROW:
        yield f"{name} nested", post(with_cell(name, "[" * 5_000 + "]" * 5_000))


def cells() -> Iterator[tuple[str, bytes]]:
    """Values that no cell may have."""
    impossible = [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "[]",
        "{}",
        "[1]",
        '{"a": 1}',
        '"\\ud800"',
        "nul",
        "'a'",
        "01",
        "+1",
        ".5",
        "1.",
    ]
    for name in ROW:
        for text in impossible:
            yield f"{name} {text}", post(with_cell(name, text))
    for text in ("true", "false", '"forty"', '"1e999"', '"inf"', '"0x10"', "9" * 400):
        yield f"age {text[:9]}", post(with_cell("age", text))
    for text in ("5", "true", '"32.13.2020"', '"yesterday"', '"2024-02-30"', '"9999999-01-01"'):
        yield f"joined {text}", post(with_cell("joined", text))


def broken() -> Iterator[tuple[str, bytes]]:
    """JSON that is cut, misspelt or not text at all."""
    for end in range(0, len(GOOD), 2):
        yield f"cut at {end}", post(GOOD[:end])
    for body in (
        b"\xff\xfe",
        b"\x80" * 10,
        b"\xef\xbb\xbf",
        b"\x00",
        GOOD + b"x",
        GOOD + GOOD,
        b"[" + GOOD + b",]",
        b"null",
        b"true",
        b'"row"',
        b"1",
        b"[null]",
        b"[[]]",
        b"{1: 2}",
        b"\x1f\x8b" + b"\x00" * 50,
        GOOD.decode().encode("utf-16"),
    ):
        yield f"body {len(body)} {body[:8]!r}", post(body)
    yield "10,001 rows", post(b"[" + b"{}," * 10_000 + b"{}]")
    yield "an unknown field", post(with_cell("years", "1"))
    yield "a long name", post(with_cell("x" * 100_000, "1"))
    yield "a missing field", post(b'{"age": 1}')


def not_http() -> Iterator[tuple[str, bytes]]:
    """Heads that are none."""
    for line in (
        "",
        "POST",
        "POST /predict",
        "POST /predict HTTP/9.9",
        "\x16\x03\x01\x02",
        "POST /predict HTTP/1.1 x",
    ):
        yield f"line {line!r}", line.encode("latin-1") + b"\r\nHost: x\r\n\r\n"
    yield "no host", b"POST /predict HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    yield "a huge head", b"POST /predict HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"
    yield "many headers", b"POST /predict HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"


def slow() -> Iterator[tuple[str, bytes]]:
    """Senders who stop in the middle and wait."""
    for sent in (1, 5, 20, 40):
        yield f"slow head {sent}", post(GOOD)[:sent]
    for missing in (1, 10, len(GOOD)):
        yield f"slow body {missing}", post(GOOD)[:-missing]
    yield "slow chunks", chunked(b"10\r\n{")


BAD = [case for made in (lengths, nested, cells, broken, not_http) for case in made()]
SLOW = list(slow())


def test_there_are_two_hundred() -> None:
    assert len({name for name, _ in BAD + SLOW}) == len(BAD + SLOW) >= 200


def response(port: int, sent: bytes) -> bytes:
    """What comes back, until the server says no more or has closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS) as caller:
        try:
            caller.sendall(sent)
            received = b""
            while chunk := caller.recv(65536):
                received += chunk
                head, found, body = received.partition(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if found and length and len(body) >= int(length[0].split(b":")[1]):
                    break
        except ConnectionResetError:
            return b"reset"  # the server has closed on a sender that went on: an end, not a hang
    return received


@pytest.mark.parametrize("sent", [sent for _, sent in BAD], ids=[name for name, _ in BAD])
def test_a_bad_request_is_refused(served: Any, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(receiving, "BODY_SECONDS", PATIENCE_SECONDS)
    start = time.monotonic()
    received = response(served.port, sent)
    assert time.monotonic() - start < MAX_SECONDS
    assert received.startswith(b"HTTP/1.1 4")
    problem = json.loads(received.partition(b"\r\n\r\n")[2])
    assert {"error", "where", "expected", "received", "do_this", "model"} <= set(problem)
    assert b"modelwright-release: hand-binary" in received.lower()


@pytest.mark.parametrize("sent", [sent for _, sent in SLOW], ids=[name for name, _ in SLOW])
def test_a_slow_sender_is_cut_off(served: Any, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(receiving, "BODY_SECONDS", PATIENCE_SECONDS)
    start = time.monotonic()
    received = response(served.port, sent)
    assert PATIENCE_SECONDS / 2 < time.monotonic() - start < MAX_SECONDS
    assert received == b"" or received.startswith(b"HTTP/1.1 408")


def test_a_caller_who_does_not_take_its_answer_is_cut_off(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "TAKING_SECONDS", PATIENCE_SECONDS)
    body = json.dumps([ROW] * 10_000).encode()
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.settimeout(10)
        caller.connect(("127.0.0.1", served.port))
        for _ in range(8):  # answers of about a megabyte each: more than the system's buffers hold
            try:
                caller.sendall(post(body))
            except OSError:
                break
        deadline = time.monotonic() + 10
        while "modelwright_held_bytes 0" not in served.ask("GET", "/metrics")[1]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert served.predict(ROW)[0] == 200


def test_a_gigabyte_that_is_really_sent_is_refused_before_it_is_there(served: Any) -> None:
    chunk, sent, received = b"100000\r\n" + b"1" * 0x100000 + b"\r\n", 0, b""
    with socket.create_connection(("127.0.0.1", served.port), timeout=MAX_SECONDS) as caller:
        caller.sendall(chunked())
        try:
            while sent < 1_000_000_000:
                caller.sendall(chunk)
                sent += len(chunk)
        except OSError:  # the server has answered, waited a little and closed
            pass
        try:
            received = caller.recv(65536)
        except ConnectionResetError:
            received = b"reset"
    assert received == b"reset" or received.startswith(b"HTTP/1.1 413")
    assert sent < 200_000_000
    assert served.predict(ROW)[0] == 200
    assert "modelwright_held_bytes 0" in served.ask("GET", "/metrics")[1]
