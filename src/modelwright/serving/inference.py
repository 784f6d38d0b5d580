"""The Open Inference Protocol, version 2: tensors of a request -> rows, answers -> tensors of a response."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from .answers import Answers
from .body import MAX_ROWS
from .datatypes import DATATYPES, KINDS, is_of, packed, unpacked
from .manifest import Field, Manifest
from .problems import RequestProblem, shown
from .replies import Reply, told
from .rows import Row

HEAD_LENGTH = b"inference-header-content-length"  # where a body's JSON ends and its binary tensors begin
MAX_TENSORS = 10_000
EXTENSIONS = ["binary_tensor_data"]
PLATFORM = "onnxruntime_onnx"
# Before binary tensors stands the same JSON in all requests of a caller; reading it costs more than they do.
MAX_KEPT_BYTES = 16 * 1024
KEPT_HEADS = 128


class Tensor(msgspec.Struct, frozen=True):
    """One input of a request: a field's cells, one a row."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class Wanted(msgspec.Struct, frozen=True):
    """An output the caller asks for."""

    name: str
    parameters: dict[str, Any] = {}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to come back."""

    id: str | None = None
    outputs: list[Wanted] = []
    parameters: dict[str, Any] = {}


class Asked(Wish, frozen=True, kw_only=True):
    """A request to infer."""

    inputs: list[Tensor]


@dataclass(frozen=True, slots=True)
class Block:
    """Binary tensors all of one datatype and length: a matrix, (tensors, rows)."""

    names: tuple[str, ...]
    datatype: str
    rows: int

    def read(self, data: memoryview) -> list[Row]:
        """The rows."""
        cells = np.frombuffer(data, KINDS[self.datatype]).reshape(len(self.names), self.rows)
        return [dict(zip(self.names, row, strict=True)) for row in cells.T.tolist()]

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.names) * self.rows * KINDS[self.datatype].itemsize


def read_asked(body: bytes, head_length: bytes | None) -> tuple[Wish, list[Row]]:
    """What is to come back, and the rows it is asked of.

    Args:
        head_length: the header that says where the JSON ends, for a body with binary tensors.

    Raises:
        RequestProblem: the body is not such a request, or holds too many rows.
    """
    head, tail = _cut(memoryview(body), head_length)
    keeping = len(tail) and len(head) <= MAX_KEPT_BYTES
    asked, block = _kept(bytes(head)) if keeping else (_asked(head), None)
    wish = Wish(id=asked.id, outputs=asked.outputs, parameters=asked.parameters)
    if block is not None and block.size == len(tail):
        return wish, block.read(tail)
    columns: dict[str, list[object]] = {}
    for tensor in asked.inputs:
        if tensor.name in columns:
            raise _off(f"input {shown(tensor.name)}", "each input once", "it twice")
        columns[tensor.name], tail = _cells(tensor, tail)
    if len(tail):
        raise _off("request body", "no bytes after the last tensor", f"{len(tail)} more")
    return wish, _rows(columns)


@functools.lru_cache(maxsize=KEPT_HEADS)
def _kept(head: bytes) -> tuple[Asked, Block | None]:
    asked = _asked(head)
    return asked, _block(asked.inputs)


def _asked(head: bytes | memoryview) -> Asked:
    try:
        asked = msgspec.json.decode(head, type=Asked)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _off(
            "request body", "an inference request of the Open Inference Protocol", str(error)
        ) from None
    if len(asked.inputs) > MAX_TENSORS:
        raise _off("inputs", f"at most {MAX_TENSORS} tensors", str(len(asked.inputs)))
    return asked


def _block(tensors: list[Tensor]) -> Block | None:
    """The tensors as one block, if they are one; in doubt none: then each is read, and said what is off."""
    if not tensors or tensors[0].datatype not in KINDS:
        return None
    first, names = tensors[0], tuple(tensor.name for tensor in tensors)
    rows = first.shape[0] if _is_column(first.shape) else 0
    said = str({"binary_data_size": rows * KINDS[first.datatype].itemsize})  # in letters: true is not 1
    alike = all(
        (one.datatype, one.shape, str(one.parameters)) == (first.datatype, first.shape, said)
        for one in tensors
    )
    whole = alike and len(set(names)) == len(names) and 0 < rows <= MAX_ROWS
    return Block(names, first.datatype, rows) if whole else None


def _is_column(shape: list[int]) -> bool:
    return len(shape) in (1, 2) and shape[0] >= 0 and shape[1:] in ([], [1])


def _cut(body: memoryview, head_length: bytes | None) -> tuple[memoryview, memoryview]:
    """The JSON and the binary tensors, as views: cutting thousands of tensors off copies nothing."""
    if head_length is None:
        return body, body[:0]
    text = head_length.decode("ascii", "replace")
    if not text.isdecimal() or not text.isascii() or len(text) > 10 or int(text) > len(body):
        raise _off("header Inference-Header-Content-Length", "the length of the body's JSON", shown(text))
    return body[: int(text)], body[int(text) :]


def _cells(tensor: Tensor, tail: memoryview) -> tuple[list[object], memoryview]:
    """A tensor's cells, and what is left of the binary tensors."""
    if tensor.datatype not in DATATYPES:
        raise _off(_input(tensor), f"a datatype of {', '.join(DATATYPES)}", shown(tensor.datatype))
    count = _count(tensor)
    size = tensor.parameters.get("binary_data_size")
    if size is None:
        return _plain(tensor, count), tail
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(tail):
        raise _off(_input(tensor), "a binary_data_size of bytes that follow the JSON", shown(size))
    return unpacked(tail[:size], tensor.datatype, count, tensor.name), tail[size:]


