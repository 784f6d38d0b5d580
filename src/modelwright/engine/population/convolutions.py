"""Convolutions as matrix products and max-pools as comparisons: what XLA makes fast on a processor.

XLA's CPU backend runs the gradients of both as plain loops. But a convolution is the product of the patches
under its window with its kernel, its gradients are two products more, and a max-pool's gradient belongs to
the first entry of each window that equals the maximum. Same numbers up to the order of sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import jax, keras

# A maximum's place in its window is remembered in an int8.
LARGEST_POOL = int(np.iinfo(np.int8).max)

# Patches of one batch; beyond it they are made for some rows at a time (5 to 30 % slower, measured).
MOST_PATCH_BYTES = 2**27

Sizes = tuple[int, ...]
"""One number for each spatial axis."""


class Window(NamedTuple):
    """How a convolution's kernel, or a pool, moves over the spatial axes."""

    size: Sizes
    strides: Sizes
    dilation: Sizes
    padding: str


@contextmanager
def convolutions_as_products(model: Any) -> Generator[None]:
    """Inside, on a processor, tracing the model uses the fast forms; outside, nothing is changed.

    For Keras's own Conv1D, Conv2D, Conv3D and max-pools, channels last and in float32. Grouped, depthwise,
    separable and transposed convolutions, and what a user derived from a layer, stay as they are. The
    model's layers are changed meanwhile, so only one thread at a time may trace it.

    Source: Chellapilla, Puri and Simard (2006), High Performance Convolutional Neural Networks for
    Document Processing, section 3 (unrolling convolution).
    """
    undo: list[tuple[Any, Any]] = []
    try:
        for layer in model._flatten_layers() if jax.default_backend() == "cpu" else ():
            fast = _fast_call(layer)
            if fast is not None:
                undo.append((layer, vars(layer).get("call")))
                object.__setattr__(layer, "call", fast)
        yield
    finally:
        for layer, before in reversed(undo):
            object.__delattr__(layer, "call")
            if before is not None:
                object.__setattr__(layer, "call", before)


def _fast_call(layer: Any) -> Callable[[Any], Any] | None:
    """What computes as the layer's own `call` does, or None where there is no fast form."""
    layers = keras.layers
    if getattr(layer, "data_format", "") != "channels_last" or layer.dtype_policy.name != "float32":
        return None
    if type(layer) in (layers.Conv1D, layers.Conv2D, layers.Conv3D) and layer.groups == 1:
        return partial(_convolution_call, layer)
    if type(layer) in (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D):
        return partial(_pool_call, layer) if math.prod(layer.pool_size) <= LARGEST_POOL else None
    return None


def _convolution_call(layer: Any, inputs: Any) -> Any:
    """`keras.layers.Conv2D.call`, and that of Conv1D and Conv3D."""
    window = Window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    inputs = keras.ops.convert_to_tensor(inputs, dtype="float32")
    if window.padding == "causal":
        inputs = keras.ops.pad(inputs, layer._compute_causal_padding())
        window = window._replace(padding="valid")
    outputs: Any = convolution(inputs, keras.ops.convert_to_tensor(layer.kernel), window)
    if layer.use_bias:
        outputs = outputs + keras.ops.convert_to_tensor(layer.bias)
    return outputs if layer.activation is None else layer.activation(outputs)


def _pool_call(layer: Any, inputs: Any) -> Any:
    """`keras.layers.MaxPooling2D.call`, and that of its kin."""
    if str(inputs.dtype) != "float32":
        return type(layer).call(layer, inputs)
    undilated = (1,) * len(layer.pool_size)
    return max_pool(inputs, Window(layer.pool_size, layer.strides, undilated, layer.padding))


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolution(inputs: Any, kernel: Any, window: Window) -> Any:
    """What `keras.ops.conv` computes, channels last and in one group; its gradients as products.

    Shapes:
        inputs: (rows, *spatial, channels); kernel: (*window, channels, filters)
        returns: (rows, *positions of the window, filters)
    """
    conv: Any = keras.ops.conv  # annotated as taking one stride; its docstring says a tuple
    return conv(inputs, kernel, window.strides, window.padding, "channels_last", window.dilation)


