"""The table of Keras layers: one small function each, from the layer's weights to ONNX nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import keras
from modelwright.exporters.keras_activations import along_axis, rectified, scaled
from modelwright.exporters.keras_call import Call, Value, numbers
from modelwright.exporters.keras_convolutions import CONVOLUTIONS, POOLS
from modelwright.exporters.keras_elementwise import Emitter, same
from modelwright.exporters.keras_recurrent import RECURRENT
from modelwright.exporters.keras_shapes import concatenate, reshape

layers = keras.layers

SMALLEST_NORM = 1e-12
"""Vectors are divided by no less than this: the constant in keras.layers.UnitNormalization."""


def dense(call: Call) -> str:
    """A matrix product, a bias. (The activation is written by the graph walker.)"""
    layer = call.operation
    if layer.quantization_mode is not None:
        raise call.refuse(f"a layer quantised to {layer.quantization_mode}")
    product = call.node("MatMul", call.first(call.dtype), weight(call, layer.kernel))
    return product if layer.bias is None else call.node("Add", product, weight(call, layer.bias))


def einsum_dense(call: Call) -> str:
    """A product by index letters, a bias."""
    layer = call.operation
    if layer.quantization_mode is not None:
        raise call.refuse(f"a layer quantised to {layer.quantization_mode}")
    operands = call.first(call.dtype), weight(call, layer.kernel)
    product = call.node("Einsum", *operands, equation=layer.equation)
    return product if layer.bias is None else call.node("Add", product, weight(call, layer.bias))


def embedding(call: Call) -> str:
    """A row of the table for each number."""
    layer = call.operation
    if layer.quantization_mode is not None:
        raise call.refuse(f"a layer quantised to {layer.quantization_mode}")
    indices = call.first() if call.inputs[0].dtype in ("int32", "int64") else call.first("int32")
    return call.node("Gather", weight(call, layer.embeddings), indices, axis=0)


def batch_normalization(call: Call) -> str:
    """Training's mean and variance, folded into one factor and one offset."""
    layer = call.operation
    factor = 1 / np.sqrt(array(layer.moving_variance) + layer.epsilon)
    if layer.scale:
        factor = factor * array(layer.gamma)
    offset = -array(layer.moving_mean) * factor
    if layer.center:
        offset = offset + array(layer.beta)
    shape = [1] * call.inputs[0].rank
    shape[layer.axis] = -1
    scaled_values = call.node("Mul", call.first(call.dtype), constant(call, factor.reshape(shape)))
    return call.node("Add", scaled_values, constant(call, offset.reshape(shape)))


def layer_normalization(call: Call) -> str:
    """Each row to mean 0 and deviation 1 over the last axes."""
    layer = call.operation
    rank = call.inputs[0].rank
    axes = sorted(call.axes())
    if layer.rms_scaling or axes != list(range(rank - len(axes), rank)):
        raise call.refuse(f"normalisation over axes {axes} of {rank}, rms_scaling={layer.rms_scaling}")
    sizes = [call.inputs[0].shape[axis] or 1 for axis in axes]
    gain = np.ones(sizes) if layer.gamma is None else array(layer.gamma)
    inputs = [call.first(call.dtype), constant(call, gain)]
    if layer.beta is not None:
        inputs.append(weight(call, layer.beta))
    return call.node("LayerNormalization", *inputs, axis=-len(axes), epsilon=float(layer.epsilon))


def rms_normalization(call: Call) -> str:
    """Each row divided by its root mean square."""
    layer = call.operation
    values = call.first(call.dtype)
    if call.axes() != (call.inputs[0].rank - 1,):
        raise call.refuse(f"normalisation over axis {layer.axis}; only the last")
    mean = call.node("ReduceMean", call.node("Mul", values, values), call.graph.integers(-1), keepdims=1)
    root = call.node("Sqrt", call.node("Add", mean, call.number(float(layer.epsilon))))
    return call.node("Mul", call.node("Div", values, root), weight(call, layer.scale))


def unit_normalization(call: Call) -> str:
    """Each vector to length 1."""
    norm = call.node("ReduceL2", call.first(call.dtype), call.graph.integers(*call.axes()), keepdims=1)
    return call.node("Div", call.first(call.dtype), call.node("Max", norm, call.number(SMALLEST_NORM)))


def normalization(call: Call) -> str:
    """The adapted mean and variance taken out, or (inverted) put back."""
    layer = call.operation
    mean, spread = array(layer.mean), np.maximum(np.sqrt(array(layer.variance)), keras.backend.epsilon())
    values = call.first(call.dtype)
    if layer.invert:
        return call.node("Add", call.node("Mul", values, constant(call, spread)), constant(call, mean))
    return call.node("Div", call.node("Sub", values, constant(call, mean)), constant(call, spread))


def rescaling(call: Call) -> str:
    """A factor and an offset."""
    layer = call.operation
    scaled_values = call.node("Mul", call.first(call.dtype), constant(call, np.asarray(layer.scale)))
    return call.node("Add", scaled_values, constant(call, np.asarray(layer.offset)))


def parametric_relu(call: Call) -> str:
    """relu with a learnt slope below 0."""
    return call.node("PRelu", call.first(), weight(call, call.operation.alpha))


