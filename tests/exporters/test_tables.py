from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from modelwright.exporters.graph import Graph
from modelwright.exporters.tables import look_up, rising, write_codes

DRAW = np.random.default_rng(4)
TABLES: dict[str, Any] = {
    "bytes": DRAW.integers(0, 256, 1_000),
    "pairs of bytes": np.append(DRAW.integers(0, 200, 1_000), 10_000),
    "large numbers": np.array([2**33, 0, 5]),
    "repeated shares": DRAW.choice(DRAW.random(50), 1_000),
    "sorted shares": np.sort(DRAW.choice(DRAW.random(50), 1_000)),
    "counting, then the same": np.minimum(np.arange(1_000) + 70_000, 70_300),
    "counting to the end": np.arange(5, 1_000),
    "one number": np.array([3]),
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


def written_and_run(graph: Graph, feed: dict[str, Any]) -> tuple[bytes, Any]:
    written = graph.model().SerializeToString()
    return written, onnxruntime.InferenceSession(written).run(None, feed)[0]


def test_numbers_that_count_up_are_not_kept_at_all() -> None:
    graph = Graph()
    positions = graph.input("positions", "int64", ("rows",))
    graph.output(look_up(graph, np.minimum(np.arange(50_000), 9_000), positions), "found", "int64", ("rows",))
    assert len(graph.model().SerializeToString()) < 600


def test_rising_numbers_cost_what_they_rise_by() -> None:
    table = np.cumsum(DRAW.integers(0, 9, 20_000)) + 70_000
    graph = Graph()
    some = graph.input("some", "int64", ("rows",))
    graph.output(graph.node("Gather", rising(graph, table), some), "found", "int64", ("rows",))
    written, found = written_and_run(graph, {"some": np.arange(len(table))})
    assert np.array_equal(found, table)
    assert len(written) < len(table) + 600


@pytest.mark.parametrize("count", [3, 32_768, 40_000])
def test_strings_have_their_codes_however_many_there_are(count: int) -> None:
    codes = {"": 0} | {f"w{number}": number for number in range(2, count)}
    graph = Graph()
    strings = graph.input("strings", "string", ("rows",))
    graph.output(write_codes(graph, strings, codes, 1), "found", "int64", ("rows",))
    asked = [*codes, "never seen"]
    written, found = written_and_run(graph, {"strings": np.array(asked, dtype=object)})
    assert found.tolist() == [*codes.values(), 1]
    if count < 2**15:
        assert len(written) < sum(len(word) + 4 for word in codes) + 600
