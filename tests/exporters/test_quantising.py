from __future__ import annotations

import logging
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from modelwright.errors import ExportError
from modelwright.exporters.graph import Graph
from modelwright.exporters.onnx import export
from modelwright.exporters.quantising import is_quantisable, quantise, quantise_calibrated
from modelwright.exporters.running import Running, feeds_of

BAGS = """
import keras

def build(input_shape, output_shape):
    hidden = keras.layers.Dense(64, activation="relu")
    last = keras.layers.Dense(*output_shape, activation="sigmoid")
    return keras.Sequential([keras.Input(input_shape), hidden, last])
"""
CLOSE = 0.03
"""Probabilities move by a few parts in 255."""


def models(name: str, request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A problem and a network on it whose weights are large enough."""
    problem = request.getfixturevalue(name)
    if name == "sms":
        return problem, problem.fitted("yours", BAGS, "build", epochs=2)
    return problem, problem.fitted("network", epochs=2, units=64)


def calibrated(problem: Any, model: Any, columns: Any = None) -> bytes:
    rows = np.arange(0, problem.columns.rows, 3)
    return quantise_calibrated(
        export(model), feeds_of(model.preparation, columns or problem.columns, rows, 64)
    )


def signature(graph: bytes) -> list[tuple[str, bytes]]:
    model = onnx.load_from_string(graph)
    values = [*model.graph.input, *model.graph.output]
    return [(value.name, value.type.SerializeToString(deterministic=True)) for value in values]


@pytest.mark.parametrize("way", ["dynamic", "static"])
@pytest.mark.parametrize("name", ["titanic", "sms", "classes"])
def test_integer_weights_answer_nearly_alike(name: str, way: str, request: pytest.FixtureRequest) -> None:
    problem, model = models(name, request)
    plain = export(model)
    written = quantise(plain) if way == "dynamic" else calibrated(problem, model)
    rows = np.arange(problem.columns.rows)
    expected = Running(plain).answers(model.preparation, problem.columns, rows)
    received = Running(written).answers(model.preparation, problem.columns, rows)
    # Values beyond all that calibration saw are cut off: a few answers may differ by more.
    assert np.quantile(np.abs(received - expected), 1.0 if way == "dynamic" else 0.99) < CLOSE
    assert np.abs(received - expected).max() > 0  # something was indeed made integers
    assert len(written) < 0.7 * len(plain)


@pytest.mark.parametrize("name", ["titanic", "sms"])
def test_inputs_and_outputs_keep_their_names_types_and_shapes(
    name: str, request: pytest.FixtureRequest
) -> None:
    problem, model = models(name, request)
    assert signature(quantise(export(model))) == signature(export(model))
    assert signature(calibrated(problem, model)) == signature(export(model))


def test_the_strangest_rows_are_answered_too(sms: Any) -> None:
    model = sms.fitted("yours", BAGS, "build", epochs=2)
    rows = np.arange(sms.strange.rows)
    for written in (quantise(export(model)), calibrated(sms, model)):
        assert np.isfinite(Running(written).answers(model.preparation, sms.strange, rows)).all()


def test_preparation_stays_as_it_was(titanic: Any) -> None:
    model = titanic.fitted("network", epochs=2, units=64)
    kept = onnx.load_from_string(quantise(export(model))).graph
    doubles = {t.raw_data for t in kept.initializer if t.data_type == onnx.TensorProto.DOUBLE}
    before = onnx.load_from_string(export(model)).graph
    assert {t.raw_data for t in before.initializer if t.data_type == onnx.TensorProto.DOUBLE} == doubles


def test_the_same_model_makes_the_same_bytes(titanic: Any) -> None:
    model = titanic.fitted("network", epochs=2, units=64)
    assert quantise(export(model)) == quantise(export(model))
    assert calibrated(titanic, model) == calibrated(titanic, model)


@pytest.mark.parametrize("family", ["prior", "linear", "trees"])
def test_models_without_large_float_weights_are_refused(titanic: Any, family: str) -> None:
    graph = export(titanic.fitted(family, **({"trees": 20} if family == "trees" else {})))
    assert not is_quantisable(graph)
    with pytest.raises(ExportError, match="at least 1,000 numbers"):
        quantise(graph)


def test_convolutions_become_integers(caplog: pytest.LogCaptureFixture) -> None:
    random = np.random.default_rng(0)
    graph = Graph()
    images = graph.input("images", "float32", ("rows", 8, 12, 12))
    kernel = graph.constant(random.normal(size=(32, 8, 3, 3)).astype(np.float32))
    bias = graph.constant(random.normal(size=32).astype(np.float32))
    filtered = graph.node("Relu", graph.node("Conv", images, kernel, bias, pads=[1, 1, 1, 1]))
    means = graph.node("ReduceMean", filtered, graph.integers(2, 3), keepdims=0)
    graph.output(means, "outputs", "float32", ("rows", 32))
    plain = graph.model().SerializeToString()
    feed = {"images": random.normal(size=(64, 8, 12, 12)).astype(np.float32)}
    expected = Running(plain).answer(feed)
    with caplog.at_level(logging.WARNING):
        for written in (quantise(plain), quantise_calibrated(plain, [feed])):
            operators = {node.op_type for node in onnx.load_from_string(written).graph.node}
            assert operators & {"ConvInteger", "DequantizeLinear"}
            assert np.abs(Running(written).answer(feed) - expected).max() < 0.02 * np.abs(expected).max()
    assert not caplog.records  # nobody is told to run what need not be run


def test_ranges_of_the_wrong_rows_spoil_the_answers(titanic: Any) -> None:
    """What the accuracy gate is for: a file that loads, runs, and is wrong."""
    model = titanic.fitted("network", epochs=2, units=64)
    absurd = {
        name: np.full_like(column, 1e9) if column.dtype == np.float64 else column
        for name, column in titanic.columns.values.items()
    }
    wrong = type(titanic.columns)(values=absurd, rows=titanic.columns.rows)
    rows = np.arange(titanic.columns.rows)
    expected = Running(export(model)).answers(model.preparation, titanic.columns, rows)
    right, spoilt = (
        Running(calibrated(titanic, model, columns)).answers(model.preparation, titanic.columns, rows)
        for columns in (None, wrong)
    )
    assert np.abs(spoilt - expected).mean() > 5 * np.abs(right - expected).mean()


def test_a_graph_that_onnxruntime_cannot_run_is_an_export_error(
    titanic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelwright.exporters import quantising

    def fails(written: bytes) -> None:
        raise RuntimeError("no kernel for it")

    monkeypatch.setattr(quantising, "Running", fails)
    with pytest.raises(ExportError, match="no kernel for it"):
        quantise(export(titanic.fitted("network", epochs=2, units=64)))


def test_an_input_layer_that_would_save_little_stays_float() -> None:
    """Values of any range reach it, and one step of 255 is then too coarse for most of them."""
    random = np.random.default_rng(0)
    first, second = (random.normal(size=size).astype(np.float32) for size in ((10, 300), (300, 600)))
    graph = Graph()
    inputs = graph.input("inputs", "float32", ("rows", 10))
    hidden = graph.node("Relu", graph.node("MatMul", inputs, graph.constant(first)))
    product = graph.node("MatMul", hidden, graph.constant(second))
    graph.output(product, "outputs", "float32", ("rows", 600))
    plain = graph.model().SerializeToString()
    kept = onnx.load_from_string(quantise(plain)).graph
    floats = [numpy_helper.to_array(one) for one in kept.initializer if one.data_type == 1]
    assert any(np.array_equal(one, first) for one in floats)
    assert not any(np.array_equal(one, second) for one in floats)
    feed = {"inputs": random.normal(size=(64, 10)).astype(np.float32)}
    feed["inputs"][0] *= 1_000
    expected, received = Running(plain).answer(feed), Running(quantise(plain)).answer(feed)
    assert np.abs(received - expected).max() < 0.02 * np.abs(expected).max()


def test_a_small_layer_behind_another_is_made_integers_too() -> None:
    """The bag of words' second layer is 2% of its weights, and reads no raw value."""
    random = np.random.default_rng(0)
    graph = Graph()
    inputs = graph.input("inputs", "float32", ("rows", 2_000))
    hidden = graph.node("MatMul", inputs, graph.constant(random.normal(size=(2_000, 50)).astype(np.float32)))
    second = random.normal(size=(50, 40)).astype(np.float32)
    product = graph.node("MatMul", graph.node("Relu", hidden), graph.constant(second))
    graph.output(product, "outputs", "float32", ("rows", 40))
    kept = onnx.load_from_string(quantise(graph.model().SerializeToString())).graph
    floats = [one for one in kept.initializer if one.data_type == 1]
    assert not any(np.array_equal(numpy_helper.to_array(one), second) for one in floats)
