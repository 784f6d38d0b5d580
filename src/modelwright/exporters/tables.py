"""Long tables in as few bytes as they need: they are what a small model of texts is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.exporters.graph import Graph


def look_up(graph: Graph, table: NDArray[Any], positions: str) -> str:
    """``table[positions]``, to the last bit.

    Whole numbers are kept in the one, two or four bytes that the largest needs; other numbers once each, and
    which one stands where as whole numbers.

    Args:
        table: (entries,) int64, none below 0, or float64.
    """
    if np.issubdtype(table.dtype, np.integer):
        narrow = table.astype(np.min_scalar_type(int(table.max(initial=0))))
        return graph.cast(graph.node("Gather", graph.constant(narrow), positions, axis=0), "int64")
    distinct, which = np.unique(table, return_inverse=True)
    place = look_up(graph, which.astype(np.int64), positions)
    return graph.node("Gather", graph.constant(distinct), place, axis=0)
