"""Matrix products, convolutions and pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.exporters.litert.flatbuffer import Tensor
from modelwright.exporters.litert.shapes import padded
from modelwright.exporters.litert.tracing import Known, Trace, Writer, number, shape_of

VALID = 1
FLOAT = "float32"


def product(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """A product over any axes: with a known matrix a dense layer, else matrices in batches."""
    (contracted, batched), (left, right) = equation.params["dimension_numbers"], given
    if not isinstance(left, Tensor) and not batched[0]:
        turned = _dense(trace, right, left, contracted[1], contracted[0])
        free = len(right.shape) - len(contracted[1])
        order = [*range(free, len(turned.shape)), *range(free)]
        return [trace.transpose(turned, order)]
    if not isinstance(right, Tensor) and not batched[1]:
        return [_dense(trace, left, right, contracted[0], contracted[1])]
    return [_in_batches(trace, left, right, contracted, batched, shape_of(equation.outvars[0]))]


def _dense(
    trace: Trace, value: Known, matrix: NDArray[Any], contracted: Sequence[int], of_matrix: Sequence[int]
) -> Known:
    """FULLY_CONNECTED, which keeps its matrix as (units, inputs): (free axes of the value, of the matrix)."""
    free = [axis for axis in range(len(value.shape)) if axis not in contracted]
    units = [axis for axis in range(matrix.ndim) if axis not in of_matrix]
    ahead = [int(value.shape[axis]) for axis in free]
    wide = [int(matrix.shape[axis]) for axis in units]
    inputs = math.prod(int(value.shape[axis]) for axis in contracted)
    weights = np.ascontiguousarray(np.transpose(matrix, [*units, *of_matrix]).reshape(-1, inputs))
    rows = trace.reshape(trace.transpose(value, [*free, *contracted]), (math.prod(ahead), inputs))
    shape = (math.prod(ahead), math.prod(wide))
    tensors = [trace.tensor(rows), trace.tensor(weights), None]
    made = trace.graph.operator(
        "FULLY_CONNECTED",
        tensors,
        shape,
        FLOAT,
        "FullyConnected",
        keepNumDims=True,
        fusedActivationFunction=0,
    )
    return trace.reshape(made, [*ahead, *wide])


def _in_batches(
    trace: Trace, left: Known, right: Known, contracted: Any, batched: Any, shape: Sequence[int]
) -> Known:
    def arranged(value: Known, side: int, *, free_first: bool) -> Tensor:
        axes = [*batched[side], *contracted[side]]
        free = [axis for axis in range(len(value.shape)) if axis not in axes]
        ends = [free, list(contracted[side])] if free_first else [list(contracted[side]), free]
        sizes = [math.prod(int(value.shape[axis]) for axis in part) for part in (batched[side], *ends)]
        return trace.tensor(
            trace.reshape(trace.transpose(value, [*batched[side], *ends[0], *ends[1]]), sizes)
        )

    first, second = arranged(left, 0, free_first=True), arranged(right, 1, free_first=False)
    wanted = (*first.shape[:2], second.shape[2])
    made = trace.apply(
        "BATCH_MATMUL",
        first,
        second,
        shape=wanted,
        dtype=FLOAT,
        options="BatchMatMul",
        adjX=False,
        adjY=False,
    )
    return trace.reshape(made, shape)


def convolution(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """One or two axes of space; each channel by itself, or all together."""
    value, kernel = given
    facts = equation.params
    how, groups = facts["dimension_numbers"], int(facts["feature_group_count"])
    space = len(value.shape) - 2
    if isinstance(kernel, Tensor) or space not in (1, 2) or facts["batch_group_count"] != 1:
        raise trace.refuse(f"a convolution over {space} axes, or with a kernel that is worked out")
    if any(gap != 1 for gap in facts["lhs_dilation"]):
        raise trace.refuse("a transposed convolution")
    last = trace.transpose(value, [how.lhs_spec[0], *how.lhs_spec[2:], how.lhs_spec[1]])
    weights = np.transpose(kernel, [how.rhs_spec[0], *how.rhs_spec[2:], how.rhs_spec[1]])  # (out, space, in)
    channels = int(last.shape[-1])
    if groups not in (1, channels):
        raise trace.refuse(f"a convolution in {groups} groups of channels")
    sides = [(0, 0), *((int(low), int(high)) for low, high in facts["padding"]), (0, 0)]
    flat = _as_picture(trace, padded(trace, last, sides, np.zeros((), np.float32)))
    picture = weights if space == 2 else weights[:, None]
    steps, gaps = (
        [1] * (2 - space) + [int(one) for one in facts[name]] for name in ("window_strides", "rhs_dilation")
    )
    made = _convolved(trace, flat, picture, steps, gaps, deep=groups > 1)
    out = shape_of(equation.outvars[0])
    answer = trace.reshape(
        made, [out[axis] for axis in (how.out_spec[0], *how.out_spec[2:], how.out_spec[1])]
    )
    return [
        trace.transpose(answer, np.argsort([how.out_spec[0], *how.out_spec[2:], how.out_spec[1]]).tolist())
    ]


def _convolved(
    trace: Trace, value: Tensor, kernel: NDArray[Any], steps: list[int], gaps: list[int], *, deep: bool
) -> Tensor:
    settings = {
        "padding": VALID, "strideH": steps[0], "strideW": steps[1], "dilationHFactor": gaps[0],
        "dilationWFactor": gaps[1], "fusedActivationFunction": 0,
    }  # fmt: skip
    size = [
        (value.shape[axis + 1] - gaps[axis] * (kernel.shape[axis + 1] - 1) - 1) // steps[axis] + 1
        for axis in (0, 1)
    ]
    shape = (value.shape[0], *size, kernel.shape[0])
    name, options = "CONV_2D", "Conv2D"
    if deep:
        name, options = "DEPTHWISE_CONV_2D", "DepthwiseConv2D"
        settings["depthMultiplier"] = kernel.shape[0] // value.shape[-1]
        kernel = np.transpose(kernel, [3, 1, 2, 0])  # (1, space, out)
    bias = np.zeros(shape[-1], dtype=np.float32)
    return trace.apply(
        name, value, np.ascontiguousarray(kernel), bias, shape=shape, dtype=FLOAT, options=options, **settings
    )


def _as_picture(trace: Trace, value: Known) -> Tensor:
    """(rows, steps, channels) as (rows, 1, steps, channels)."""
    if len(value.shape) == 3:
        value = trace.reshape(value, [int(value.shape[0]), 1, *(int(size) for size in value.shape[1:])])
    return trace.tensor(value)


def pooled(operator: str, *, summed: bool) -> Writer:
    """Windows' largest numbers, or their sums, over axes of space."""

    def write(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
        facts, value = equation.params, given[0]
        window, steps = list(facts["window_dimensions"]), list(facts["window_strides"])
        gaps = [*(facts.get("base_dilation") or ()), *(facts.get("window_dilation") or ())]
        spaces = len(value.shape) - 2
        if spaces not in (1, 2) or any(gap != 1 for gap in gaps) or (window[0], window[-1]) != (1, 1):
            raise trace.refuse(f"pooling with windows {window}")
        filling = np.float32(0 if summed else -np.inf)
        sides = [(int(low), int(high)) for low, high in facts["padding"]]
        flat = _as_picture(trace, padded(trace, value, sides, np.asarray(filling)))
        high, wide = [1] * (2 - spaces) + window[1:-1]
        step_high, step_wide = [1] * (2 - spaces) + steps[1:-1]
        out = shape_of(equation.outvars[0])
        settings = {
            "padding": VALID, "strideH": step_high, "strideW": step_wide, "filterHeight": high,
            "filterWidth": wide, "fusedActivationFunction": 0,
        }  # fmt: skip
        shape = out if spaces == 2 else (out[0], 1, *out[1:])
        made = trace.apply(operator, flat, shape=shape, dtype=FLOAT, options="Pool2D", **settings)
        if summed:
            made = trace.apply("MUL", made, number(high * wide), shape=shape, dtype=FLOAT, options="Mul")
        return [trace.reshape(made, out)]

    return write


PRODUCTS: dict[str, Writer] = {
    "dot_general": product,
    "conv_general_dilated": convolution,
    "reduce_window_max": pooled("MAX_POOL_2D", summed=False),
    "reduce_window_sum": pooled("AVERAGE_POOL_2D", summed=True),
}
