"""A LiteRT file whose large weights are 8-bit integers: a quarter of the size, and often quicker.

Each unit of a product has a scale of its own; what it is multiplied with is scaled by the runtime, row by
row. So no calibration can go wrong, and inputs and outputs stay float.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import ExportError
from modelwright.exporters.litert.flatbuffer import TYPES, packed, schema, unpacked
from modelwright.exporters.quantising import LEAST_NUMBERS, SPARED_SHARE

LARGEST = 127
"""Integers are symmetric around 0, as LiteRT's kernels for integer weights want them."""

PRODUCTS = {"FULLY_CONNECTED": (0, 12), "CONV_2D": (0, 5), "DEPTHWISE_CONV_2D": (3, 6)}
"""Operator -> the axis of its weights that has scales of its own, and the version that reads such."""

GATHER, DEQUANTIZE = ("GATHER", 2), ("DEQUANTIZE", 2)


def quantise(data: bytes) -> bytes:
    """The file with integer weights.

    Raises:
        ExportError: there is no weight that is large enough.
    """
    model = unpacked(data)
    places = _places(model)
    if not places:
        raise ExportError(
            where="the model's LiteRT file",
            expected=f"a float32 matrix, kernel or table of at least {LEAST_NUMBERS:,} numbers",
            received="none",
            do_this="Ship it as it is: integers would make it no smaller.",
        )
    for graph in model.subgraphs:
        graph.operators = [
            one for operator in graph.operators for one in _quantised(model, graph, operator, places)
        ]
    return packed(_without_floats(model, places))


def quantised_tensors(data: bytes) -> dict[str, dict[str, Any]]:
    """Tensors with integer numbers: their scales and zero points, by name."""
    found: dict[str, dict[str, Any]] = {}
    for graph in unpacked(data).subgraphs:
        for tensor in graph.tensors:
            facts = tensor.quantization
            if facts is not None and facts.scale is not None and len(facts.scale):
                scales = [float(one) for one in facts.scale]
                zeros = [int(one) for one in facts.zeroPoint]
                found[tensor.name.decode()] = {
                    "scale": scales,
                    "zero_point": zeros,
                    "axis": int(facts.quantizedDimension),
                }
    return found


def _places(model: Any) -> set[tuple[int, int]]:
    """(subgraph, tensor) of the weights to make integers of: large ones, small input layers left out."""
    found: dict[tuple[int, int], int] = {}
    first: set[tuple[int, int]] = set()
    for number, graph in enumerate(model.subgraphs):
        made: set[int] = set()
        for operator in graph.operators:
            place = _weight_of(model, operator)
            size = 0 if place is None else _size(model, graph.tensors[place])
            reads_made = not made.isdisjoint(operator.inputs)
            if place is not None and size >= LEAST_NUMBERS:
                found[number, place] = size
                if number == 0 and not reads_made:
                    first.add((number, place))
            if size >= LEAST_NUMBERS or reads_made:
                made.update(operator.outputs)
    most = SPARED_SHARE * sum(found.values())
    return {key for key, size in found.items() if not (key in first and size <= most)}


def _weight_of(model: Any, operator: Any) -> int | None:
    name = _name(model, operator)
    if name in PRODUCTS:
        return int(operator.inputs[1])
    return int(operator.inputs[0]) if name == "GATHER" else None


def _name(model: Any, operator: Any) -> str:
    codes = schema().BuiltinOperator
    wanted = model.operatorCodes[operator.opcodeIndex].builtinCode
    return next(name for name, code in vars(codes).items() if code == wanted and not name.startswith("_"))


def _size(model: Any, tensor: Any) -> int:
    """How many float32 numbers a constant has; 0 for all else."""
    known = model.buffers[tensor.buffer].data is not None and tensor.type == TYPES["float32"]
    return math.prod(tensor.shape) if known else 0


def _quantised(model: Any, graph: Any, operator: Any, places: set[tuple[int, int]]) -> list[Any]:
    """The operator with integer weights; a look-up gives integers, which are made float again."""
    place = _weight_of(model, operator)
    if place is None or (model.subgraphs.index(graph), place) not in places:
        return [operator]
    name, tensor = _name(model, operator), graph.tensors[place]
    if name != "GATHER":
        axis, version = PRODUCTS[name]
        _make_integer(model, tensor, axis)
        operator.opcodeIndex = _code(model, name, version)
        if name == "FULLY_CONNECTED":
            operator.builtinOptions.asymmetricQuantizeInputs = True
        return [operator]
    _make_integer(model, tensor, None)
    return _looked_up(model, graph, operator, tensor)


def _looked_up(model: Any, graph: Any, operator: Any, table: Any) -> list[Any]:
    (answer,) = operator.outputs
    integers = schema().TensorT()
    known = graph.tensors[answer]
    integers.name, integers.shape, integers.hasRank = known.name + b"_int8", known.shape, True
    integers.type, integers.buffer, integers.quantization = TYPES["int8"], 0, table.quantization
    graph.tensors.append(integers)
    operator.outputs = [len(graph.tensors) - 1]
    operator.opcodeIndex = _code(model, *GATHER)
    back = schema().OperatorT()
    back.opcodeIndex, back.inputs, back.outputs = _code(model, *DEQUANTIZE), operator.outputs, [answer]
    return [operator, back]


def _make_integer(model: Any, tensor: Any, axis: int | None) -> None:
    if tensor.type == TYPES["int8"]:  # read by an operator before
        return
    values = np.frombuffer(bytes(model.buffers[tensor.buffer].data), dtype=np.float32).reshape(
        tuple(tensor.shape)
    )
    integers, scales = as_integers(values, axis)
    held, facts = schema().BufferT(), schema().QuantizationParametersT()
    held.data = np.frombuffer(integers.tobytes(), dtype=np.uint8)
    facts.scale, facts.zeroPoint = scales.tolist(), [0] * len(scales)
    facts.quantizedDimension = axis or 0
    tensor.type, tensor.quantization, tensor.buffer = TYPES["int8"], facts, len(model.buffers)
    model.buffers.append(held)


def as_integers(
    values: NDArray[np.float32], axis: int | None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Integers, and what one of them is worth: along an axis, or in the whole table."""
    others = tuple(one for one in range(values.ndim) if one != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scales = (np.where(largest > 0, largest, 1.0) / LARGEST).astype(np.float32)
    integers = np.clip(np.rint(values / scales), -LARGEST, LARGEST).astype(np.int8)
    return integers, scales.reshape(-1)


def _code(model: Any, name: str, version: int) -> int:
    wanted = getattr(schema().BuiltinOperator, name)
    for place, code in enumerate(model.operatorCodes):
        if (code.builtinCode, code.version) == (wanted, version):
            return place
    made = schema().OperatorCodeT()
    made.builtinCode = made.deprecatedBuiltinCode = wanted
    made.version = version
    model.operatorCodes.append(made)
    return len(model.operatorCodes) - 1


def _without_floats(model: Any, places: set[tuple[int, int]]) -> Any:
    """The model without the buffers that nothing reads any more."""
    del places
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    for place, buffer in enumerate(model.buffers):
        if place not in used:
            buffer.data = None
    return model
