"""The Open Inference Protocol: what its clients send, and what they get."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.serving.inference import MAX_TENSORS, read_asked
from modelwright.serving.problems import RequestProblem

ROWS = [
    {"age": 40, "colour": "red", "joined": "1970-01-02", "note": "hello"},
    {"age": None, "colour": "grün", "joined": None, "note": ""},
    {"age": -3.5, "colour": None, "joined": "2024-05-31T12:30:00", "note": "שלום 😀"},
]
DATATYPES = {"age": "FP64", "colour": "BYTES", "joined": "BYTES", "note": "BYTES"}


def tensors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": [len(rows)], "datatype": kind, "data": [row[name] for row in rows]}
        for name, kind in DATATYPES.items()
    ]


def text_bytes(texts: list[str]) -> bytes:
    return b"".join(struct.pack("<I", len(one.encode())) + one.encode() for one in texts)


def binary(rows: list[dict[str, Any]], **more: Any) -> tuple[bytes, dict[str, str]]:
    """A request whose tensors all follow its JSON."""
    packed: dict[str, bytes] = {}
    for name, datatype in DATATYPES.items():
        cells = [row[name] for row in rows]
        numbers = [float("nan") if cell is None else cell for cell in cells]
        is_text = datatype == "BYTES"
        packed[name] = (
            text_bytes([cell or "" for cell in cells]) if is_text else struct.pack(f"<{len(rows)}d", *numbers)
        )
    inputs = [
        {**one, "shape": [len(rows), 1], "parameters": {"binary_data_size": len(packed[one["name"]])}}
        for one in tensors(rows)
    ]
    for one in inputs:
        del one["data"]
    head = json.dumps({"inputs": inputs, **more}).encode()
    return head + b"".join(packed.values()), {"Inference-Header-Content-Length": str(len(head))}


def infer(served: Any, body: Any, **headers: str) -> tuple[int, Any, dict[str, str]]:
    return served.ask("POST", "/v2/models/hand-binary/infer", body, **headers)


def test_tensors_are_answered_as_rows_are(served: Any) -> None:
    status, got, headers = infer(served, {"id": "mine", "inputs": tensors(ROWS)})
    rows = served.predict(ROWS)[1]
    assert status == 200
    assert (got["model_name"], got["model_version"], got["id"]) == ("hand-binary", "1", "mine")
    assert headers["modelwright-release"] == "hand-binary"
    prediction, probabilities = got["outputs"]
    assert (prediction["name"], prediction["datatype"], prediction["shape"]) == ("prediction", "BYTES", [3])
    assert prediction["data"] == [row["prediction"] for row in rows]
    assert probabilities["shape"] == [3, 2]
    flat = [value for row in rows for value in row["probabilities"].values()]
    assert probabilities["data"] == pytest.approx(flat, abs=1e-6)


def test_binary_tensors_are_answered_as_json_is(served: Any) -> None:
    body, headers = binary(ROWS)
    status, got, _ = infer(served, body, **headers)
    assert status == 200
    assert got["outputs"] == infer(served, {"inputs": tensors(ROWS)})[1]["outputs"]


def test_outputs_may_be_asked_for_one_by_one_and_in_bytes(served: Any) -> None:
    as_json = infer(served, {"inputs": tensors(ROWS), "outputs": [{"name": "probabilities"}]})[1]
    wanted = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    body, headers = binary(ROWS, outputs=wanted)
    connection_headers = {**headers}
    status, raw, told = served.ask_raw("POST", "/v2/models/hand-binary/infer", body, **connection_headers)
    assert (status, told["content-type"]) == (200, "application/octet-stream")
    length = int(told["inference-header-content-length"])
    head = json.loads(raw[:length])
    assert head["outputs"][0]["parameters"]["binary_data_size"] == len(raw) - length == 6 * 8
    assert list(struct.unpack("<6d", raw[length:])) == as_json["outputs"][0]["data"]


def test_texts_come_back_in_bytes_too(served: Any) -> None:
    asked = {"inputs": tensors(ROWS), "parameters": {"binary_data_output": True}}
    asked["outputs"] = [{"name": "prediction"}]
    _, raw, told = served.ask_raw("POST", "/v2/models/hand-binary/infer", json.dumps(asked).encode())
    assert raw[int(told["inference-header-content-length"]) :] == text_bytes(["=spam", "ham", "=spam"])


@pytest.mark.parametrize(
    ("kind", "datatype", "shape"),
    [("regression", "FP64", [1]), ("vector_regression", "FP64", [1, 2]), ("multiclass", "BYTES", [1])],
)
def test_metadata_and_answers_agree_for_every_kind(
    start_serving: Callable[..., Any], write_release_folder: Callable[..., Path], tmp_path: Path,
    kind: str, datatype: str, shape: list[int],
) -> None:  # fmt: skip
    folder = write_release_folder(tmp_path / kind, kind, name=f"hand-{kind}-0a1b2c3d")
    with start_serving(folder) as one:
        _, metadata, _ = one.ask("GET", f"/v2/models/hand-{kind}")
        _, got, _ = one.ask("POST", f"/v2/models/hand-{kind}/infer", {"inputs": tensors(ROWS[:1])})
    assert (metadata["name"], metadata["versions"]) == (f"hand-{kind}", ["0a1b2c3d"])
    assert [(i["name"], i["datatype"]) for i in metadata["inputs"]] == list(DATATYPES.items())
    for told, output in zip(metadata["outputs"], got["outputs"], strict=True):
        assert (told["name"], told["datatype"]) == (output["name"], output["datatype"])
        assert len(told["shape"]) == len(output["shape"])
    assert (got["outputs"][0]["datatype"], got["outputs"][0]["shape"]) == (datatype, shape)


def test_the_protocols_other_paths_answer(served: Any) -> None:
    assert served.ask("GET", "/v2")[1]["extensions"] == ["binary_tensor_data"]
    assert served.ask("GET", "/v2/health/live")[1]["live"] is True
    assert served.ask("GET", "/v2/health/ready")[1]["ready"] is True
    assert served.ask("GET", "/v2/models/hand-binary/ready")[1]["ready"] is True
    assert served.ask("GET", "/v2/models/hand-binary/versions/1/ready")[0] == 200
    for path in ("/v2/models/other", "/v2/models/hand-binary/versions/2/ready"):
        status, problem, _ = served.ask("GET", path)
        assert status == 404
        assert problem["error"].startswith(problem["where"])  # a sentence, as the protocol has it


AGE = {"name": "age", "shape": [1], "datatype": "FP64", "data": [1]}
BAD: dict[str, Any] = {
    "no inputs": {},
    "inputs that are no list": {"inputs": 3},
    "a tensor twice": {"inputs": [AGE, AGE]},
    "a shape of three": {"inputs": [{**AGE, "shape": [1, 1, 1]}]},
    "a negative shape": {"inputs": [{**AGE, "shape": [-1]}]},
    "a shape that says more": {"inputs": [{**AGE, "shape": [2]}]},
    "an unknown datatype": {"inputs": [{**AGE, "datatype": "FP128"}]},
    "text as a number": {"inputs": [{**AGE, "data": ["a"]}]},
    "true as a number": {"inputs": [{**AGE, "data": [True]}]},
    "a fraction as a whole number": {"inputs": [{**AGE, "datatype": "INT32", "data": [1.5]}]},
    "nested cells": {"inputs": [{**AGE, "data": [[1, 2]]}]},
    "uneven rows": {"inputs": [AGE, {**AGE, "name": "note", "shape": [2], "data": [1, 2]}]},
    "binary bytes that are not there": {"inputs": [{**AGE, "parameters": {"binary_data_size": 8}}]},
    "a size that is no size": {"inputs": [{**AGE, "parameters": {"binary_data_size": True}}]},
    "an unknown output": {"inputs": tensors(ROWS), "outputs": [{"name": "logits"}]},
    "an unknown field": {"inputs": [{**AGE, "name": "years"}]},
    "a missing field": {"inputs": [AGE]},
    "an infinite number as text": {"inputs": [{**AGE, "datatype": "BYTES", "data": ["1e999"]}]},
}  # fmt: skip


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_refused_in_words(served: Any, body: Any) -> None:
    status, problem, headers = infer(served, body)
    assert 400 <= status < 500
    assert {"error", "where", "expected", "received", "do_this", "model"} <= set(problem)
    assert headers["modelwright-release"] == "hand-binary"


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999", "1e3", "٣"])
def test_a_header_length_that_lies_is_refused(served: Any, length: str) -> None:
    body, _ = binary(ROWS)
    value = length.encode("utf-8").decode("latin-1")
    status, problem, _ = infer(served, body, **{"Inference-Header-Content-Length": value})
    assert (status, problem["where"]) == (400, "header Inference-Header-Content-Length")


def test_bytes_cut_or_too_many_are_refused(served: Any) -> None:
    body, headers = binary(ROWS)
    assert infer(served, body[:-1], **headers)[0] == 400
    assert infer(served, body + b"x", **headers)[0] == 400
    assert infer(served, body.replace("שלום".encode(), b"\xff" * 8), **headers)[0] == 400


@pytest.mark.parametrize(
    ("datatype", "form"), [("INT8", "b"), ("UINT64", "Q"), ("FP32", "f"), ("FP16", "e"), ("INT32", "i")]
)
def test_every_kind_of_number_is_read(served: Any, datatype: str, form: str) -> None:
    head, packed = tensors(ROWS[:1]), struct.pack(f"<{form}", 40)
    head[0] = {
        "name": "age",
        "shape": [1],
        "datatype": datatype,
        "parameters": {"binary_data_size": len(packed)},
    }
    text = json.dumps({"inputs": head}).encode()
    status, got, _ = infer(served, text + packed, **{"Inference-Header-Content-Length": str(len(text))})
    assert status == 200
    assert got["outputs"] == infer(served, {"inputs": tensors(ROWS[:1])})[1]["outputs"]


def columns(size: object, rows: int = 3, **changes: Any) -> bytes:
    one = {"shape": [rows], "datatype": "FP32", "parameters": {"binary_data_size": size}}
    return json.dumps({"id": "7", "inputs": [{"name": "a", **one}, {"name": "b", **one, **changes}]}).encode()


def test_tensors_of_one_kind_are_read_at_once_and_as_each_is() -> None:
    data = np.arange(6, dtype="<f4").tobytes()
    alike, apart = columns(12), columns(12, shape=[3, 1])
    for _ in range(2):  # the second time the head is known
        for head in (alike, apart):
            wish, rows = read_asked(head + data, str(len(head)).encode())
            assert wish.id == "7"
            assert rows == [{"a": 0.0, "b": 3.0}, {"a": 1.0, "b": 4.0}, {"a": 2.0, "b": 5.0}]


@pytest.mark.parametrize(
    ("head", "data", "said"),
    [
        (columns(12), bytes(23), "binary_data_size of bytes that follow"),
        (columns(12), bytes(25), "no bytes after the last tensor"),
        (columns(8), bytes(16), "12 bytes"),
        (columns(12.0), bytes(24), "binary_data_size"),
        (columns(True), bytes(24), "binary_data_size"),
        (columns(12, name="a"), bytes(24), "each input once"),
        (columns(40_004, rows=10_001), bytes(80_008), "at most 10000 rows"),
        (columns(12, shape=[-3]), bytes(24), "shape"),
        (columns(12, shape=[3, 2]), bytes(24), "shape"),
        (columns(12, shape=[]), bytes(24), "shape"),
    ],
)
def test_tensors_of_one_kind_are_refused_as_each_is(head: bytes, data: bytes, said: str) -> None:
    for _ in range(2):
        with pytest.raises(RequestProblem, match=said):
            read_asked(head + data, str(len(head)).encode())


def test_thousands_of_tensors_are_cut_off_without_copying_the_rest() -> None:
    one = {"shape": [1], "datatype": "BOOL", "parameters": {"binary_data_size": 1}}
    head = json.dumps({"inputs": [{"name": str(number), **one} for number in range(MAX_TENSORS)]}).encode()
    start = time.thread_time()
    with pytest.raises(RequestProblem, match="no bytes after the last tensor"):
        read_asked(head + bytes(15_000_000), str(len(head)).encode())
    assert time.thread_time() - start < 1
