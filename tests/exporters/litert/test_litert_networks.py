"""Keras models of every architecture, answered by the real LiteRT as by Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.engine.keras_backend import jax, keras
from modelwright.errors import ExportError
from modelwright.exporters.litert.elementwise import BROADCASTING, ELEMENTWISE
from modelwright.exporters.litert.flatbuffer import File
from modelwright.exporters.litert.loops import LOOPS
from modelwright.exporters.litert.model import Declared
from modelwright.exporters.litert.operators import operators_of
from modelwright.exporters.litert.products import PRODUCTS
from modelwright.exporters.litert.running import Running, ask
from modelwright.exporters.litert.shapes import SHAPES
from modelwright.exporters.litert.tracing import Trace

layers: Any = keras.layers
ROWS = 20


def written(model: Any, row: Any) -> bytes:
    file = File()
    graph = file.subgraph("main")
    tensor = graph.input("row", row.shape, str(row.dtype))
    traced = jax.make_jaxpr(lambda values: model(values, training=False))(row)
    trace = Trace(graph, {**ELEMENTWISE, **SHAPES, **PRODUCTS, **LOOPS}, BROADCASTING, "a model")
    (answer,) = trace.run(traced.jaxpr, traced.consts, [tensor])
    graph.output("answer", trace.tensor(trace.whole(answer, traced.out_avals[0].shape)))
    return file.written()


def stirred(model: Any) -> Any:
    """The model with weights that tell every one of them apart."""
    draw = np.random.default_rng(1)
    for weight in model.weights:
        if weight.dtype == "float32":
            values = draw.normal(0, 0.3, weight.shape)
            weight.assign(np.square(values) + 0.3 if "variance" in weight.path else values)
    return model


def sequence(*parts: Any) -> Any:
    return keras.Sequential([keras.Input((24,)), layers.Reshape((12, 2)), *parts, layers.Dense(2)])


def picture(*parts: Any) -> Any:
    return keras.Sequential([keras.Input((64,)), layers.Reshape((8, 8, 1)), *parts, layers.Dense(3)])


def activations() -> Any:
    names = "relu gelu silu elu selu softplus tanh leaky_relu hard_sigmoid exponential softsign mish"
    row = keras.Input((8,))
    beside = layers.Concatenate()([layers.Dense(3, activation=name)(row) for name in names.split()])
    return keras.Model(row, layers.Dense(3, activation="softmax")(beside))


def normalisations() -> Any:
    stack = [layers.BatchNormalization(), layers.LayerNormalization(), layers.UnitNormalization()]
    return keras.Sequential(
        [keras.Input((8,)), layers.Dense(6), *stack, layers.Dense(1, activation="sigmoid")]
    )


def convolutions() -> Any:
    return sequence(
        layers.Conv1D(5, 3, padding="same", activation="relu"),
        layers.MaxPooling1D(2, padding="same"),
        layers.Conv1D(7, 3, strides=2, padding="same"),
        layers.AveragePooling1D(2),
        layers.GlobalAveragePooling1D(),
    )


def dilated() -> Any:
    return sequence(
        layers.Conv1D(5, 3, padding="causal", dilation_rate=2), layers.SeparableConv1D(4, 3), layers.Flatten()
    )


def pictures() -> Any:
    return picture(
        layers.Conv2D(5, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        layers.Conv2D(4, 2, strides=2),
        layers.AveragePooling2D(2),
        layers.GlobalMaxPooling2D(),
    )


def attending(*, causal: bool) -> Any:
    row = keras.Input((24,))
    steps = layers.Dense(8)(layers.Reshape((12, 2))(row))
    seen = layers.MultiHeadAttention(2, 4)(steps, steps, use_causal_mask=causal)
    joined = layers.LayerNormalization()(layers.Add()([steps, seen]))
    return keras.Model(row, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(joined)))


def words(*, masked: bool) -> Any:
    ids = keras.Input((10,), dtype="int32")
    known = layers.GRU(5)(layers.Embedding(30, 6, mask_zero=masked)(ids))
    return keras.Model(ids, layers.Dense(1, activation="sigmoid")(known))


MODELS: dict[str, Any] = {
    "activations": activations,
    "normalisations": normalisations,
    "convolutions": convolutions,
    "dilated convolutions": dilated,
    "pictures": pictures,
    "lstm": lambda: sequence(layers.LSTM(6)),
    "gru": lambda: sequence(layers.GRU(6, return_sequences=True), layers.GRU(4)),
    "both directions": lambda: sequence(
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.Flatten()
    ),
    "simple recurrent": lambda: sequence(layers.SimpleRNN(5)),
    "attention": lambda: attending(causal=False),
    "causal attention": lambda: attending(causal=True),
    "words": lambda: words(masked=False),
    "masked words": lambda: words(masked=True),
}


@pytest.mark.parametrize("name", list(MODELS))
def test_an_architecture_answers_in_litert_as_in_keras_with_built_in_operators(name: str) -> None:
    model, draw = stirred(MODELS[name]()), np.random.default_rng(2)
    shape = (ROWS, *model.input_shape[1:])
    kind = str(model.inputs[0].dtype)
    rows = (
        draw.integers(0, 30, shape).astype(kind) if kind == "int32" else draw.normal(0, 1, shape).astype(kind)
    )
    data = written(model, rows[:1])
    assert operators_of(data)
    running = Running(data)
    received = np.concatenate([running.answer({"row": row[None]}) for row in rows])
    expected = np.asarray(model(rows, training=False))
    assert np.ptp(expected, axis=0).min() > 1e-3, "all rows answered alike prove nothing"
    np.testing.assert_allclose(received, expected, atol=2e-6, rtol=2e-6)


def test_a_file_is_the_same_for_the_same_model() -> None:
    model, row = stirred(attending(causal=False)), np.zeros((1, 24), np.float32)
    assert written(model, row) == written(model, row)


def test_what_litert_cannot_do_is_named() -> None:
    model = sequence(layers.Conv1DTranspose(3, 2, strides=2), layers.Flatten())
    with pytest.raises(ExportError, match="transposed convolution"):
        written(model, np.zeros((1, 24), np.float32))


def test_a_file_loads_alone_and_has_exactly_the_inputs_declared() -> None:
    model, row = stirred(convolutions()), np.ones((1, 24), np.float32)
    data = written(model, row)
    declared = Declared(name="row", shape=(1, 24), dtype="float32")
    said = ask(data, [declared], [{"row": row}])
    np.testing.assert_allclose(said.raw, np.asarray(model(row)), atol=1e-6)
    for other in ("line", "row"):
        wrong = Declared(name=other, shape=(1, 23), dtype="float32")
        with pytest.raises(ExportError, match="the file's inputs are"):
            ask(data, [wrong], [{other: row}])


def test_a_file_that_litert_cannot_load_is_refused_and_this_process_lives() -> None:
    declared = Declared(name="row", shape=(1, 2), dtype="float32")
    with pytest.raises(ExportError, match="Flatbuffer"):
        ask(b"nothing like it", [declared], [])
