"""Keras operations that cut, join, turn and pick."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.exporters.keras_call import Call
from modelwright.exporters.keras_elementwise import Emitter

TO_THE_END = np.iinfo(np.int64).max
TO_THE_BEGINNING = np.iinfo(np.int64).min


def reshape(call: Call) -> str:
    """The same numbers in another shape."""
    return call.in_output_shape(call.first(call.dtype))


def transpose(call: Call) -> str:
    """Axes in another order; reversed where none is given."""
    rank = call.inputs[0].rank
    order = [axis % rank for axis in call.get("axes") or range(rank - 1, -1, -1)]
    return call.node("Transpose", call.first(), perm=order)


def swap_axes(call: Call) -> str:
    """Two axes change places."""
    order = list(range(call.inputs[0].rank))
    one, other = int(call.get("axis1")), int(call.get("axis2"))
    order[one], order[other] = order[other], order[one]
    return call.node("Transpose", call.first(), perm=order)


def expand(call: Call) -> str:
    """New axes of length 1."""
    axis = call.get("axis")
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    return call.node("Unsqueeze", call.first(), call.graph.integers(*(one % len(call.shape) for one in axes)))


def squeeze(call: Call) -> str:
    """Axes of length 1 left out."""
    axes = call.axes()
    if call.get("axis") is None:
        axes = tuple(axis for axis in axes if call.inputs[0].shape[axis] == 1)
    return call.node("Squeeze", call.first(), call.graph.integers(*axes))


def concatenate(call: Call) -> str:
    """Tensors one after another along an axis."""
    parts = next(iter(call.arguments.values()))
    axis = int(call.get("axis", -1)) % len(call.shape)
    return call.node("Concat", *(call.value(part, call.dtype) for part in parts), axis=axis)


def stack(call: Call) -> str:
    """Tensors side by side along a new axis."""
    parts = next(iter(call.arguments.values()))
    axis = int(call.get("axis", 0)) % len(call.shape)
    where = call.graph.integers(axis)
    raised = [call.node("Unsqueeze", call.value(part, call.dtype), where) for part in parts]
    return call.node("Concat", *raised, axis=axis)


def take(call: Call) -> str:
    """Entries along an axis, by their positions."""
    axis = call.get("axis")
    if axis is None:
        raise call.refuse("take without an axis")
    source, indices = list(call.arguments.values())[:2]
    if getattr(indices, "dtype", "int32") not in ("int32", "int64"):
        raise call.refuse(f"positions of type {indices.dtype}")
    return call.node("Gather", call.value(source, call.dtype), call.value(indices), axis=int(axis))


def broadcast(call: Call) -> str:
    """A tensor repeated to a shape."""
    return call.node("Expand", call.first(), call.graph.integers(*call.get("shape")))


def get_item(call: Call) -> str:
    """x[key] with numbers, slices, ... and None."""
    key = call.get("key")
    parts = list(key) if isinstance(key, (list, tuple)) else [key]
    cut = _Cut(call)
    consumed = sum(part is not None and part is not Ellipsis for part in parts)
    for part in parts:
        if part is Ellipsis:
            cut.axis += call.inputs[0].rank - consumed
        else:
            cut.take(part)
    return cut.write()


class _Cut:
    """What a key asks of each axis, read from left to right."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.axis = 0
        self.slices: list[tuple[int, int, int, int]] = []
        self.dropped: list[int] = []
        self.new: list[int] = []

    def take(self, part: Any) -> None:
        if part is None:
            self.new.append(self.axis - len(self.dropped) + len(self.new))
            return
        if isinstance(part, slice):
            self._slice(part)
        elif isinstance(part, (int, np.integer)):
            end = TO_THE_END if part == -1 else int(part) + 1
            self.slices.append((self.axis, int(part), end, 1))
            self.dropped.append(self.axis)
        else:
            raise self.call.refuse(f"x[{part!r}]; only numbers and slices")
        self.axis += 1

    def _slice(self, part: slice) -> None:
        step = 1 if part.step is None else int(part.step)
        first, last = (0, TO_THE_END) if step > 0 else (TO_THE_END, TO_THE_BEGINNING)
        start = first if part.start is None else int(part.start)
        end = last if part.stop is None else int(part.stop)
        if (start, end, step) != (0, TO_THE_END, 1):
            self.slices.append((self.axis, start, end, step))

    def write(self) -> str:
        graph, name = self.call.graph, self.call.first()
        if self.slices:
            axes, starts, ends, steps = (graph.integers(*column) for column in zip(*self.slices, strict=True))
            name = graph.node("Slice", name, starts, ends, axes, steps)
        if self.dropped:
            name = graph.node("Squeeze", name, graph.integers(*self.dropped))
        return graph.node("Unsqueeze", name, graph.integers(*self.new)) if self.new else name


def one_hot(call: Call) -> str:
    """A 1 at each position, 0 elsewhere; nothing but 0 for a position out of range."""
    axis, depth = int(call.get("axis")), int(call.get("num_classes"))
    positions = call.node("Unsqueeze", call.first("int64"), call.graph.integers(axis))
    shape = [1] * len(call.shape)
    shape[axis] = depth
    candidates = call.graph.constant(np.arange(depth, dtype=np.int64).reshape(shape))
    return call.graph.cast(call.node("Equal", positions, candidates), call.dtype)


def filled(value: float) -> Emitter:
    """A tensor of the same shape, full of one number."""

    def emit(call: Call) -> str:
        return call.node("Expand", call.number(value), call.node("Shape", call.first()))

    return emit


SHAPES: dict[str, Emitter] = {
    "Reshape": reshape,
    "Ravel": reshape,
    "Transpose": transpose,
    "Swapaxes": swap_axes,
    "ExpandDims": expand,
    "Squeeze": squeeze,
    "Concatenate": concatenate,
    "Stack": stack,
    "Take": take,
    "BroadcastTo": broadcast,
    "GetItem": get_item,
    "OneHot": one_hot,
    "ZerosLike": filled(0.0),
    "OnesLike": filled(1.0),
}
"""Operation class name -> what writes it."""
