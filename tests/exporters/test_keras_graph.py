from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnxruntime
import pytest

from modelwright.engine.keras_backend import jax, keras
from modelwright.errors import ExportError
from modelwright.exporters.graph import Graph
from modelwright.exporters.keras_call import Value
from modelwright.exporters.keras_graph import write_keras

layers, ops = keras.layers, keras.ops
BATCHES = (1, 7, 32)
TOLERANCE = 1e-5
RELATIVE = 1e-6  # float32 itself is no finer, where answers are far from 1


@pytest.fixture(scope="module", autouse=True)
def quick_compilation() -> Iterator[None]:
    """JAX compiles a hundred tiny models here; none is worth optimising."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def session_of(model: Any) -> onnxruntime.InferenceSession:
    graph = Graph()
    inputs: list[Value] = []
    for index, tensor in enumerate(model.inputs):
        shape, dtype = tuple(tensor.shape), str(tensor.dtype)
        inputs.append(
            Value(name=graph.input(f"in{index}", dtype, ("rows", *shape[1:])), shape=shape, dtype=dtype)
        )
    for index, value in enumerate(write_keras(graph, model, inputs)):
        graph.output(value.name, f"out{index}", value.dtype, ("rows", *value.shape[1:]))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph.model().SerializeToString(), options)


def feed_for(model: Any, rows: int) -> list[Any]:
    random = np.random.default_rng(rows)
    feeds: list[Any] = []
    for tensor in model.inputs:
        shape = (rows, *tensor.shape[1:])
        if str(tensor.dtype) == "int32":
            values = random.integers(0, 9, shape).astype(np.int32)
            values[:, :1] = 1  # a text has at least one real token: an all-masked mean is 0 / 0 in Keras
            feeds.append(values)
        else:
            feeds.append((2 * random.normal(size=shape)).astype(np.float32))
    return feeds


def assert_same(model: Any) -> None:
    """One prediction of all rows by Keras; the same rows by ONNX in batches of every size."""
    shaken(model)
    session = session_of(model)
    feeds = feed_for(model, sum(BATCHES))
    model.compile(run_eagerly=True)
    answers = model.predict(feeds if len(feeds) > 1 else feeds[0], batch_size=sum(BATCHES), verbose=0)
    start = 0
    for rows in BATCHES:
        part = {f"in{index}": feed[start : start + rows] for index, feed in enumerate(feeds)}
        for received, answer in zip(session.run(None, part), keras.tree.flatten(answers), strict=True):
            expected = answer[start : start + rows]
            assert received.shape == expected.shape
            assert received.dtype == expected.dtype
            np.testing.assert_allclose(
                received.astype(float), expected.astype(float), atol=TOLERANCE, rtol=RELATIVE
            )
        start += rows


def shaken(model: Any) -> None:
    """Give every weight a value of its own, so that no factor hides behind 0 or 1."""
    random = np.random.default_rng(5)
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(0.2 + random.random(weight.shape).astype(np.float32))


def functional(*shapes: Any, build: Callable[..., Any], dtype: str = "float32") -> Any:
    inputs = [keras.Input(shape, dtype=dtype) for shape in shapes]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], build(*inputs))


ONE_INPUT: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "Dense": ((5,), layers.Dense(3)),
    "Dense without bias": ((5,), layers.Dense(3, use_bias=False, activation="relu")),
    "Dense over steps": ((4, 5), layers.Dense(3, activation="tanh")),
    "Dense with its own activation": ((5,), layers.Dense(3, activation=lambda x: ops.tanh(x) * 2 + x**2)),
    "EinsumDense": ((4, 5), layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d", activation="relu")),
    "BatchNormalization": ((5,), layers.BatchNormalization()),
    "BatchNormalization bare": ((4, 5), layers.BatchNormalization(center=False, scale=False, axis=1)),
    "LayerNormalization": ((4, 5), layers.LayerNormalization()),
    "LayerNormalization of two axes": ((4, 5), layers.LayerNormalization(axis=[1, 2])),
    "LayerNormalization bare": ((5,), layers.LayerNormalization(center=False, scale=False)),
    "RMSNormalization": ((4, 5), layers.RMSNormalization()),
    "UnitNormalization": ((4, 5), layers.UnitNormalization(axis=1)),
    "Normalization": ((2,), layers.Normalization(mean=[1.0, -2.0], variance=[4.0, 0.0])),
    "Normalization inverted": ((2,), layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], invert=True)),
    "Rescaling": ((5,), layers.Rescaling(0.5, offset=-1.0)),
    "Dropout": ((5,), layers.Dropout(0.5)),
    "AlphaDropout": ((5,), layers.AlphaDropout(0.5)),
    "SpatialDropout1D": ((4, 5), layers.SpatialDropout1D(0.5)),
    "GaussianDropout": ((5,), layers.GaussianDropout(0.5)),
    "GaussianNoise": ((5,), layers.GaussianNoise(0.5)),
    "ActivityRegularization": ((5,), layers.ActivityRegularization(0.5)),
    "Identity": ((5,), layers.Identity()),
    "ReLU": ((5,), layers.ReLU()),
    "ReLU at most": ((5,), layers.ReLU(max_value=1.5)),
    "ReLU with slope": ((5,), layers.ReLU(negative_slope=0.1, max_value=1.5)),
    "ReLU with threshold": ((5,), layers.ReLU(negative_slope=0.1, threshold=0.5)),
    "LeakyReLU": ((5,), layers.LeakyReLU(0.3)),
    "PReLU": ((4, 5), layers.PReLU(shared_axes=[1])),
    "ELU": ((5,), layers.ELU(0.7)),
    "Softmax": ((4, 5), layers.Softmax(axis=1)),
    "Activation": ((5,), layers.Activation("sigmoid")),
    "Flatten": ((4, 5), layers.Flatten()),
    "Reshape": ((4, 6), layers.Reshape((3, -1))),
    "Permute": ((4, 5), layers.Permute((2, 1))),
    "RepeatVector": ((5,), layers.RepeatVector(3)),
    "GlobalAveragePooling1D": ((4, 5), layers.GlobalAveragePooling1D(keepdims=True)),
    "GlobalAveragePooling1D channels first": (
        (4, 5),
        layers.GlobalAveragePooling1D(data_format="channels_first"),
    ),
    "GlobalMaxPooling1D": ((4, 5), layers.GlobalMaxPooling1D()),
    "Conv1D": ((7, 3), layers.Conv1D(4, 3, activation="relu")),
    "Conv1D same, strides": ((7, 3), layers.Conv1D(4, 4, strides=2, padding="same", use_bias=False)),
    "Conv1D causal, dilated": ((7, 3), layers.Conv1D(4, 3, padding="causal", dilation_rate=2)),
    "Conv1D in groups": ((7, 4), layers.Conv1D(6, 2, groups=2, padding="same", activation="tanh")),
    "Conv2D": ((6, 5, 2), layers.Conv2D(3, (3, 2), padding="same", activation="relu")),
    "Conv2D strides": ((6, 5, 2), layers.Conv2D(3, 3, strides=(2, 1), padding="valid")),
    "DepthwiseConv1D": ((7, 3), layers.DepthwiseConv1D(3, depth_multiplier=2, padding="same")),
    "DepthwiseConv2D": ((6, 5, 2), layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu")),
    "SeparableConv1D": ((7, 3), layers.SeparableConv1D(4, 3, padding="same", activation="relu")),
    "SeparableConv2D": ((6, 5, 2), layers.SeparableConv2D(4, 3, strides=2, padding="same")),
    "MaxPooling1D": ((7, 3), layers.MaxPooling1D(2)),
    "MaxPooling1D same": ((7, 3), layers.MaxPooling1D(3, strides=2, padding="same")),
    "MaxPooling2D": ((6, 5, 2), layers.MaxPooling2D((2, 3))),
    "AveragePooling1D same": ((7, 3), layers.AveragePooling1D(3, strides=2, padding="same")),
    "AveragePooling2D": ((6, 5, 2), layers.AveragePooling2D(2, padding="same")),
    "GlobalMaxPooling2D": ((6, 5, 2), layers.GlobalMaxPooling2D()),
    "GlobalAveragePooling2D": ((6, 5, 2), layers.GlobalAveragePooling2D(keepdims=True)),
    "ZeroPadding1D": ((7, 3), layers.ZeroPadding1D((1, 2))),
    "ZeroPadding2D": ((6, 5, 2), layers.ZeroPadding2D(((1, 2), (0, 3)))),
    "SimpleRNN": ((5, 3), layers.SimpleRNN(4)),
    "SimpleRNN every state": ((5, 3), layers.SimpleRNN(4, activation="relu", return_sequences=True)),
    "GRU": ((5, 3), layers.GRU(4)),
    "GRU reset before": ((5, 3), layers.GRU(4, reset_after=False, return_sequences=True)),
    "GRU backwards": ((5, 3), layers.GRU(4, go_backwards=True, return_sequences=True, use_bias=False)),
    "LSTM": ((5, 3), layers.LSTM(4)),
    "LSTM every state": ((5, 3), layers.LSTM(4, return_sequences=True, use_bias=False)),
    "LSTM backwards": ((5, 3), layers.LSTM(4, go_backwards=True)),
    "Bidirectional LSTM": ((5, 3), layers.Bidirectional(layers.LSTM(4, return_sequences=True))),
    "Bidirectional GRU": ((5, 3), layers.Bidirectional(layers.GRU(4), merge_mode="ave")),
    "Bidirectional RNN": ((5, 3), layers.Bidirectional(layers.SimpleRNN(4), merge_mode="mul")),
}


@pytest.mark.parametrize("name", ONE_INPUT)
def test_a_layer_answers_as_predict_does(name: str) -> None:
    shape, layer = ONE_INPUT[name]
    assert_same(functional(shape, build=layer))


ATTENDING: dict[str, Callable[[Any], Any]] = {
    "to itself": lambda x: layers.MultiHeadAttention(2, 4)(x, x),
    "to what came before": lambda x: layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True),
    "with dropout": lambda x: layers.MultiHeadAttention(2, 4, dropout=0.5)(x, x),
    "to another": lambda x: layers.MultiHeadAttention(2, 4, output_shape=3)(x, x[:, 1:]),
    "scaled dot product": lambda x: layers.Attention(use_scale=True)([x, x[:, 1:]]),
    "a block of a transformer": lambda x: layers.LayerNormalization()(
        x + layers.MultiHeadAttention(2, 4)(x, x)
    ),
}


@pytest.mark.parametrize("name", ATTENDING)
def test_attention_answers_as_predict_does(name: str) -> None:
    # A tenth of the usual inputs: with every weight above 0, scores in the hundreds would ask more of float32
    # than it has.
    assert_same(functional((5, 6), build=lambda x: ATTENDING[name](0.1 * x)))


REFUSED: dict[str, Callable[[Any], Any]] = {
    "a mask": lambda x: layers.LSTM(3)(layers.Masking()(x)),
    "merge_mode=None": lambda x: layers.Bidirectional(layers.LSTM(3), merge_mode=None)(x)[0],
    "states kept": lambda x: layers.GRU(3, return_state=True)(x)[0],
    "activation gelu": lambda x: layers.LSTM(3, activation="gelu")(x),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_recurrent_layer_cannot_be_written_with_is_named(what: str) -> None:
    with pytest.raises(ExportError, match=what):
        session_of(functional((5, 3), build=REFUSED[what]))


def test_padding_that_depends_on_a_length_that_varies_is_refused() -> None:
    model = functional((None, 3), build=layers.Conv1D(4, 3, strides=2, padding="same"))
    with pytest.raises(ExportError, match="length that varies"):
        session_of(model)


ACTIVATIONS = sorted(
    name for name in keras.activations.__dict__ if not name.startswith("_") and name.islower()
    and name not in ("deserialize", "serialize", "get", "sparsemax", "threshold")
)  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_answers_as_predict_does(name: str) -> None:
    assert_same(functional((6,), build=layers.Dense(4, activation=name)))


MERGES: dict[str, Any] = {
    "Add": layers.Add(),
    "Subtract": layers.Subtract(),
    "Multiply": layers.Multiply(),
    "Average": layers.Average(),
    "Maximum": layers.Maximum(),
    "Minimum": layers.Minimum(),
    "Concatenate": layers.Concatenate(),
    "Dot": layers.Dot(axes=1),
}


@pytest.mark.parametrize("name", MERGES)
def test_a_merge_answers_as_predict_does(name: str) -> None:
    assert_same(functional((5,), (5,), build=lambda a, b: MERGES[name]([a, b])))


def test_a_merge_of_unlike_ranks_answers_as_predict_does() -> None:
    assert_same(functional((3, 5), (5,), build=lambda a, b: layers.Add()([a, b])))


@pytest.mark.parametrize("mask_zero", [False, True])
def test_embedded_tokens_are_averaged_as_predict_does(mask_zero: bool) -> None:
    def build(tokens: Any) -> Any:
        embedded = layers.Embedding(9, 4, mask_zero=mask_zero)(tokens)
        return layers.GlobalAveragePooling1D()(layers.Dropout(0.3)(embedded))

    assert_same(functional((6,), build=build, dtype="int32"))


OPERATIONS: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "arithmetic": ((5,), lambda x: (x + 1) * 2 - x / 3 + 2 ** (-x) + abs(x)),
    "numbers first": ((5,), lambda x: 1 - 3 / (ops.square(x) + 1)),
    "roots and powers": ((5,), lambda x: ops.sqrt(ops.exp(x)) + ops.rsqrt(x * x + 1) + ops.log1p(abs(x))),
    "functions": ((5,), lambda x: ops.sin(x) + ops.cos(x) + ops.erf(x) + ops.expm1(x / 4) + ops.sign(x)),
    "rounding": ((5,), lambda x: ops.floor(x) + ops.ceil(x) + ops.round(x)),
    "bounds": ((5,), lambda x: ops.clip(x, -1, 1) + ops.maximum(x, 0.5) + ops.minimum(x, 2)),
    "comparisons": ((5,), lambda x: ops.where(ops.greater(x, 0), x, -2.0 * x)),
    "truth": ((5,), lambda x: ops.cast(ops.logical_and(x > 0, ops.logical_not(x >= 1)), "float32")),
    "any and all": ((5,), lambda x: ops.logical_or(ops.any(x > 1, axis=-1), ops.all(x < 3, axis=1))),
    "reductions": ((4, 5), lambda x: ops.sum(x, axis=1) + ops.mean(x, axis=1) - ops.max(x, axis=-2)),
    "reductions that keep axes": ((4, 5), lambda x: x - ops.min(x, axis=(1, 2), keepdims=True)),
    "spread": ((4, 5), lambda x: ops.std(x, axis=-1) + ops.var(x, axis=2) + ops.logsumexp(x, axis=2)),
    "matrix product": ((4, 5), lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1)))),
    "einsum": ((4, 5), lambda x: ops.einsum("bij,bkj->bik", x, x)),
    "reshape": ((4, 6), lambda x: ops.reshape(x, (-1, 8, 3))),
    "axes": ((4, 1, 5), lambda x: ops.expand_dims(ops.squeeze(ops.swapaxes(x, 1, 3), axis=2), -1)),
    "joining": ((4, 5), lambda x: ops.concatenate([x, x * 2], axis=1)),
    "stacking": ((4, 5), lambda x: ops.stack([x, x * 2], axis=-1)),
    "a column": ((4, 5), lambda x: x[:, 1]),
    "the last column, kept": ((4, 5), lambda x: x[:, -1:, ::2]),
    "reversed": ((4, 5), lambda x: x[:, ::-1]),
    "new axes": ((4, 5), lambda x: x[:, None, 1, ..., None]),
    "taking": ((4, 5), lambda x: ops.take(x, np.array([2, 0, 2]), axis=1)),
    "one-hot": ((3,), lambda x: ops.one_hot(ops.cast(abs(x), "int32"), 3)),
    "constants": ((5,), lambda x: x * np.arange(5, dtype=np.float32) + ops.ones_like(x) + ops.zeros_like(x)),
    "largest": ((4, 5), lambda x: ops.argmax(x, axis=-1)),
    "whole numbers": ((5,), lambda x: ops.cast(ops.not_equal(ops.cast(x, "int32"), 0), "float32")),
    "normalised": ((4, 5), lambda x: ops.softmax(x, axis=1) * ops.log_softmax(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_answer_as_predict_does(name: str) -> None:
    shape, build = OPERATIONS[name]
    assert_same(functional(shape, build=build))


def test_nested_and_shared_models_answer_as_predict_does() -> None:
    inner = keras.Sequential([layers.Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(3)])
    branch = functional((5,), build=lambda x: layers.Dense(3)(layers.BatchNormalization()(x)))
    shared = layers.Dense(2)
    assert_same(
        functional(
            (5,), build=lambda x: layers.Add()([shared(inner(x)), shared(branch(x)), shared(inner(x * 2))])
        )
    )


def test_a_sequential_model_answers_as_predict_does() -> None:
    assert_same(keras.Sequential([layers.Input((5,)), layers.Dense(4, activation="silu"), layers.Dense(1)]))


class Residual(layers.Layer):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = layers.Dense(width, activation="gelu")
        self.gate = self.add_weight(shape=(width,), name="gate")

    def call(self, inputs: Any, training: bool = False) -> Any:
        return inputs + self.inner(inputs) * self.gate

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)


def test_a_layer_of_ones_own_is_written_by_what_it_calls() -> None:
    assert_same(functional((5,), build=Residual(5)))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(4, activation="relu")
        self.residual = Residual(4)
        self.dropout = layers.Dropout(0.5)
        self.last = layers.Dense(2, activation="softmax")

    def call(self, inputs: Any, training: bool = False) -> Any:
        hidden = self.residual(self.hidden(inputs))
        return self.last(self.dropout(ops.concatenate([hidden, inputs[:, :2]], axis=-1), training=training))


def test_a_subclassed_model_is_written_by_what_it_calls() -> None:
    model = Subclassed()
    model(np.zeros((1, 5), dtype=np.float32))
    graph = Graph()
    name = graph.input("in0", "float32", ("rows", 5))
    value = write_keras(graph, model, [Value(name=name, shape=(None, 5), dtype="float32")])[0]
    graph.output(value.name, "out0", "float32", ("rows", 2))
    session = onnxruntime.InferenceSession(graph.model().SerializeToString())
    feed = np.random.default_rng(0).normal(size=(sum(BATCHES), 5)).astype(np.float32)
    model.compile(run_eagerly=True)
    expected = model.predict(feed, batch_size=len(feed), verbose=0)
    np.testing.assert_allclose(session.run(None, {"in0": feed})[0], expected, atol=TOLERANCE)


def test_an_unknown_layer_is_named_and_the_wider_converter_pointed_to() -> None:
    model = functional((4, 5, 2), build=layers.ConvLSTM1D(3, 2, name="memory"))
    with pytest.raises(ExportError, match=r"memory.*ConvLSTM1D.*modelwright\[jax2onnx\]"):
        session_of(model)


def test_an_unknown_operation_is_named() -> None:
    model = functional((5,), build=lambda x: ops.sort(x))
    with pytest.raises(ExportError, match=r"keras\.ops\.Sort"):
        session_of(model)


class Stubborn(layers.Layer):
    def call(self, inputs: Any) -> Any:
        import jax.numpy

        return jax.numpy.tanh(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def test_a_layer_that_leaves_keras_is_refused_by_name() -> None:
    with pytest.raises(ExportError, match="Stubborn"):
        session_of(functional((5,), build=Stubborn(name="stubborn")))