def _convolution_forward(inputs: Any, kernel: Any, window: Window) -> Any:
    return convolution(inputs, kernel, window), (inputs, kernel)


def _convolution_backward(window: Window, kept: Any, gradient: Any) -> Any:
    inputs, kernel = kept
    rows = _rows_at_once(gradient, kernel)

    def further(so_far: Any, part: Any) -> Any:
        some_inputs, of_outputs = part
        of_inputs, of_kernel = _gradients(some_inputs, of_outputs, kernel, window)
        return so_far + of_kernel, of_inputs

    parts = [array.reshape(-1, rows, *array.shape[1:]) for array in (inputs, gradient)]
    of_kernel, of_inputs = jax.lax.scan(further, jax.numpy.zeros_like(kernel), parts)
    return of_inputs.reshape(inputs.shape), of_kernel


def _rows_at_once(gradient: Any, kernel: Any) -> int:
    """The most rows that divide the batch and whose patches stay within MOST_PATCH_BYTES."""
    per_row = math.prod(gradient.shape[1:-1]) * math.prod(kernel.shape[:-1]) * kernel.dtype.itemsize
    fitting = max(1, MOST_PATCH_BYTES // per_row)
    return max(rows for rows in range(1, len(gradient) + 1) if len(gradient) % rows == 0 and rows <= fitting)


def _gradients(inputs: Any, of_outputs: Any, kernel: Any, window: Window) -> tuple[Any, Any]:
    """The loss's gradients to the inputs and to the kernel of a convolution."""
    by_filter = kernel.reshape(-1, kernel.shape[-1])
    padded = _padded(inputs, window, 0.0)
    patches = _patches(padded, window)
    of_outputs = of_outputs.reshape(-1, kernel.shape[-1])
    of_kernel = patches.reshape(-1, len(by_filter)).T @ of_outputs
    of_patches = (of_outputs @ by_filter.T).reshape(patches.shape)
    parts = [of_patches[..., tap, :] for tap in range(patches.shape[-2])]
    return _unpadded(_put_back(parts, padded, window), inputs, window), of_kernel.reshape(kernel.shape)


convolution.defvjp(_convolution_forward, _convolution_backward)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def max_pool(inputs: Any, window: Window) -> Any:
    """What `keras.ops.max_pool` computes, channels last; of equal maxima the first gets the gradient.

    Shapes:
        inputs: (rows, *spatial, channels)
        returns: (rows, *positions of the window, channels)
    """
    return _max_pool_forward(inputs, window)[0]


def _max_pool_forward(inputs: Any, window: Window) -> Any:
    entries = _entries(_padded(inputs, window, -np.inf), window)
    largest = entries[0]
    first = jax.numpy.zeros(largest.shape, dtype=np.int8)
    for tap, entry in enumerate(entries[1:], start=1):
        first = jax.numpy.where(entry > largest, np.int8(tap), first)
        largest = jax.numpy.maximum(largest, entry)  # which, unlike the comparison, passes NaN on
    return largest, (first, inputs)


def _max_pool_backward(window: Window, kept: Any, gradient: Any) -> Any:
    first, inputs = kept
    padded = _padded(inputs, window, -np.inf)
    parts = [jax.numpy.where(first == tap, gradient, 0.0) for tap in range(math.prod(window.size))]
    return (_unpadded(_put_back(parts, padded, window), inputs, window),)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


def _margins(inputs: Any, window: Window) -> list[tuple[int, int]]:
    """Entries to add before and after each spatial axis."""
    reach = [(size - 1) * step + 1 for size, step in zip(window.size, window.dilation, strict=True)]
    return list(jax.lax.padtype_to_pads(inputs.shape[1:-1], reach, window.strides, window.padding.upper()))


def _padded(inputs: Any, window: Window, value: float) -> Any:
    margins = [(0, 0), *_margins(inputs, window), (0, 0)]
    return jax.numpy.pad(inputs, margins, constant_values=value) if np.any(margins) else inputs


def _unpadded(padded: Any, inputs: Any, window: Window) -> Any:
    begins = [before for before, _ in _margins(inputs, window)]
    spatial = zip(begins, inputs.shape[1:-1], strict=True)
    return padded[:, *(slice(begin, begin + length) for begin, length in spatial)]


def _positions(padded: Any, window: Window) -> Sizes:
    """How many places the window takes along each axis."""
    lengths = zip(padded.shape[1:-1], window.size, window.dilation, window.strides, strict=True)
    return tuple((length - (size - 1) * step - 1) // stride + 1 for length, size, step, stride in lengths)


def _taps(window: Window) -> list[Sizes]:
    """Where each entry of the window lies, counted from the window's first."""
    return [
        tuple(index * step for index, step in zip(tap, window.dilation, strict=True))
        for tap in np.ndindex(window.size)
    ]


def _patches(padded: Any, window: Window) -> Any:
    """Every window's entries side by side: one gather, which XLA runs quicker than slices joined.

    Shapes:
        returns: (rows, *positions, taps, channels)
    """
    positions = _positions(padded, window)
    flat = padded.reshape(len(padded), -1, padded.shape[-1])
    places = _places(positions, padded.shape[1:-1], window)
    taken = flat.at[:, places].get(mode="promise_in_bounds")
    return taken.reshape(len(padded), *positions, -1, padded.shape[-1])


def _places(positions: Sizes, lengths: Sizes, window: Window) -> NDArray[np.intp]:
    """Where, of all entries in one row, those of the first window lie, of the second, and so on."""
    begins = np.array(list(np.ndindex(positions)), dtype=np.intp) * np.array(window.strides)
    corners = begins[:, None, :] + np.array(_taps(window), dtype=np.intp)
    return np.ravel_multi_index(tuple(corners.reshape(-1, len(lengths)).T), lengths)


def _entries(padded: Any, window: Window) -> list[Any]:
    """For each entry of the window, what all windows hold there: (rows, *positions, channels)."""
    counts = zip(_positions(padded, window), window.strides, strict=True)
    reaches = [(count - 1) * stride + 1 for count, stride in counts]
    found: list[Any] = []
    for tap in _taps(window):
        axes = zip(tap, reaches, window.strides, strict=True)
        found.append(padded[:, *(slice(begin, begin + reach, stride) for begin, reach, stride in axes)])
    return found


def _put_back(parts: list[Any], padded: Any, window: Window) -> Any:
    """Each part added where `_entries` takes its tap from.

    Into one block for each remainder of a place by the stride, so that every addition is of whole slices.
    """
    strides, positions = window.strides, parts[0].shape[1:-1]
    blocks = [-(-length // stride) for length, stride in zip(padded.shape[1:-1], strides, strict=True)]
    sums = jax.numpy.zeros((*strides, len(padded), *blocks, padded.shape[-1]), dtype=padded.dtype)
    for tap, part in zip(_taps(window), parts, strict=True):
        quotients, remainders = np.divmod(tap, strides)
        slices = (slice(begin, begin + count) for begin, count in zip(quotients, positions, strict=True))
        sums = sums.at[*remainders, :, *slices].add(part)
    return _interleaved(sums, strides, padded)


def _interleaved(sums: Any, strides: Sizes, padded: Any) -> Any:
    """(*strides, rows, *blocks, channels) -> (rows, *spatial, channels)."""
    rank = len(strides)
    pairs = [axis for spatial in range(rank) for axis in (rank + 1 + spatial, spatial)]
    whole = sums.transpose(rank, *pairs, 2 * rank + 1)
    lengths = [block * stride for block, stride in zip(sums.shape[rank + 1 : -1], strides, strict=True)]
    return whole.reshape(len(padded), *lengths, -1)[:, *(slice(length) for length in padded.shape[1:-1])]
