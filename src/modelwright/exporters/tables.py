"""Long tables in as few bytes as they need: they are what a small model of texts is made of.

What is worked out from constants alone costs nothing in an answer: a runtime does it once, while loading.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from modelwright.exporters.graph import Graph

FIRST_AXIS = np.int64(0)


def look_up(graph: Graph, table: NDArray[Any], positions: str) -> str:
    """``table[positions]``, to the last bit.

    Numbers that count up by one, and then stay, need no table. Other whole numbers are kept in the one,
    two or four bytes that the largest needs; other numbers once each, and which stands where as whole ones.

    Args:
        table: (entries,) int64, none below 0, or float64.
    """
    if np.issubdtype(table.dtype, np.integer):
        counted = _counted(table)
        if counted is not None:
            return _write_counted(graph, *counted, positions)
        narrow = graph.node("Gather", _narrow(graph, table), positions, axis=0)
        return graph.cast(narrow, "int64")
    distinct, which = np.unique(table, return_inverse=True)
    if len(table) and (np.diff(which) >= 0).all():
        sorted_table = graph.node("Gather", graph.constant(distinct), _write_runs(graph, which), axis=0)
        return graph.node("Gather", sorted_table, positions, axis=0)
    place = look_up(graph, which.astype(np.int64), positions)
    return graph.node("Gather", graph.constant(distinct), place, axis=0)


def write_codes(graph: Graph, strings: str, codes: Mapping[str, int], default: int) -> str:
    """The code of each string, int64; `default` where it has none. Kept in two bytes each where they do."""
    if max(codes.values(), default=0) > np.iinfo(np.int16).max:
        keys, values = list(codes), list(codes.values())
        return graph.node(
            "LabelEncoder",
            strings,
            domain="ai.onnx.ml",
            keys_strings=keys,
            values_int64s=values,
            default_int64=default,
        )
    short = graph.node(
        "LabelEncoder",
        strings,
        domain="ai.onnx.ml",
        keys_strings=list(codes),
        values_tensor=numpy_helper.from_array(np.array(list(codes.values()), dtype=np.int16)),
        default_tensor=numpy_helper.from_array(np.array([default], dtype=np.int16)),
    )
    return graph.cast(short, "int64")


def whole_numbers(graph: Graph, table: NDArray[np.int64]) -> str:
    """The table itself, int64, none below 0, in as few bytes as the largest number needs."""
    return graph.cast(_narrow(graph, table), "int64")


def rising(graph: Graph, table: NDArray[np.int64]) -> str:
    """The table itself, int64, of numbers that never fall: how much each is above the one before."""
    first = int(table[0]) if len(table) else 0
    above = whole_numbers(graph, np.diff(table, prepend=first))
    since = graph.node("CumSum", above, graph.constant(FIRST_AXIS))
    return graph.node("Add", since, graph.constant(np.int64(first)))


def filled(graph: Graph, value: int, count: int) -> str:
    """One whole number `count` times, int64."""
    return graph.node("Expand", graph.constant(np.int64(value)), graph.integers(count))


def _narrow(graph: Graph, table: NDArray[np.int64]) -> str:
    return graph.constant(table.astype(np.min_scalar_type(int(table.max(initial=0)))))


def _counted(table: NDArray[np.int64]) -> tuple[int, int, int] | None:
    """From which number a table counts up, for how many entries, and what all that follow are; or none."""
    apart = np.flatnonzero(np.diff(table) != 1)
    many = int(apart[0]) + 1 if len(apart) else len(table)
    rest = table[many:]
    if len(table) == 0 or (len(rest) and (rest != rest[0]).any()):
        return None
    return int(table[0]), many, int(rest[0]) if len(rest) else 0


def _write_counted(graph: Graph, first: int, many: int, rest: int, positions: str) -> str:
    counts = graph.node("Less", positions, graph.constant(np.int64(many)))
    up = graph.node("Add", positions, graph.constant(np.int64(first)))
    return graph.node("Where", counts, up, graph.constant(np.int64(rest)))


def _write_runs(graph: Graph, which: NDArray[np.int64]) -> str:
    """0 for the first run of equal numbers, 1 for the next...: kept is where each begins."""
    begins = np.flatnonzero(np.diff(which)) + 1
    nothing, ones = filled(graph, 0, len(which)), filled(graph, 1, len(begins))
    marked = graph.node("ScatterElements", nothing, rising(graph, begins), ones, axis=0)
    return graph.node("CumSum", marked, graph.constant(FIRST_AXIS))
