from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.serving import batching, protocol, receiving
from modelwright.serving import http as face
from modelwright.serving.body import MAX_BODY_BYTES, MAX_ROWS
from modelwright.serving.options import Options
from modelwright.serving.release import Release
from modelwright.serving.server import open_door

FOUR = {"error", "where", "expected", "received", "do_this"}


def test_one_row_gets_one_answer_and_a_list_gets_a_list(served: Any, row: dict[str, Any]) -> None:
    status, answer = served.predict(row)
    assert status == 200
    assert (answer["model"], answer["prediction"]) == ("hand-binary", "=spam")
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    status, answers = served.predict([row, {**row, "age": None, "colour": None, "note": None}])
    assert (status, answers[0], answers[1]["prediction"]) == (200, answer, "ham")
    assert served.predict([]) == (200, [])


def test_a_thousand_rows_are_answered_like_single_ones(served: Any, row: dict[str, Any]) -> None:
    rows = [
        {**row, "age": age, "note": "\U0001f600 \u05e9\u05dc\u05d5\u05dd" * (age % 3)} for age in range(1000)
    ]
    status, answers = served.predict(rows)
    assert (status, len(answers)) == (200, 1000)
    assert served.predict(rows[999]) == (200, answers[999])


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"age": "forty"}, 422, "age"),
        ({"age": float("nan")}, 400, "age"),
        ({"age": float("inf")}, 400, "age"),
        ({"age": "inf"}, 422, "age"),
        ({"age": False}, 422, "age"),
        ({"note": ["a"]}, 422, "note"),
        ({"joined": "32.13.2020"}, 422, "joined"),
        ({"extra": 1}, 422, "extra"),
        ({"<script>": 1}, 422, "<script>"),
    ],
)
def test_a_bad_field_is_named_in_four_parts(
    served: Any, row: dict[str, Any], change: dict[str, Any], status: int, field: str
) -> None:
    got, problem = served.predict([row, {**row, **change}])
    assert got == status
    assert set(problem) >= FOUR
    assert (problem["row"], problem["field"]) == (2, field)
    assert field in problem["where"]