def _input(tensor: Tensor) -> str:
    return f"input {shown(tensor.name)}"


def _count(tensor: Tensor) -> int:
    shape = tensor.shape
    if not _is_column(shape):
        raise _off(_input(tensor), "shape [rows] or [rows, 1]", shown(shape))
    if shape[0] > MAX_ROWS:
        raise _off(_input(tensor), f"at most {MAX_ROWS} rows at a time", str(shape[0]), status=413)
    return shape[0]


def _plain(tensor: Tensor, count: int) -> list[object]:
    given: list[Any] = tensor.data if tensor.data is not None else []
    cells: list[object] = [
        cell[0] if isinstance(cell, list) and len(cell) == 1 else cell  # pyright: ignore[reportUnknownArgumentType]  # JSON
        for cell in given
    ]
    if len(cells) != count:
        raise _off(_input(tensor), f"{count} values, as its shape says", str(len(cells)))
    for cell in cells:
        if not is_of(cell, tensor.datatype):
            raise _off(_input(tensor), f"values of {tensor.datatype}, or null", shown(cell))
    return cells


def _rows(columns: dict[str, list[object]]) -> list[Row]:
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise _off("inputs", "as many rows in each", f"{min(lengths)} and {max(lengths)}")
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def write_answer(manifest: Manifest, model: str, version: str, wish: Wish, answers: Answers) -> Reply:
    """The response: the outputs asked for (all, unless named), as JSON or as bytes after it.

    Raises:
        RequestProblem: an output that the model does not have is asked for.
        RowProblem: the model has no finite answer for a row.
    """
    answers.hold_finite()
    everything = _outputs(manifest, answers)
    wanted = wish.outputs or [Wanted(name) for name in everything]
    binary = wish.parameters.get("binary_data_output") is True
    outputs: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for one in wanted:
        if one.name not in everything:
            raise _off("outputs", f"one of {', '.join(everything)}", shown(one.name))
        output, cells = everything[one.name]
        if one.parameters.get("binary_data", binary) is True:
            tail.append(packed(cells, output["datatype"]))
            outputs.append({**output, "parameters": {"binary_data_size": len(tail[-1])}})
        else:
            outputs.append({**output, "data": cells})
    head = {"model_name": model, "model_version": version, "id": wish.id or "", "outputs": outputs}
    return _joined(head, tail)


def _joined(head: dict[str, Any], tail: list[bytes]) -> Reply:
    reply = told(head)
    if not tail:
        return reply
    length = str(len(reply.body)).encode()
    return Reply(
        200, b"".join([reply.body, *tail]), "application/octet-stream", headers=((HEAD_LENGTH, length),)
    )


def _outputs(manifest: Manifest, answers: Answers) -> dict[str, tuple[dict[str, Any], list[Any]]]:
    """Each output's head, and its cells row by row."""
    rows, width = answers.outputs.shape
    numbers = answers.outputs.ravel().tolist()
    if not manifest.classes:
        shape = [rows] if manifest.kind == "regression" else [rows, width]
        return {"prediction": ({"name": "prediction", "datatype": "FP64", "shape": shape}, numbers)}
    return {
        "prediction": ({"name": "prediction", "datatype": "BYTES", "shape": [rows]}, answers.prediction),
        "probabilities": ({"name": "probabilities", "datatype": "FP64", "shape": [rows, width]}, numbers),
    }


def server_metadata(label: str) -> dict[str, Any]:
    """``GET /v2``."""
    return {"name": "modelwright", "version": label, "extensions": EXTENSIONS}


def model_metadata(manifest: Manifest, model: str, version: str) -> dict[str, Any]:
    """``GET /v2/models/NAME``: the raw fields as inputs, and what comes back."""
    width = len(manifest.classes) or len(manifest.targets)
    outputs: list[dict[str, Any]] = [{"name": "prediction", "datatype": "FP64", "shape": [-1]}]
    if manifest.classes:
        outputs[0]["datatype"] = "BYTES"
        outputs.append({"name": "probabilities", "datatype": "FP64", "shape": [-1, width]})
    elif manifest.kind == "vector_regression":
        outputs[0]["shape"] = [-1, width]
    return {
        "name": model,
        "versions": [version],
        "platform": PLATFORM,
        "inputs": [
            {"name": field.name, "datatype": datatype(field), "shape": [-1]} for field in manifest.inputs
        ],
        "outputs": outputs,
    }


def datatype(field: Field) -> str:
    """The datatype a field is described with; others are taken where the cell's meaning allows it."""
    numeric = field.dtype == "number" or (field.dtype == "date" and field.date_format == "epoch")
    return "FP64" if numeric else "BYTES"


def _off(where: str, expected: str, received: str, status: int = 400) -> RequestProblem:
    return RequestProblem(
        where=where,
        expected=expected,
        received=received,
        do_this="GET /v2/models/NAME lists the inputs; GET /openapi.json has an example.",
        status=status,
    )
