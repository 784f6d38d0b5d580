"""A whole model as one ONNX file: raw columns in, answers out."""

from __future__ import annotations

import numpy as np

from modelwright.engine.model import Model
from modelwright.engine.preparation.preparation import Preparation
from modelwright.engine.trained import Trained
from modelwright.errors import ExportError
from modelwright.exporters.dense_graph import write_tree_inputs
from modelwright.exporters.graph import Graph
from modelwright.exporters.linear import write_linear
from modelwright.exporters.preparation_graph import PreparedGraph, write_preparation
from modelwright.exporters.trees import write_trees

OUTPUT = "outputs"
"""Name of the graph's only output."""


def export(model: Model) -> bytes:
    """Write preparation and contender as one graph.

    Returns:
        The file's bytes, the same for the same model. Inputs ``column_0``, ``column_1``, ... (rows,), in
        the order of ``preparation.columns``: string (category, text; empty where missing) or double
        (number; date in seconds since 1970 UTC; NaN where missing). Output ``outputs`` (rows, outputs):
        float32 probabilities or float64 values.

    Raises:
        ExportError: part of the model cannot be written as ONNX.
    """
    if not model.preparation.columns:
        raise ExportError(
            where="the model's preparation",
            expected="at least one column to read",
            received="none",
            do_this="Give the task a column to predict from.",
        )
    graph = Graph()
    family = model.trained.recipe.family
    prepared = write_preparation(
        graph,
        model.preparation,
        tokens=family == "network",
        bags=family in ("linear", "trees", "yours"),
    )
    outputs = _write_contender(graph, model.trained, model.preparation, prepared)
    dtype = "float32" if model.trained.target.classifies else "float64"
    graph.output(graph.cast(outputs, dtype), OUTPUT, dtype, ("rows", model.trained.target.outputs))
    return graph.model().SerializeToString(deterministic=True)


def _write_contender(
    graph: Graph, trained: Trained, preparation: Preparation, prepared: PreparedGraph
) -> str:
    """The answers (rows, outputs) in the precision they were worked out in."""
    family, target = trained.recipe.family, trained.target
    if "answer" in trained.arrays:
        shape = graph.node("Concat", prepared.rows, graph.integers(1), axis=0)
        answer = np.asarray(trained.arrays["answer"], dtype=np.float64).reshape(1, -1)
        return graph.node("Expand", graph.constant(answer), shape)
    if family == "linear":
        return _write_link(graph, trained, write_linear(graph, trained, preparation, prepared))
    if family == "trees":
        inputs = write_tree_inputs(graph, prepared, trained.arrays["terms"])
        return _write_link(graph, trained, write_trees(graph, trained, inputs))
    # Keras and JAX are loaded only for a model that is made of them.
    from modelwright.exporters.networks import write_network, write_yours

    if family == "yours":
        raw, units = write_yours(graph, trained, preparation, prepared)
    else:
        raw, units = write_network(graph, trained, prepared), target.last_units
    if not target.classifies:
        return _write_unit(graph, trained, graph.cast(raw, "float64"))
    return _write_both(graph, raw) if units == 1 else raw


def _write_link(graph: Graph, trained: Trained, raw: str) -> str:
    """From raw answers to probabilities, or to values in the target's unit."""
    if trained.target.kind == "binary":
        return _write_both(graph, graph.node("Sigmoid", raw))
    if trained.target.kind == "multiclass":
        return graph.node("Softmax", raw, axis=1)
    return _write_unit(graph, trained, raw)


def _write_both(graph: Graph, positive: str) -> str:
    """Both columns of a binary answer, float64, from the positive class's probability."""
    second = graph.cast(positive, "float64")
    first = graph.node("Sub", graph.constant(np.float64(1)), second)
    return graph.node("Concat", first, second, axis=1)


def _write_unit(graph: Graph, trained: Trained, raw: str) -> str:
    """Standardised values put back into the target's unit, in double."""
    scale, centre = (np.asarray(trained.arrays[name], dtype=np.float64) for name in ("scale", "centre"))
    scaled = graph.node("Mul", raw, graph.constant(scale))
    return graph.node("Add", scaled, graph.constant(centre))
