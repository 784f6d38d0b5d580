"""The releases that benchmarks/serving.py serves: written by hand, so that nothing has to be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from modelwright.deploy.packing import pack
from modelwright.serving.manifest import FORMAT, Field, Golden, Manifest
from modelwright.serving.release import Release

FIELDS = 8  # as California housing has
LAYERS = (64, 32, 1)
GRID = 8  # the heavy network reads its 64 columns as a picture of 8 x 8
CHANNELS = 64
BLOCKS = 9  # of two convolutions each: about 700,000 parameters

Row = dict[str, float]


def small_release(folder: Path) -> Row:
    """Write a release of a small network over eight numbers; returns a row for it."""
    chance = np.random.default_rng(0)
    nodes, constants, last = [], [], "wide"
    for number, (width, units) in enumerate(zip((FIELDS, *LAYERS), LAYERS, strict=False)):
        weights = chance.normal(size=(width, units)).astype(np.float32) / width
        constants.append(numpy_helper.from_array(weights, f"weights_{number}"))
        product = "outputs" if number == len(LAYERS) - 1 else f"product_{number}"
        nodes.append(helper.make_node("MatMul", [last, f"weights_{number}"], [product]))
        if product != "outputs":
            last = f"layer_{number}"
            nodes.append(helper.make_node("Relu", [product], [last]))
    return _write(folder, "small", FIELDS, nodes, constants)


def heavy_release(folder: Path) -> Row:
    """Write a release of a residual convolutional network of 700,000 parameters over 64 numbers."""
    chance = np.random.default_rng(0)
    constants = [helper.make_tensor("picture", TensorProto.INT64, [4], [-1, 1, GRID, GRID])]
    nodes = [helper.make_node("Reshape", ["wide", "picture"], ["seen"])]

    def convolved(source: str, made: str, channels: int, pad: int = 1) -> None:
        weights = chance.normal(size=(CHANNELS, channels, 3, 3)).astype(np.float32) / (3 * channels**0.5)
        constants.append(numpy_helper.from_array(weights, f"weights_{made}"))
        nodes.append(helper.make_node("Conv", [source, f"weights_{made}"], [made], pads=[pad] * 4))

    convolved("seen", "block_0", 1, pad=3)  # 12 x 12 from here: about two milliseconds a row
    for block in range(BLOCKS):
        convolved(f"block_{block}", f"first_{block}", CHANNELS)
        nodes.append(helper.make_node("Relu", [f"first_{block}"], [f"bent_{block}"]))
        convolved(f"bent_{block}", f"second_{block}", CHANNELS)
        nodes.append(helper.make_node("Add", [f"block_{block}", f"second_{block}"], [f"sum_{block}"]))
        nodes.append(helper.make_node("Tanh", [f"sum_{block}"], [f"block_{block + 1}"]))
    last = chance.normal(size=(CHANNELS, 1)).astype(np.float32) / CHANNELS
    constants.append(numpy_helper.from_array(last, "last"))
    nodes.append(helper.make_node("GlobalAveragePool", [f"block_{BLOCKS}"], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    nodes.append(helper.make_node("MatMul", ["flat", "last"], ["outputs"]))
    return _write(folder, "heavy", GRID * GRID, nodes, constants)


def _write(folder: Path, name: str, fields: int, nodes: list[Any], constants: list[Any]) -> Row:
    """A release whose columns are joined to ``wide``, (rows, fields) of float32, and go on from there."""
    columns = [f"column_{i}" for i in range(fields)]
    joined = [helper.make_node("Reshape", [column, "upright"], [f"{column}_2d"]) for column in columns]
    joined.append(helper.make_node("Concat", [f"{column}_2d" for column in columns], ["wide_64"], axis=1))
    joined.append(helper.make_node("Cast", ["wide_64"], ["wide"], to=TensorProto.FLOAT))
    constants = [helper.make_tensor("upright", TensorProto.INT64, [2], [-1, 1]), *constants]
    inputs = [helper.make_tensor_value_info(column, TensorProto.DOUBLE, ["rows"]) for column in columns]
    outputs = [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["rows", 1])]
    graph = helper.make_graph([*joined, *nodes], name, inputs, outputs, constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    read = tuple(
        Field(name=f"feature_{i}", tensor=column, dtype="number") for i, column in enumerate(columns)
    )
    manifest = Manifest(
        format=FORMAT, name=f"{name}-00000000", kind="regression", targets=("value",), inputs=read
    )
    row = {field.name: 0.5 + number % FIELDS for number, field in enumerate(read)}
    answer = Release(manifest, model).predict([row]).outputs.tolist()
    for file, data in pack(manifest, model, Golden(rows=[row], outputs=answer, tolerance=[1e-5])).items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return row