def leaky_relu(call: Call) -> str:
    """relu with a slope below 0."""
    return call.node("LeakyRelu", call.first(), alpha=float(call.operation.negative_slope))


def softmax(call: Call) -> str:
    """Shares that add up to 1; masked entries get none."""
    if isinstance(call.get("mask"), Value):
        raise call.refuse("softmax with a mask")
    return along_axis("Softmax")(call)


def merge(operator: str, *, mean: bool = False) -> Emitter:
    """Tensors added, multiplied or compared, number by number."""

    def emit(call: Call) -> str:
        rank = max(value.rank for value in call.inputs)
        names = [_raised(call, value, rank) for value in call.inputs]
        if operator == "Sub" and len(names) != 2:
            raise call.refuse(f"{len(names)} tensors to subtract")
        merged = names[0]
        for name in names[1:]:
            merged = call.node(operator, merged, name)
        return call.node("Div", merged, call.number(len(names))) if mean else merged

    return emit


def permute(call: Call) -> str:
    """Axes in another order; rows stay first."""
    return call.node("Transpose", call.first(), perm=[0, *call.operation.dims])


def repeat(call: Call) -> str:
    """Each row's vector, several times."""
    once = call.node("Unsqueeze", call.first(), call.graph.integers(1))
    return call.node("Expand", once, call.graph.integers(1, int(call.operation.n), 1))


def mean_over_steps(call: Call) -> str:
    """The mean over steps; with a mask only over the real ones."""
    axis, mask = _steps_axis(call), call.get("mask")
    keep, values, axes = int(call.operation.keepdims), call.first(call.dtype), call.graph.integers(axis)
    if not isinstance(mask, Value):
        return call.node("ReduceMean", values, axes, keepdims=keep)
    real = call.node("Unsqueeze", call.value(mask, "bool"), call.graph.integers(3 - axis))
    kept = call.node("Where", real, values, call.number(0.0))
    total = call.node("ReduceSum", kept, axes, keepdims=keep)
    steps = call.node("ReduceSum", call.graph.cast(real, call.dtype), axes, keepdims=keep)
    return call.node("Div", total, steps)


def largest_over_steps(call: Call) -> str:
    """The largest over steps."""
    axes = call.graph.integers(_steps_axis(call))
    return call.node("ReduceMax", call.first(), axes, keepdims=int(call.operation.keepdims))


def array(variable: Any) -> NDArray[np.float64]:
    """A layer's weight in double precision."""
    return np.asarray(numbers(variable), dtype=np.float64)


def weight(call: Call, variable: Any) -> str:
    """A layer's weight as a constant."""
    return constant(call, numbers(variable))


def constant(call: Call, values: NDArray[Any]) -> str:
    """A constant in the layer's element type."""
    return call.graph.constant(values.astype(call.dtype))


def _raised(call: Call, value: Value, rank: int) -> str:
    """A tensor with axes of length 1 after the rows, up to the given rank, as Keras's merges do."""
    name = call.value(value, call.dtype)
    missing = rank - value.rank
    if not missing:
        return name
    return call.node("Unsqueeze", name, call.graph.integers(*range(1, 1 + missing)))


def _steps_axis(call: Call) -> int:
    return 1 if call.operation.data_format == "channels_last" else 2


LAYERS: dict[type, Emitter] = {
    layers.Dense: dense,
    layers.EinsumDense: einsum_dense,
    layers.Embedding: embedding,
    layers.BatchNormalization: batch_normalization,
    layers.LayerNormalization: layer_normalization,
    layers.RMSNormalization: rms_normalization,
    layers.UnitNormalization: unit_normalization,
    layers.Normalization: normalization,
    layers.Rescaling: rescaling,
    layers.ReLU: rectified,
    layers.LeakyReLU: leaky_relu,
    layers.PReLU: parametric_relu,
    layers.ELU: scaled("Elu", "alpha", "alpha"),
    layers.Softmax: softmax,
    layers.Add: merge("Add"),
    layers.Subtract: merge("Sub"),
    layers.Multiply: merge("Mul"),
    layers.Average: merge("Add", mean=True),
    layers.Maximum: merge("Max"),
    layers.Minimum: merge("Min"),
    layers.Concatenate: concatenate,
    layers.Flatten: reshape,
    layers.Reshape: reshape,
    layers.Permute: permute,
    layers.RepeatVector: repeat,
    layers.GlobalAveragePooling1D: mean_over_steps,
    layers.GlobalMaxPooling1D: largest_over_steps,
    **CONVOLUTIONS,
    **POOLS,
    **RECURRENT,
    **dict.fromkeys(
        (
            layers.Identity,
            layers.Dropout,
            layers.AlphaDropout,
            layers.SpatialDropout1D,
            layers.GaussianDropout,
            layers.GaussianNoise,
            layers.ActivityRegularization,
        ),
        same,
    ),
}
"""Layer -> what writes it. A subclass of a layer is another layer: its call may do anything."""

WITH_ACTIVATION: tuple[type, ...] = (layers.Dense, layers.EinsumDense, *CONVOLUTIONS)
"""Layers whose own activation comes after what the table writes."""
