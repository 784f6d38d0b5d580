from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from modelwright.exporters.graph import Graph
from modelwright.exporters.tables import look_up

DRAW = np.random.default_rng(4)
TABLES: dict[str, Any] = {
    "bytes": DRAW.integers(0, 256, 1_000),
    "pairs of bytes": np.append(DRAW.integers(0, 200, 1_000), 10_000),
    "large numbers": np.array([2**33, 0, 5]),
    "repeated shares": DRAW.choice(DRAW.random(50), 1_000),
    "nothing but zeros": np.zeros(1_000, dtype=np.int64),
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_looked_up_is_what_was_kept_to_the_last_bit(name: str) -> None:
    table = TABLES[name]
    graph = Graph()
    positions = graph.input("positions", "int64", ("rows",))
    graph.output(look_up(graph, table, positions), "found", str(table.dtype), ("rows",))
    written = graph.model().SerializeToString()
    asked = DRAW.integers(0, len(table), 300)
    (found,) = onnxruntime.InferenceSession(written).run(None, {"positions": asked})
    assert found.dtype == table.dtype
    assert (found == table[asked]).all()
    assert len(written) < 3 * len(table) + 1_500
