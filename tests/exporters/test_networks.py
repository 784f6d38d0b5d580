from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from modelwright.errors import ExportError
from modelwright.exporters.onnx import export

YOURS = """
import keras

class Own(keras.Model):
    def __init__(self, units, activation):
        super().__init__()
        self.hidden = keras.layers.Dense(8, activation="relu")
        self.dropout = keras.layers.Dropout(0.5)
        self.last = keras.layers.Dense(units, activation=activation)

    def call(self, inputs, training=False):
        return self.last(self.dropout(self.hidden(inputs), training=training))

def subclassed(input_shape, output_shape, activation="sigmoid"):
    return Own(output_shape[0], activation)

def functional(input_shape, output_shape):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(inputs[:, ::2]))

def filtered(input_shape, output_shape):
    steps, flat = keras.layers.Reshape((-1, 1)), keras.layers.Flatten()
    last = keras.layers.Dense(1, activation="sigmoid")
    convolution = keras.layers.UpSampling1D(1, name="filter")
    return keras.Sequential([keras.Input(input_shape), steps, convolution, flat, last])
"""


@pytest.mark.parametrize("name", ["titanic", "bikes", "classes"])
def test_a_built_in_network_answers_as_it_did(name: str, request: pytest.FixtureRequest) -> None:
    problem = request.getfixturevalue(name)
    problem.assert_same(problem.fitted("network", epochs=1, units=8))


@pytest.mark.parametrize("function", ["subclassed", "functional"])
def test_a_users_own_network_answers_as_it_did(titanic: Any, function: str) -> None:
    titanic.assert_same(titanic.fitted("yours", YOURS, function, epochs=1))


def test_a_users_own_regression_answers_in_the_targets_unit(bikes: Any) -> None:
    bikes.assert_same(bikes.fitted("yours", YOURS, "subclassed", epochs=1, activation="linear"))


def test_a_users_layer_that_no_table_knows_is_named(bikes: Any, titanic: Any) -> None:
    model = titanic.fitted("yours", YOURS, "filtered", epochs=1)
    with pytest.raises(ExportError, match=r"filter.*UpSampling1D.*jax2onnx"):
        export(model)


PACKAGE = """
import onnx
from onnx import helper

def to_onnx(function, *, inputs, opset, return_mode):
    # Stands in for the converter: an answer of 0.5 a row, whatever the function.
    assert return_mode == "proto"
    rows, width = inputs[0]
    assert function(__import__("numpy").zeros((1, width), "float32")).shape == (1, 1)
    nodes = [
        helper.make_node("ReduceSum", ["x", "one"], ["total"]),
        helper.make_node("Mul", ["total", "zero"], ["nothing"]),
        helper.make_node("Sigmoid", ["nothing"], ["y"]),
    ]
    constants = [
        helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1]),
        helper.make_tensor("zero", onnx.TensorProto.FLOAT, [], [0.0]),
    ]
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [rows, width])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [rows, 1])
    graph = helper.make_graph(nodes, "half", [x], [y], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
"""


def installed(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the converter's name, for this process and for those it starts."""
    (folder / "jax2onnx.py").write_text(code)
    monkeypatch.syspath_prepend(str(folder))
    known = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), known]))


def test_where_jax2onnx_is_installed_its_graph_is_set_into_ours(
    titanic: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = titanic.fitted("yours", YOURS, "filtered", epochs=1)
    installed(PACKAGE, tmp_path, monkeypatch)
    answers = titanic.answers_of(model, titanic.columns)
    assert answers.shape == (titanic.columns.rows, 2)
    assert (answers == 0.5).all()
    assert "jax2onnx" not in sys.modules  # it was loaded in a process of its own


@pytest.mark.parametrize(
    ("code", "said"),
    [("raise ValueError('no such primitive')", "no such primitive"), ("import os; os.abort()", "exit")],
)
def test_a_converter_that_fails_or_crashes_is_an_error_and_no_more(
    titanic: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    model = titanic.fitted("yours", YOURS, "filtered", epochs=1)
    installed(code, tmp_path, monkeypatch)
    with pytest.raises(ExportError, match=said):
        export(model)