def test_a_missing_field_is_named(served: Any, row: dict[str, Any]) -> None:
    del row["note"]
    status, problem = served.predict(row)
    assert (status, problem["field"]) == (422, "note")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/predict", None, 405),
        ("PUT", "/predict", b"{}", 405),
        ("POST", "/schema", b"{}", 405),
        ("POST", "/", b"{}", 405),
        ("GET", "/nowhere", None, 404),
        ("GET", "/../../etc/passwd", None, 404),
        ("GET", "/%2e%2e/manifest.json", None, 404),
        ("POST", "/predict", b"", 400),
        ("POST", "/predict", b"{", 400),
        ("POST", "/predict", b"3", 422),
        ("POST", "/predict", b"[3]", 422),
        ("POST", "/predict", b"[" * 100_000, 400),
        ("POST", "/predict", b"[" + b"{}," * MAX_ROWS + b"{}]", 413),
        ("POST", "/predict", b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_every_refusal_is_json_in_four_parts(
    served: Any, method: str, path: str, body: bytes | None, status: int
) -> None:
    start = time.monotonic()
    got, problem, headers = served.ask(method, path, body)
    assert got == status
    assert set(problem) >= FOUR
    assert "Traceback" not in str(problem)
    assert status != 405 or headers["allow"]
    assert time.monotonic() - start < 3


def test_a_body_too_large_is_refused_before_it_is_sent(served: Any) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as caller:
        caller.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n{")
        assert caller.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_too_large_without_a_length_is_refused(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MAX_BODY_BYTES", 1_000)
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as caller:
        caller.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        caller.sendall(b"800\r\n" + b" " * 2048 + b"\r\n")
        assert caller.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("sent", "limit", "status"),
    [
        (b"POST /pre", "HEADER_SECONDS", b""),
        (
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
            "BODY_SECONDS",
            b"HTTP/1.1 408",
        ),
    ],
)
def test_a_caller_who_trickles_is_let_go(
    served: Any, monkeypatch: pytest.MonkeyPatch, sent: bytes, limit: str, status: bytes
) -> None:
    monkeypatch.setattr(protocol if limit == "HEADER_SECONDS" else receiving, limit, 0.2)
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as caller:
        caller.sendall(sent)
        assert caller.recv(12) == status


def test_what_is_not_http_is_refused_in_four_parts(served: Any) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as caller:
        caller.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        text = caller.makefile("rb").read()
    assert text.startswith(b"HTTP/1.1 400")
    assert b"do_this" in text


def test_too_many_waiting_requests_are_asked_to_come_back(
    served: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MAX_WAITING_REQUESTS", 0)
    status, problem, headers = served.ask("POST", "/predict", row)
    assert (status, headers["retry-after"], problem["where"]) == (503, "1", "server")
    deadline = time.monotonic() + receiving.LINGER_SECONDS / 2
    while "modelwright_connections 1\n" not in served.ask("GET", "/metrics")[1]:
        assert time.monotonic() < deadline  # who has sent all is let go at once


def test_many_rows_waiting_and_large_bodies_in_work_are_asked_to_come_back(
    served: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(face, "MAX_LARGE", 0)
        assert served.predict([row] * 1000)[0] == 503
        assert served.predict(row)[0] == 200
    assert served.predict([row] * 1000)[0] == 200


def test_bodies_that_would_fill_the_memory_are_asked_to_come_back(
    served: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(receiving, "MAX_HELD_BYTES", 10)
        assert served.predict(row)[0] == 503
    assert served.predict(row)[0] == 200  # what was held has been given back


@pytest.mark.parametrize("rows", [1, 200])  # by the express lane, and by the ordinary way
def test_no_work_is_done_for_callers_who_have_left(
    start_serving: Callable[..., Any],
    release_folder: Path,
    row: dict[str, Any],
    rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = json.dumps([row] * rows).encode()
    sent = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with start_serving(release_folder, options=Options(parallel=1)) as one:
        honest, let_go, ran = Release.run, threading.Event(), list[int]()

        def run(self: Release, tensors: Any, count: int) -> Any:
            ran.append(count)
            let_go.wait(10)
            return honest(self, tensors, count)

        def reads(line: str) -> None:
            deadline = time.monotonic() + 10
            while f"modelwright_{line}\n" not in one.ask("GET", "/metrics")[1]:
                assert time.monotonic() < deadline

        monkeypatch.setattr(Release, "run", run)
        patient = socket.create_connection(("127.0.0.1", one.port), timeout=10)
        patient.sendall(sent)
        while not ran:
            time.sleep(0.01)
        leaving = [socket.create_connection(("127.0.0.1", one.port)) for _ in range(4)]
        for caller in leaving:
            caller.sendall(sent)
        reads("waiting_requests 4")
        for caller in leaving:
            caller.close()
        reads("connections 2")  # the patient one and whoever asks
        let_go.set()
        assert patient.recv(15) == b"HTTP/1.1 200 OK"
        patient.close()
        reads("waiting_requests 0")
        assert ran == [rows]
        reads("held_bytes 0")


def test_a_failure_of_the_servers_own_is_no_traceback(
    served: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Release, "run", fail)
    status, problem = served.predict(row)
    assert status == 500
    assert "secret" not in str(problem)
    assert served.ask("GET", "/healthz")[0] == 200


def test_one_bad_request_does_not_fail_its_neighbours(
    served: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Release.run

    def run(self: Release, tensors: Any, rows: int) -> Any:
        time.sleep(0.01)  # lets requests gather
        if 13.0 in tensors["column_0"]:
            raise RuntimeError("unlucky")
        return honest(self, tensors, rows)

    monkeypatch.setattr(Release, "run", run)
    statuses = dict[int, int]()

    def ask(age: int) -> None:
        statuses[age] = served.predict({**row, "age": age})[0]

    threads = [threading.Thread(target=ask, args=(age,)) for age in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {age: 500 if age == 13 else 200 for age in range(20)}


def test_the_schema_tells_fields_types_and_an_example(served: Any) -> None:
    status, schema, _ = served.ask("GET", "/schema")
    assert status == 200
    assert [(one["name"], one["type"], one["required"]) for one in schema["fields"]] == [
        ("age", "number", True),
        ("colour", "text", False),
        ("joined", "date", True),
        ("note", "text", True),
    ]
    assert served.predict(schema["example"]["request"]) == (200, schema["example"]["response"])


def test_the_page_escapes_and_needs_no_network(served: Any) -> None:
    status, text, headers = served.ask("GET", "/")
    assert status == 200
    assert "&lt;b&gt;spam" in text
    assert "<b>" not in text
    assert "http" not in text
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"


def test_health_and_readiness_part_ways_when_stopping(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any]
) -> None:
    with start_serving(release_folder) as one:
        assert one.ask("GET", "/healthz")[1] == {"status": "ok", "model": "hand-binary"}
        assert one.ask("HEAD", "/readyz")[0] == 200
        predicting, probing = (http.client.HTTPConnection("127.0.0.1", one.port, timeout=10) for _ in "ab")
        for kept in (predicting, probing):
            kept.request("GET", "/readyz")
            assert json.loads(kept.getresponse().read())["ready"] is True
        one.server.handle_exit(15, None)
        predicting.request("POST", "/predict", json.dumps(row))
        probing.request("GET", "/readyz")
        for kept, status in ((predicting, 200), (probing, 503)):
            response = kept.getresponse()
            assert (response.status, response.getheader("connection")) == (status, "close")
            response.read()
            kept.close()


def test_a_port_in_use_is_explained() -> None:
    with open_door("127.0.0.1", 0) as door, pytest.raises(Exception, match="Choose another --port"):
        open_door("127.0.0.1", door.getsockname()[1])
