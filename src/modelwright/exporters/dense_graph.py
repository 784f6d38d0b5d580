"""Prepared values as one dense array: what trees, and a user's own network, read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelwright.exporters.graph import Graph
from modelwright.exporters.preparation_graph import PreparedGraph
from modelwright.exporters.tables import look_up
from modelwright.exporters.text_graph import Terms


def write_tree_inputs(graph: Graph, prepared: PreparedGraph, terms: NDArray[np.int64]) -> str:
    """float32 (rows, features + categories + terms): `engine.trees.tree_inputs`."""
    parts = [] if prepared.numbers is None else [prepared.numbers]
    if prepared.codes is not None:
        parts.append(graph.cast(prepared.codes, "float32"))
    if len(terms):
        parts.append(_write_dense_terms(graph, prepared, terms))
    return graph.node("Concat", *parts, axis=1)


def write_dense(
    graph: Graph, prepared: PreparedGraph, category_sizes: Sequence[int], terms: NDArray[np.int64]
) -> str:
    """float32 (rows, width): `Prepared.dense`, one-hot codes and the given terms."""
    parts = [] if prepared.numbers is None else [prepared.numbers]
    if prepared.codes is not None:
        parts.append(_write_one_hot(graph, prepared.codes, category_sizes))
    if len(terms):
        parts.append(_write_dense_terms(graph, prepared, terms))
    return graph.node("Concat", *parts, axis=1)


def _write_one_hot(graph: Graph, codes: str, sizes: Sequence[int]) -> str:
    """Each code beside all the codes of its column: equal or not, float32 (rows, codes of all columns)."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    candidates = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])
    spread = graph.node("Gather", codes, graph.integers(*owner.tolist()), axis=1)
    return graph.cast(graph.node("Equal", spread, graph.constant(candidates)), "float32")


def _write_dense_terms(graph: Graph, prepared: PreparedGraph, terms: NDArray[np.int64]) -> str:
    """The chosen columns of the bags, float32 (rows, terms)."""
    width = len(terms)
    # One column more, for all entries of terms that were not chosen; it is cut off at the end.
    shape = graph.node("Concat", prepared.rows, graph.integers(width + 1), axis=0)
    dense = graph.node("Expand", graph.constant(np.float32(0)), shape)
    start = 0
    for one in prepared.terms:
        dense = _write_entries(graph, dense, one, _places(terms - start, one.size))
        start += one.size
    return graph.node("Slice", dense, graph.integers(0), graph.integers(width), graph.integers(1))


def _write_entries(graph: Graph, dense: str, terms: Terms, places: NDArray[np.int64]) -> str:
    column = look_up(graph, places, terms.term)
    last = graph.integers(1)
    pair = [graph.node("Unsqueeze", terms.row, last), graph.node("Unsqueeze", column, last)]
    return graph.node("ScatterND", dense, graph.node("Concat", *pair, axis=1), terms.value)


def _places(terms: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """For each term of a text column its dense column, or the last one where it has none."""
    places = np.full(size, len(terms), dtype=np.int64)
    here = (terms >= 0) & (terms < size)
    places[terms[here]] = np.flatnonzero(here)
    return places
