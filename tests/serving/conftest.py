"""A tiny release written by hand: it needs no trained model to be served."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from onnx import TensorProto, checker, helper

from modelwright.deploy.packing import pack
from modelwright.serving.manifest import FORMAT, Field, Golden, Manifest
from modelwright.serving.release import Release
from modelwright.serving.server import DrainingServer, make_server, open_door

FIELDS = (
    Field(name="age", tensor="column_0", dtype="number", missing_tokens=("?",)),
    Field(name="colour", tensor="column_1", dtype="string", required=False, missing_tokens=("none",)),
    Field(name="joined", tensor="column_2", dtype="date", date_format="iso"),
    Field(name="note", tensor="column_3", dtype="string"),
)
ROW = {"age": 40, "colour": "red", "joined": "1970-01-02", "note": "hello"}


def graph(kind: str, more: float = 0.0) -> bytes:
    """score = age / 100 + days since 1970 / 10,000 (0 where missing) + 1 if red + 0.5 if noted + more."""
    nodes = [
        *_filled("column_0", "age"),
        *_filled("column_2", "day"),
        *_looked_up("column_1", "red", {"red": 1.0}, 0.0),
        *_looked_up("column_3", "noted", {"": 0.0}, 0.5),
        helper.make_node("Sum", ["age", "day", "red", "noted", "more"], ["score"]),
        helper.make_node("Reshape", ["score", "column_shape"], ["column"]),
        *_ending(kind),
    ]
    constants = [
        helper.make_tensor("more", TensorProto.DOUBLE, [], [more]),
        helper.make_tensor("zero", TensorProto.DOUBLE, [], [0.0]),
        helper.make_tensor("column_0_unit", TensorProto.DOUBLE, [], [100.0]),
        helper.make_tensor("column_2_unit", TensorProto.DOUBLE, [], [864_000_000.0]),
        helper.make_tensor("column_shape", TensorProto.INT64, [2], [-1, 1]),
        helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
        helper.make_tensor("two", TensorProto.DOUBLE, [], [2.0]),
    ]
    kinds = [TensorProto.STRING if field.dtype == "string" else TensorProto.DOUBLE for field in FIELDS]
    inputs = [helper.make_tensor_value_info(f"column_{i}", k, ["rows"]) for i, k in enumerate(kinds)]
    element = TensorProto.FLOAT if kind in ("binary", "multiclass") else TensorProto.DOUBLE
    outputs = [helper.make_tensor_value_info("outputs", element, ["rows", None])]
    built = helper.make_graph(nodes, "hand", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(built, opset_imports=opsets, ir_version=10)
    checker.check_model(model)
    return model.SerializeToString()


def _filled(source: str, name: str) -> list[Any]:
    return [
        helper.make_node("IsNaN", [source], [f"{name}_missing"]),
        helper.make_node("Where", [f"{name}_missing", "zero", source], [f"{name}_known"]),
        helper.make_node("Div", [f"{name}_known", f"{source}_unit"], [name]),
    ]


def _looked_up(source: str, name: str, table: dict[str, float], default: float) -> list[Any]:
    keys, values = list(table), list(table.values())
    return [
        helper.make_node(
            "LabelEncoder",
            [source],
            [f"{name}_float"],
            domain="ai.onnx.ml",
            keys_strings=keys,
            values_floats=values,
            default_float=default,
        ),
        helper.make_node("Cast", [f"{name}_float"], [name], to=TensorProto.DOUBLE),
    ]


def _ending(kind: str) -> list[Any]:
    if kind == "regression":
        return [helper.make_node("Identity", ["column"], ["outputs"])]
    if kind == "vector_regression":
        return [
            helper.make_node("Mul", ["column", "two"], ["double"]),
            helper.make_node("Concat", ["column", "double"], ["outputs"], axis=1),
        ]
    single = [helper.make_node("Cast", ["column"], ["logit"], to=TensorProto.FLOAT)]
    if kind == "binary":
        return [
            *single,
            helper.make_node("Sigmoid", ["logit"], ["yes"]),
            helper.make_node("Sub", ["one", "yes"], ["no"]),
            helper.make_node("Concat", ["no", "yes"], ["outputs"], axis=1),
        ]
    return [
        *single,
        helper.make_node("Neg", ["logit"], ["minus"]),
        helper.make_node("Sub", ["logit", "logit"], ["nothing"]),
        helper.make_node("Concat", ["minus", "nothing", "logit"], ["scores"], axis=1),
        helper.make_node("Softmax", ["scores"], ["outputs"], axis=1),
    ]


CLASSES = {"binary": ("ham", "=spam"), "multiclass": ("a", "b", "c")}
TARGETS = {"vector_regression": ("left", "right")}


def manifest(kind: str, **changes: Any) -> Manifest:
    plain = Manifest(
        format=FORMAT,
        name=f"hand-{kind}",
        kind=kind,  # pyright: ignore[reportArgumentType]  # the tests pass only the four kinds
        classes=CLASSES.get(kind, ()),
        targets=TARGETS.get(kind, ("label",)),
        positive_class="=spam" if kind == "binary" else None,
        threshold=0.7 if kind == "binary" else None,
        inputs=FIELDS,
        question="Is it <b>spam</b>?",
    )
    return msgspec.structs.replace(plain, **changes)


def write(folder: Path, kind: str = "binary", more: float = 0.0, **changes: Any) -> Path:
    model, plain = graph(kind, more), manifest(kind, **changes)
    outputs = Release(plain, model).predict([ROW]).outputs
    golden = Golden(rows=[ROW], outputs=outputs.tolist(), tolerance=[1e-5] * outputs.shape[1])
    for name, data in pack(plain, model, golden).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@dataclass(frozen=True, slots=True)
class Served:
    port: int
    server: DrainingServer

    def ask_raw(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, text, {name.lower(): value for name, value in response.getheaders()}

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        status, text, told = self.ask_raw(method, path, data, **headers)
        is_json = told["content-type"] == "application/json" and text
        return status, json.loads(text) if is_json else text.decode(), told

    def predict(self, body: Any) -> tuple[int, Any]:
        return self.ask("POST", "/predict", body)[:2]


@contextmanager
def serving(folder: Path, **choices: Any) -> Iterator[Served]:
    door = open_door("127.0.0.1", 0)
    server = make_server(Release.load(folder), door, folder=folder, **choices)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield Served(door.getsockname()[1], server)
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def start_serving() -> Callable[..., Any]:
    return serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(write(tmp_path_factory.mktemp("served") / "release")) as one:
        yield one


@pytest.fixture
def release_folder(tmp_path: Path) -> Path:
    return write(tmp_path / "release")


@pytest.fixture(scope="session")
def write_release_folder() -> Callable[..., Path]:
    return write


@pytest.fixture
def open_a_door() -> Iterator[Any]:
    with open_door("127.0.0.1", 0) as door:
        yield door


@pytest.fixture
def release(release_folder: Path) -> Release:
    return Release.load(release_folder)


@pytest.fixture
def row() -> dict[str, Any]:
    return dict(ROW)
