"""A trained network, built-in or yours, as ONNX nodes on the prepared values."""

from __future__ import annotations

from typing import Any

import onnx

from modelwright.engine.model import Model
from modelwright.engine.networks import keras_model
from modelwright.engine.preparation.preparation import Preparation
from modelwright.engine.trained import Trained
from modelwright.engine.yours import MAX_TERMS
from modelwright.errors import ExportError
from modelwright.exporters.dense_graph import write_dense
from modelwright.exporters.graph import Graph
from modelwright.exporters.jax2onnx_fallback import converted
from modelwright.exporters.keras_call import Value
from modelwright.exporters.keras_graph import write_keras
from modelwright.exporters.preparation_graph import PreparedGraph


def write_network(graph: Graph, trained: Trained, prepared: PreparedGraph) -> str:
    """A built-in network's raw answers, float32 (rows, last units)."""
    model: Any = keras_model(trained)
    names = {"numbers": prepared.numbers, "codes": prepared.codes, "tokens": prepared.tokens}
    inputs = [
        Value(name=str(names[tensor.name]), shape=tuple(tensor.shape), dtype=str(tensor.dtype))
        for tensor in model.inputs
    ]
    return write_keras(graph, model, inputs)[0].name


def write_yours(
    graph: Graph, trained: Trained, preparation: Preparation, prepared: PreparedGraph
) -> tuple[str, int]:
    """The raw answers of a user's model, float32 (rows, units), and how many units it has.

    What the table of layers cannot write, jax2onnx does where it is installed.

    Raises:
        ExportError: neither can.
    """
    model: Any = keras_model(trained)
    terms = preparation.dense_terms(MAX_TERMS)
    dense = write_dense(graph, prepared, preparation.category_sizes, terms)
    width = len(preparation.number_names) + sum(preparation.category_sizes) + len(terms)
    value = Value(name=dense, shape=(None, width), dtype="float32")
    place = graph.place()
    try:
        output = write_keras(graph, model, [value])[0]
    except ExportError as error:
        graph.return_to(place)
        other: onnx.ModelProto | None = converted(Model(preparation=preparation, trained=trained), width)
        if other is None:
            raise error from None
        return graph.include(other, dense), int(model.output_shape[-1])
    return output.name, int(output.shape[-1] or 1)
