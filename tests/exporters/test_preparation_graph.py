from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from modelwright.engine.columns import Columns
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.dates import FIRST_SECOND, LAST_SECOND, date_parts
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.exporters.date_graph import write_date_parts
from modelwright.exporters.graph import Graph
from modelwright.exporters.preparation_graph import input_name, write_preparation


def run(graph: Graph, feed: dict[str, Any]) -> list[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph.model().SerializeToString(), options).run(None, feed)


@pytest.mark.parametrize("name", ["titanic", "sms", "bikes"])
def test_the_graph_prepares_to_the_last_bit_as_training_does(
    name: str, request: pytest.FixtureRequest
) -> None:
    problem = request.getfixturevalue(name)
    preparation = fit_preparation(problem.plan, problem.columns, np.arange(0, problem.columns.rows, 2))
    graph = Graph()
    written = write_preparation(graph, preparation, tokens=True, bags=True)
    outputs = {"numbers": written.numbers, "codes": written.codes, "tokens": written.tokens}
    types = {"numbers": "float32", "codes": "int32", "tokens": "int32"}
    for output, value in outputs.items():
        if value is not None:
            graph.output(value, output, types[output], (None,) * (3 if output == "tokens" else 2))
    for terms in written.terms:
        for output, value in (("row", terms.row), ("term", terms.term)):
            graph.output(value, output, "int64", (None,))
        graph.output(terms.value, "value", "float32", (None,))
    for columns in (problem.columns, problem.strange):
        expected = prepare_rows(preparation, columns, np.arange(columns.rows))
        received = iter(run(graph, feed_of(preparation, columns)))
        for output, value in outputs.items():
            if value is not None:
                assert np.array_equal(next(received), getattr(expected, output)), output
        if written.terms:
            bags = expected.bags
            assert np.array_equal(next(received), np.repeat(np.arange(columns.rows), np.diff(bags.indptr)))
            assert np.array_equal(next(received), bags.indices)
            assert np.array_equal(next(received), bags.data)


def feed_of(preparation: Any, columns: Columns) -> dict[str, Any]:
    feed: dict[str, Any] = {}
    for position, plan in enumerate(preparation.columns):
        values = columns.values[plan.name]
        if values.dtype == object:
            values = np.array(["" if value is None else value for value in values], dtype=object)
        feed[input_name(position)] = values
    return feed


def test_dates_fall_into_the_same_parts() -> None:
    random = np.random.default_rng(0)
    seconds = random.uniform(FIRST_SECOND, LAST_SECOND, 2_000)
    seconds = np.concatenate([seconds, [np.nan, np.inf, -np.inf, 0.0, -0.5, FIRST_SECOND, LAST_SECOND]])
    expected = date_parts(seconds)
    graph = Graph()
    parts = write_date_parts(graph, graph.input("seconds", "float64", ("rows",)))
    assert parts.keys() == expected.keys()
    for name, value in parts.items():
        graph.output(value, name, "float64", ("rows",))
    for name, received in zip(parts, run(graph, {"seconds": seconds}), strict=True):
        assert np.array_equal(received, expected[name], equal_nan=True), name  # type: ignore[index]
