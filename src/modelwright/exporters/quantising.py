"""An ONNX graph whose large weights are 8-bit integers: a quarter of the size, and often quicker.

onnxruntime's own quantiser does the work. It comes with onnxruntime and brings nothing along. It is given the
matrix products, convolutions and look-ups of large float32 tables, and told to leave all else alone:
preparation stays exact, and so do trees and linear models, which are double.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from modelwright.errors import ExportError
from modelwright.exporters.running import Running

Feed = Mapping[str, NDArray[Any]]

LEAST_NUMBERS = 1_000
"""Weights of fewer numbers stay float: 3 kB are not worth an answer that differs."""

SPARED_SHARE = 0.03
"""An input layer with no more than this share of the weights stays float: it would save little, and reads
values of any range, for most of which one step of 255 is too coarse. California housing, three layers of 512
units: an error larger by 2.0% with all weights integers, 0.03% without the first, in 27.0% of the size."""

WEIGHT_INPUTS = {"MatMul": (0, 1), "Gemm": (1,), "Conv": (1,), "Gather": (0,)}
"""Operators that are quantised, and where their weights are."""

CUSTOM_STRINGS = ("Tokenizer",)
"""onnxruntime's own operators that give strings (rows, tokens); onnx's type inference does not know them."""


def quantisable_nodes(model: onnx.ModelProto) -> list[int]:
    """Positions of the nodes whose float32 weights are large enough, small input layers left out."""
    numbers = _numbers_of_nodes(model)
    most = SPARED_SHARE * sum(numbers.values())
    spared = {place for place in _input_layers(model, numbers) if numbers[place] <= most}
    return [place for place in numbers if place not in spared]


def _input_layers(model: onnx.ModelProto, numbers: Mapping[int, int]) -> set[int]:
    """Of the nodes with large weights those that read what no other such node has made."""
    made: set[str] = set()
    found: set[int] = set()
    for place, node in enumerate(model.graph.node):
        reads_made = not made.isdisjoint(node.input)
        if place in numbers and not reads_made:
            found.add(place)
        if place in numbers or reads_made:
            made.update(node.output)
    return found


def _numbers_of_nodes(model: onnx.ModelProto) -> dict[int, int]:
    """For each node with a large float32 weight, how many numbers it has."""
    large = {
        weight.name: math.prod(weight.dims)
        for weight in model.graph.initializer
        if weight.data_type == TensorProto.FLOAT and math.prod(weight.dims) >= LEAST_NUMBERS
    }
    found: dict[int, int] = {}
    for place, node in enumerate(model.graph.node):
        weights = [node.input[position] for position in WEIGHT_INPUTS.get(node.op_type, ())]
        numbers = max((large.get(name, 0) for name in weights), default=0)
        if numbers:
            found[place] = numbers
    return found


def is_quantisable(graph: bytes) -> bool:
    """Whether the graph has any weight that would become integers."""
    return bool(quantisable_nodes(onnx.load_from_string(graph)))


def is_scaled_anew(graph: bytes) -> bool:
    """Whether an answer depends on the rows answered with it: the largest value of a call sets its step."""
    nodes = onnx.load_from_string(graph).graph.node
    return any(node.op_type.startswith("DynamicQuantize") for node in nodes)


def quantise(graph: bytes) -> bytes:
    """The graph with integer weights; what they are multiplied with is scaled anew in every call.

    Inputs, outputs and their names stay.

    Raises:
        ExportError: there is no such weight.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic  # 0.2 s that only this needs

    def work(model: onnx.ModelProto, path: Path, common: dict[str, Any]) -> None:
        quantize_dynamic(model, path, weight_type=QuantType.QUInt8, **common)

    return _quantised(graph, work)


def quantise_calibrated(graph: bytes, feeds: Iterable[Feed]) -> bytes:
    """The graph with integer weights and products, whose ranges are those that calibration rows reach.

    Args:
        feeds: rows as the graph reads them, batch by batch; values beyond their range will be cut off.

    Raises:
        ExportError: there is no weight to quantise.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches: Iterator[Feed] = iter(feeds)

        def get_next(self) -> Any:
            return next(self.batches, None)

    def work(model: onnx.ModelProto, path: Path, common: dict[str, Any]) -> None:
        quantize_static(
            model,
            path,
            Reader(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QUInt8,
            **common,
        )

    return _quantised(graph, work)


def _quantised(graph: bytes, work: Callable[[onnx.ModelProto, Path, dict[str, Any]], None]) -> bytes:
    # Unsigned weights: signed ones overflow 16-bit sums on processors without VNNI, and onnxruntime's
    # integer convolution takes no others.
    model = onnx.load_from_string(graph)
    places = quantisable_nodes(model)
    if not places:
        raise ExportError(
            where="the model's graph",
            expected=f"a float32 matrix, kernel or table of at least {LEAST_NUMBERS:,} numbers",
            received="none",
            do_this="Ship it as it is: integers would make it no smaller.",
        )
    _make_ready(model)
    common = {
        "nodes_to_quantize": [model.graph.node[place].name for place in places],
        "op_types_to_quantize": list(WEIGHT_INPUTS),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quantised.onnx"
        try:
            work(model, path, common)
            written = _tidied(onnx.load(path))
            Running(written)
        except Exception as error:  # a quantiser may fail in any way
            raise ExportError(
                where="the model's graph",
                expected="operators that onnxruntime can quantise, and run so",
                received=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}",
                do_this="Ship it as it is.",
            ) from error
    return written


def _make_ready(model: onnx.ModelProto) -> None:
    """Give nodes the names they are chosen by, and types that onnx cannot infer (and crashes without)."""
    for place, node in enumerate(model.graph.node):
        node.name = f"node_{place}"
        if node.op_type in CUSTOM_STRINGS:
            known = helper.make_tensor_value_info(node.output[0], TensorProto.STRING, [None, None])
            model.graph.value_info.append(known)
    # Says that the optional passes before quantising were run; without it a warning asks for them. Ours write
    # the graph as they would leave it.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")


def _tidied(model: onnx.ModelProto) -> bytes:
    """The file without the quantiser's notes on types, which nothing reads."""
    del model.graph.value_info[:], model.metadata_props[:]
    model.producer_name, model.producer_version = "modelwright", ""
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)
