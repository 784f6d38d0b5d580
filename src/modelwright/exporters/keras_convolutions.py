"""Convolutions and pooling, from a Keras layer's weights to ONNX nodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import keras
from modelwright.exporters.keras_call import Call, numbers
from modelwright.exporters.keras_elementwise import Emitter

layers = keras.layers


def convolution(call: Call) -> str:
    """A kernel moved over steps or pixels, a bias. (The activation is written by the graph walker.)"""
    kernel = numbers(call.operation.kernel)  # (size, ..., channels of a group, filters)
    rank = kernel.ndim - 2
    return _channels_last(
        call, lambda name: _convolved(call, name, kernel.transpose(rank + 1, rank, *range(rank)))
    )


def depthwise(call: Call) -> str:
    """Each channel with kernels of its own, a bias."""
    return _channels_last(call, lambda name: _each_channel(call, name, call.operation.kernel, bias=True))


def separable(call: Call) -> str:
    """Each channel with kernels of its own, then all mixed in every place, a bias."""
    point = numbers(call.operation.pointwise_kernel)  # (1, ..., channels, filters)
    rank = point.ndim - 2

    def write(name: str) -> str:
        apart = _each_channel(call, name, call.operation.depthwise_kernel, bias=False)
        mixed = call.node("Conv", apart, _constant(call, point.transpose(rank + 1, rank, *range(rank))))
        return _biased(call, mixed, rank)

    return _channels_last(call, write)


def pool(operator: str) -> Emitter:
    """The largest or the mean of each window."""

    def emit(call: Call) -> str:
        layer = call.operation
        sizes, strides = _several(call, layer.pool_size), _several(call, layer.strides)
        pads = _pads(call, layer.padding, sizes, strides, [1] * len(sizes))
        attributes = {"kernel_shape": sizes, "strides": strides, "pads": pads}
        return _channels_last(call, lambda name: call.node(operator, name, **attributes))

    return emit


def over_all(operator: str) -> Emitter:
    """The largest or the mean over all pixels."""

    def emit(call: Call) -> str:
        layer = call.operation
        axes = (1, 2) if layer.data_format == "channels_last" else (2, 3)
        keep = int(layer.keepdims)
        return call.node(operator, call.first(call.dtype), call.graph.integers(*axes), keepdims=keep)

    return emit


def zero_padding(call: Call) -> str:
    """Zeros around steps or pixels."""
    padding = call.operation.padding
    pairs = [padding] if isinstance(padding[0], int) else list(padding)
    if getattr(call.operation, "data_format", "channels_last") == "channels_last":
        around = [(0, 0), *pairs, (0, 0)]
    else:
        around = [(0, 0), (0, 0), *pairs]
    pads = [before for before, _ in around] + [after for _, after in around]
    return call.node("Pad", call.first(call.dtype), call.graph.integers(*pads), call.number(0.0))


def _convolved(call: Call, name: str, kernel: NDArray[Any]) -> str:
    layer = call.operation
    sizes = list(kernel.shape[2:])
    strides, dilations = _several(call, layer.strides), _several(call, layer.dilation_rate)
    made = call.node(
        "Conv",
        name,
        _constant(call, kernel),
        group=int(layer.groups),
        strides=strides,
        dilations=dilations,
        pads=_pads(call, layer.padding, sizes, strides, dilations),
    )
    return _biased(call, made, len(sizes))


def _each_channel(call: Call, name: str, variable: Any, *, bias: bool) -> str:
    """A convolution in which every channel is a group of its own."""
    layer, kernel = call.operation, numbers(variable)  # (size, ..., channels, kernels of a channel)
    rank = kernel.ndim - 2
    channels, each = kernel.shape[rank:]
    apart = kernel.transpose(rank, rank + 1, *range(rank)).reshape(channels * each, 1, *kernel.shape[:rank])
    sizes = list(kernel.shape[:rank])
    strides, dilations = _several(call, layer.strides), _several(call, layer.dilation_rate)
    made = call.node(
        "Conv",
        name,
        _constant(call, apart),
        group=channels,
        strides=strides,
        dilations=dilations,
        pads=_pads(call, layer.padding, sizes, strides, dilations),
    )
    return _biased(call, made, rank) if bias else made


def _biased(call: Call, name: str, rank: int) -> str:
    bias = call.operation.bias
    if bias is None:
        return name
    return call.node("Add", name, _constant(call, numbers(bias).reshape(1, -1, *[1] * rank)))


def _pads(call: Call, padding: str, sizes: list[int], strides: list[int], dilations: list[int]) -> list[int]:
    """Zeros before all axes, then after all: as XLA's SAME has them, the odd one after.

    Raises:
        ExportError: how many depends on a length that varies.
    """
    reaches = [(size - 1) * dilation + 1 for size, dilation in zip(sizes, dilations, strict=True)]
    if padding == "valid":
        return [0] * (2 * len(sizes))
    if padding == "causal":
        return [reaches[0] - 1, 0]
    totals: list[int] = []
    for length, reach, stride in zip(_lengths(call, len(sizes)), reaches, strides, strict=True):
        if stride == 1:
            totals.append(reach - 1)
        elif length is None:
            raise call.refuse("padding='same' with strides over a length that varies")
        else:
            totals.append(max((math.ceil(length / stride) - 1) * stride + reach - length, 0))
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _lengths(call: Call, rank: int) -> tuple[int | None, ...]:
    shape = call.inputs[0].shape
    return shape[1 : 1 + rank] if call.operation.data_format == "channels_last" else shape[2:]


def _several(call: Call, value: Any) -> list[int]:
    """A number for each axis, however it was given."""
    rank = call.inputs[0].rank - 2
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    # A pair of equal strides is kept for one-dimensional depthwise layers.
    return [int(one) for one in (given * rank)[:rank]]


def _channels_last(call: Call, write: Callable[[str], str]) -> str:
    """Write on channels before places, as ONNX has them, and put them back."""
    name = call.first(call.dtype)
    if call.operation.data_format != "channels_last":
        return write(name)
    rank = call.inputs[0].rank
    places = range(1, rank - 1)
    turned = call.node("Transpose", name, perm=[0, rank - 1, *places])
    return call.node("Transpose", write(turned), perm=[0, *range(2, rank), 1])


def _constant(call: Call, values: NDArray[Any]) -> str:
    return call.graph.constant(np.ascontiguousarray(values).astype(call.dtype))


CONVOLUTIONS: dict[type, Emitter] = {
    layers.Conv1D: convolution,
    layers.Conv2D: convolution,
    layers.DepthwiseConv1D: depthwise,
    layers.DepthwiseConv2D: depthwise,
    layers.SeparableConv1D: separable,
    layers.SeparableConv2D: separable,
}
"""Layers whose own activation comes after what is written here."""

POOLS: dict[type, Emitter] = {
    layers.MaxPooling1D: pool("MaxPool"),
    layers.MaxPooling2D: pool("MaxPool"),
    layers.AveragePooling1D: pool("AveragePool"),
    layers.AveragePooling2D: pool("AveragePool"),
    layers.GlobalMaxPooling2D: over_all("ReduceMax"),
    layers.GlobalAveragePooling2D: over_all("ReduceMean"),
    layers.ZeroPadding1D: zero_padding,
    layers.ZeroPadding2D: zero_padding,
}
