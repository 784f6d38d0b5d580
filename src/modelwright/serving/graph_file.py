"""What may a model file hold? Nothing but a graph: no files outside it, no operators from elsewhere.

A release may come from anybody, and its own manifest vouches for its digests. The file is read as protocol
buffers here, field by field, because a serving environment has onnxruntime but not the onnx package.
"""

from __future__ import annotations

from collections.abc import Iterator

from .problems import ReleaseProblem

MAX_DEPTH = 16  # of graphs inside graphs (If, Scan); ours have two
# The standard's own operators, its classical models', and onnxruntime's for quantised numbers.
DOMAINS = frozenset((b"", b"ai.onnx", b"ai.onnx.ml", b"com.microsoft"))

# Numbers of fields in onnx.proto3, which never change.
MODEL_GRAPH, MODEL_TRAINING, MODEL_FUNCTIONS = 7, 20, 25
GRAPH_NODE, GRAPH_TENSOR, GRAPH_SPARSE = 1, 5, 15
FUNCTION_NODE, FUNCTION_DOMAIN = 7, 10
NODE_TYPE, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS, ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
SPARSE_TENSORS = (1, 2)
TENSOR_EXTERNAL, TENSOR_PLACE, PLACE_EXTERNAL = 13, 14, 1

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5  # how a field is written
MAX_VARINT_BYTES = 10


def hold_safe(model: bytes, where: str) -> None:
    """Refuse a model file that asks for more than itself.

    Args:
        where: the file's name, for the message.

    Raises:
        ReleaseProblem: it is not a graph, names other files, trains, or uses operators not on the list.
    """
    try:
        _model(memoryview(model))
    except _Unsafe as unsafe:
        raise ReleaseProblem(
            where=where,
            expected="a graph whose data lie inside the file and whose operators are standard",
            received=str(unsafe),
            do_this="Do not run this file; ship the model again, or ask where it comes from.",
        ) from None


class _Unsafe(Exception):
    """What is wrong, in words."""


def _model(data: memoryview) -> None:
    fields = list(_fields(data))
    functions = [value for number, value in fields if number == MODEL_FUNCTIONS]
    graphs = [value for number, value in fields if number == MODEL_GRAPH]
    if len(graphs) != 1:
        raise _Unsafe(f"{len(graphs)} graphs")
    if any(number == MODEL_TRAINING for number, _ in fields):
        raise _Unsafe("a graph for training beside the one that answers")
    domains = DOMAINS | {bytes(_view(name)) for one in functions for name in _of(one, FUNCTION_DOMAIN)}
    for function in functions:
        for node in _of(function, FUNCTION_NODE):
            _node(node, domains, 0)
    _graph(graphs[0], domains, 0)


def _graph(graph: memoryview | int, domains: frozenset[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _Unsafe(f"graphs more than {MAX_DEPTH} deep")
    for number, value in _fields(graph):
        if number == GRAPH_NODE:
            _node(value, domains, depth)
        elif number == GRAPH_TENSOR:
            _tensor(value)
        elif number == GRAPH_SPARSE:
            _sparse(value)


def _node(node: memoryview | int, domains: frozenset[bytes], depth: int) -> None:
    for domain in _of(node, NODE_DOMAIN):
        if bytes(_view(domain)) not in domains:
            names = b", ".join(bytes(_view(name)) for name in _of(node, NODE_TYPE))
            text = b"operator %b of %b" % (names, bytes(_view(domain)))
            raise _Unsafe(text[:200].decode("utf-8", "replace"))
    for attribute in _of(node, NODE_ATTRIBUTE):
        for number, value in _fields(attribute):
            if number in ATTRIBUTE_GRAPHS:
                _graph(value, domains, depth + 1)
            elif number in ATTRIBUTE_TENSORS:
                _tensor(value)
            elif number in ATTRIBUTE_SPARSE:
                _sparse(value)


def _sparse(sparse: memoryview | int) -> None:
    for number, value in _fields(sparse):
        if number in SPARSE_TENSORS:
            _tensor(value)


def _tensor(tensor: memoryview | int) -> None:
    for number, value in _fields(tensor):
        if number == TENSOR_EXTERNAL or (number == TENSOR_PLACE and value == PLACE_EXTERNAL):
            raise _Unsafe("numbers that are kept in another file")


def _of(message: memoryview | int, wanted: int) -> Iterator[memoryview | int]:
    return (value for number, value in _fields(message) if number == wanted)


def _view(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise _Unsafe("bytes that are no ONNX graph")
    return value


def _fields(message: memoryview | int) -> Iterator[tuple[int, memoryview | int]]:
    """Each field's number and value, as protocol buffers write them; nothing is copied."""
    data, place = _view(message), 0
    while place < len(data):
        key, place = _varint(data, place)
        value: memoryview | int = 0
        kind, size = key & 7, 0
        if kind == VARINT:
            value, place = _varint(data, place)
        elif kind == LENGTH:
            size, place = _varint(data, place)
            value = data[place : place + size]
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if kind == EIGHT_BYTES else 4
        else:
            raise _Unsafe("bytes that are no ONNX graph")
        place += size
        if place > len(data):
            raise _Unsafe("a graph that is cut off")
        yield key >> 3, value


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, and where it ends."""
    value = 0
    for index in range(MAX_VARINT_BYTES):
        if place + index >= len(data):
            break
        byte = data[place + index]
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, place + index + 1
    raise _Unsafe("bytes that are no ONNX graph")
