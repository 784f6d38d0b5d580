"""Operations that move numbers, pick them or take them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelwright.exporters.litert.flatbuffer import Tensor
from modelwright.exporters.litert.tracing import Known, Trace, Writer, dtype_of, shape_of

INT32_END = 2**31 - 1


def reshape(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Another shape."""
    return [trace.reshape(given[0], shape_of(equation.outvars[0]))]


def spread(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Axes added: of length 1 here, repeated where an operation needs them to be."""
    (out,), axes = equation.outvars, equation.params["broadcast_dimensions"]
    shape = [1] * len(shape_of(out))
    for axis, size in zip(axes, given[0].shape, strict=True):
        shape[axis] = int(size)
    value = trace.reshape(given[0], shape)
    return [value if isinstance(value, Tensor) else np.broadcast_to(value, shape_of(out))]


def transpose(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Axes in another order."""
    return [trace.transpose(given[0], equation.params["permutation"])]


def concatenate(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Tensors one behind the other."""
    (out,) = equation.outvars
    whole = [one if isinstance(one, Tensor) else np.ascontiguousarray(one) for one in given]
    axis = int(equation.params["dimension"])
    shape, dtype = shape_of(out), dtype_of(out)
    made = trace.apply("CONCATENATION", *whole, shape=shape, dtype=dtype, options="Concatenation", axis=axis)
    return [made]


def cut(
    trace: Trace, value: Known, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]
) -> Known:
    """A part of a tensor, from starts to stops."""
    if not isinstance(value, Tensor):
        return value[tuple(slice(*bounds) for bounds in zip(starts, stops, steps, strict=True))]
    shape = [-(-(stop - start) // step) for start, stop, step in zip(starts, stops, steps, strict=True)]
    if tuple(shape) == value.shape:
        return value
    bounds = [trace.integers(*some) for some in (starts, stops, steps)]
    options = {"beginMask": 0, "endMask": 0, "ellipsisMask": 0, "newAxisMask": 0, "shrinkAxisMask": 0}
    return trace.apply(
        "STRIDED_SLICE", value, *bounds, shape=shape, dtype=value.dtype, options="StridedSlice", **options
    )


def slice_out(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """A part, where it lies known."""
    starts, stops = equation.params["start_indices"], equation.params["limit_indices"]
    return [cut(trace, given[0], starts, stops, equation.params["strides"] or [1] * len(starts))]


def split(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Several parts along an axis."""
    (value,), axis, start, parts = given, equation.params["axis"], 0, []
    for size in equation.params["sizes"]:
        starts, stops = [0] * len(value.shape), [int(one) for one in value.shape]
        starts[axis], stops[axis] = start, start + size
        parts.append(cut(trace, value, starts, stops, [1] * len(starts)))
        start += size
    return parts


def slice_anywhere(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """A part that begins where other numbers say; held inside the tensor, as JAX holds it."""
    value, *starts = given
    (out,) = equation.outvars
    starts = [
        _held(trace, one, int(size) - cut_size)
        for one, size, cut_size in zip(starts, value.shape, shape_of(out), strict=True)
    ]
    begin = joined(trace, starts)
    size = trace.integers(*shape_of(out))
    return [
        trace.apply("SLICE", value, begin, size, shape=shape_of(out), dtype=dtype_of(out), options="Slice")
    ]


def update_anywhere(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """A part written over."""
    value, part, *starts = given
    (out,) = equation.outvars
    begin = joined(trace, starts)
    return [trace.apply("DYNAMIC_UPDATE_SLICE", value, part, begin, shape=shape_of(out), dtype=dtype_of(out))]


def joined(trace: Trace, numbers: Sequence[Known]) -> Tensor:
    """Single numbers as an int32 vector."""
    if not any(isinstance(one, Tensor) for one in numbers):
        return trace.integers(*(int(np.asarray(one)) for one in numbers))
    parts = [
        trace.tensor(trace.reshape(one if isinstance(one, Tensor) else np.asarray(one, dtype=np.int32), (1,)))
        for one in numbers
    ]
    if len(parts) == 1:
        return parts[0]
    return trace.apply(
        "CONCATENATION", *parts, shape=(len(parts),), dtype="int32", options="Concatenation", axis=0
    )


def _held(trace: Trace, start: Known, most: int) -> Known:
    if not isinstance(start, Tensor):
        return np.clip(start, 0, most)
    low = trace.apply("MAXIMUM", start, np.zeros((), start.dtype), shape=(), dtype=start.dtype)
    return trace.apply("MINIMUM", low, np.asarray(most, start.dtype), shape=(), dtype=start.dtype)


def reverse(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Axes backwards."""
    (value,) = given
    for axis in equation.params["dimensions"]:
        assert isinstance(value, Tensor)
        value = trace.apply("REVERSE_V2", value, trace.integers(axis), shape=value.shape, dtype=value.dtype)
    return [value]


def padded(trace: Trace, value: Known, sides: Sequence[tuple[int, int]], filling: Known) -> Known:
    """A margin around a tensor; a negative one cuts."""
    if any(low < 0 or high < 0 for low, high in sides):
        starts = [max(0, -low) for low, _ in sides]
        stops = [int(size) - max(0, -high) for size, (_, high) in zip(value.shape, sides, strict=True)]
        value = cut(trace, value, starts, stops, [1] * len(starts))
        sides = [(max(0, low), max(0, high)) for low, high in sides]
    if not any(low or high for low, high in sides):
        return value
    assert isinstance(value, Tensor)
    shape = [size + low + high for size, (low, high) in zip(value.shape, sides, strict=True)]
    margins = np.array(sides, dtype=np.int32)
    return trace.apply("PADV2", value, margins, trace.reshape(filling, (1,)), shape=shape, dtype=value.dtype)


def pad(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """A margin around a tensor."""
    sides = equation.params["padding_config"]
    if any(between for _, _, between in sides):
        raise trace.refuse("gaps between numbers (a transposed convolution, for one)")
    return [padded(trace, given[0], [(low, high) for low, high, _ in sides], given[1])]


def gather(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Rows of a table, by number; numbers outside it are held to its ends."""
    table, places = given
    how, sizes = equation.params["dimension_numbers"], equation.params["slice_sizes"]
    (axis,) = how.start_index_map if len(how.start_index_map) == 1 else (None,)
    if (
        axis is None
        or tuple(how.collapsed_slice_dims) != (axis,)
        or getattr(how, "operand_batching_dims", ())
    ):
        raise trace.refuse("a look-up in several axes at once")
    if any(
        int(size) != int(full)
        for one, (size, full) in enumerate(zip(sizes, table.shape, strict=True))
        if one != axis
    ):
        raise trace.refuse("a look-up of parts of rows")
    rows = trace.reshape(places, [int(size) for size in places.shape[:-1]])
    held = _held_all(trace, rows, int(table.shape[axis]) - 1)
    before, after = list(table.shape[:axis]), list(table.shape[axis + 1 :])
    shape = [int(size) for size in (*before, *rows.shape, *after)]
    found: Known = trace.apply(
        "GATHER", table, held, shape=shape, dtype=dtype_of(equation.outvars[0]), options="Gather", axis=axis
    )
    return [trace.transpose(found, _order(how.offset_dims, len(shape), len(before), len(rows.shape)))]


def _order(offsets: Sequence[int], rank: int, before: int, batch: int) -> list[int]:
    """From (before, batch, after) to JAX's order, in which `offsets` are the places of the table's axes."""
    table_axes = [*range(before), *range(before + batch, rank)]
    batch_axes = list(range(before, before + batch))
    return [table_axes.pop(0) if place in offsets else batch_axes.pop(0) for place in range(rank)]


def _held_all(trace: Trace, value: Known, most: int) -> Known:
    if not isinstance(value, Tensor):
        return np.clip(value, 0, most).astype(np.int32)
    low = trace.apply("MAXIMUM", value, np.zeros((), value.dtype), shape=value.shape, dtype=value.dtype)
    return trace.apply("MINIMUM", low, np.asarray(most, value.dtype), shape=value.shape, dtype=value.dtype)


def reduced(operator: str) -> Writer:
    """Numbers of some axes taken together."""

    def write(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
        (out,) = equation.outvars
        axes = trace.integers(*equation.params["axes"])
        made = trace.apply(
            operator,
            given[0],
            axes,
            shape=shape_of(out),
            dtype=dtype_of(out),
            options="Reducer",
            keepDims=False,
        )
        return [made]

    return write


def place_of_largest(operator: str, options: str) -> Writer:
    """Where along an axis the largest, or smallest, number is."""

    def write(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
        (out,), (axis,) = equation.outvars, equation.params["axes"]
        made = trace.apply(
            operator,
            given[0],
            trace.integers(axis),
            shape=shape_of(out),
            dtype="int32",
            options=options,
            outputType=2,
        )
        return [made]

    return write


def running_sum(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Each number with all before it."""
    (out,) = equation.outvars
    axis = np.asarray(equation.params["axis"], dtype=np.int32)
    back = bool(equation.params["reverse"])
    return [
        trace.apply(
            "CUMSUM",
            given[0],
            axis,
            shape=shape_of(out),
            dtype=dtype_of(out),
            options="Cumsum",
            reverse=back,
            exclusive=False,
        )
    ]


SHAPES: dict[str, Writer] = {
    "reshape": reshape,
    "squeeze": reshape,
    "expand_dims": reshape,
    "broadcast_in_dim": spread,
    "transpose": transpose,
    "concatenate": concatenate,
    "slice": slice_out,
    "split": split,
    "dynamic_slice": slice_anywhere,
    "dynamic_update_slice": update_anywhere,
    "rev": reverse,
    "pad": pad,
    "gather": gather,
    "reduce_sum": reduced("SUM"),
    "reduce_max": reduced("REDUCE_MAX"),
    "reduce_min": reduced("REDUCE_MIN"),
    "reduce_prod": reduced("REDUCE_PROD"),
    "reduce_and": reduced("REDUCE_ALL"),
    "reduce_or": reduced("REDUCE_ANY"),
    "argmax": place_of_largest("ARG_MAX", "ArgMax"),
    "argmin": place_of_largest("ARG_MIN", "ArgMin"),
    "cumsum": running_sum,
}
