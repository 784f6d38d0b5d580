"""A linear model as ONNX nodes, in double precision, on bags that stay sparse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.preparation.preparation import Preparation
from modelwright.engine.trained import Trained
from modelwright.exporters.graph import Graph
from modelwright.exporters.preparation_graph import PreparedGraph
from modelwright.exporters.text_graph import Terms

Weights = NDArray[np.float64]


def write_linear(graph: Graph, trained: Trained, preparation: Preparation, prepared: PreparedGraph) -> str:
    """The raw answers, float64 (rows, last units).

    The design's one-hot columns and terms are never made dense: their weights are looked up and added.
    """
    weights = np.asarray(trained.arrays["weights"], dtype=np.float64)
    features, codes = len(preparation.number_names), sum(preparation.category_sizes)
    intercept = np.asarray(trained.arrays["intercept"], dtype=np.float64)
    shape = graph.node("Concat", prepared.rows, graph.integers(1), axis=0)
    raw = graph.node("Expand", graph.constant(intercept.reshape(1, -1)), shape)
    if prepared.numbers is not None:
        numbers = graph.cast(prepared.numbers, "float64")
        product = graph.node("MatMul", numbers, graph.constant(weights[:features]))
        raw = graph.node("Add", raw, product)
    if prepared.codes is not None:
        looked_up = _write_codes(graph, preparation, prepared.codes, weights[features : features + codes])
        raw = graph.node("Add", raw, looked_up)
    start = features + codes
    for terms in prepared.terms:
        raw = _write_terms(graph, raw, terms, weights[start : start + terms.size])
        start += terms.size
    return raw


def _write_codes(graph: Graph, preparation: Preparation, codes: str, weights: Weights) -> str:
    """The weights of each row's codes, added up."""
    sizes = np.array(preparation.category_sizes, dtype=np.int32)
    places = graph.node("Add", codes, graph.constant(np.cumsum(sizes, dtype=np.int32) - sizes))
    looked_up = graph.node("Gather", graph.constant(weights), places, axis=0)
    return graph.node("ReduceSum", looked_up, graph.integers(1), keepdims=0)


def _write_terms(graph: Graph, raw: str, terms: Terms, weights: Weights) -> str:
    """The weights of each row's terms, times their values, added to the raw answers."""
    last = graph.integers(1)
    value = graph.node("Unsqueeze", graph.cast(terms.value, "float64"), last)
    share = graph.node("Mul", graph.node("Gather", graph.constant(weights), terms.term, axis=0), value)
    row = graph.node("Unsqueeze", terms.row, last)
    return graph.node("ScatterND", raw, row, share, reduction="add")
