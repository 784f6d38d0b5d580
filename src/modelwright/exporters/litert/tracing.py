"""A JAX function's operations, for one row, as LiteRT's built-in operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import ExportError
from modelwright.exporters.litert.flatbuffer import TYPES, File, Subgraph, Tensor

Known = NDArray[Any] | Tensor
"""A value while writing: a number known now, or a tensor that exists once the file runs."""

Writer = Callable[["Trace", Any, list[Known]], list[Known]]
"""Writes one operation: the trace, the operation as JAX names it, its inputs; its outputs."""

MOST_FOLDED = 1 << 24
"""Constants are worked out now unless they would take more numbers than this."""

INLINED = {
    "jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr", "remat": "jaxpr", "checkpoint": "jaxpr",
    "remat2": "jaxpr",
}  # fmt: skip
"""Calls of other operations, and where they keep them."""


class Trace:
    """Operations being written into one subgraph.

    Args:
        writers: by the name of JAX's operation. spreading: those that spread operands of length 1 themselves.
        where: what is being written, for errors.
    """

    def __init__(
        self, graph: Subgraph, writers: Mapping[str, Writer], spreading: Set[str], where: str
    ) -> None:
        self.graph, self.writers, self.spreading, self.where = graph, writers, spreading, where

    @property
    def file(self) -> File:
        """The file that all subgraphs are in."""
        return self.graph.file

    def inside(self, graph: Subgraph) -> Trace:
        """The same into another subgraph: a loop's condition or body."""
        return Trace(graph, self.writers, self.spreading, self.where)

    def run(self, jaxpr: Any, constants: Sequence[Any], inputs: Sequence[Known]) -> list[Known]:
        """Write the operations of a jaxpr; the values of its outputs."""
        values: dict[Any, Known] = {}
        values |= dict(zip(jaxpr.constvars, map(_array, constants), strict=True))
        values |= dict(zip(jaxpr.invars, inputs, strict=True))
        needed = _needed(jaxpr)
        for place, equation in enumerate(jaxpr.eqns):
            if place in needed:
                given = [_value(one, values) for one in equation.invars]
                values |= dict(zip(equation.outvars, self._written(equation, given), strict=True))
        return [_value(one, values) for one in jaxpr.outvars]

    def _written(self, equation: Any, given: list[Known]) -> list[Known]:
        name = equation.primitive.name
        if name in INLINED:
            inner = equation.params[INLINED[name]]
            return self.run(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), given)
        if not any(isinstance(one, Tensor) for one in given) and _is_small(equation):
            return _worked_out(equation, given)
        writer = self.writers.get(name)
        if writer is None:
            raise self.refuse(f"the operation {name}")
        if name not in self.spreading:
            given = [
                self.whole(one, shape_of(variable))
                for one, variable in zip(given, equation.invars, strict=True)
            ]
        return writer(self, equation, given)

    def whole(self, value: Known, shape: Sequence[int]) -> Known:
        """A value in its full shape, where it was written with axes of length 1 to be spread later."""
        if not isinstance(value, Tensor) or value.shape == tuple(shape):
            return value
        return self.apply(
            "BROADCAST_TO", value, self.integers(*shape), shape=shape, dtype=value.dtype, version=2
        )

    def tensor(self, value: Known) -> Tensor:
        """A value as a tensor of the graph: constants are put into it."""
        if isinstance(value, Tensor):
            return value
        array = _unspread(np.asarray(value))
        if str(array.dtype) not in TYPES:
            raise self.refuse(f"numbers of type {array.dtype}")
        return self.graph.constant(array)

    def integers(self, *values: int) -> Tensor:
        """A constant int32 vector: axes, shapes, starts."""
        return self.graph.constant(np.array(values, dtype=np.int32))

    def apply(
        self,
        operator: str,
        *inputs: Known,
        shape: Sequence[int],
        dtype: str,
        options: str = "",
        **settings: Any,
    ) -> Tensor:
        """Apply a built-in operator."""
        if dtype not in TYPES:
            raise self.refuse(f"numbers of type {dtype}")
        tensors = [self.tensor(one) for one in inputs]
        return self.graph.operator(operator, tensors, shape, dtype, options, **settings)

    def reshape(self, value: Known, shape: Sequence[int]) -> Known:
        """The same numbers in another shape."""
        if not isinstance(value, Tensor):
            return value.reshape(tuple(shape))
        if value.shape == tuple(shape):
            return value
        wanted = self.integers(*shape)
        return self.apply(
            "RESHAPE", value, wanted, shape=shape, dtype=value.dtype, options="Reshape", newShape=list(shape)
        )

    def transpose(self, value: Known, order: Sequence[int]) -> Known:
        """The axes in another order."""
        if not isinstance(value, Tensor):
            return np.transpose(value, tuple(order))
        if list(order) == list(range(len(value.shape))):
            return value
        shape = tuple(value.shape[axis] for axis in order)
        moved = [axis for axis in order if value.shape[axis] != 1]
        if moved == sorted(moved):  # only axes of length 1 change places
            return self.reshape(value, shape)
        return self.apply("TRANSPOSE", value, self.integers(*order), shape=shape, dtype=value.dtype)

    def refuse(self, what: str) -> ExportError:
        """The error for something this table cannot write."""
        return ExportError(
            where=self.where,
            expected="operations that LiteRT's built-in operators can do",
            received=what,
            do_this="Write the model with other layers, or ship it to the server or the browser.",
        )


def number(value: float, dtype: str = "float32") -> NDArray[Any]:
    """One number, known now."""
    return np.asarray(value, dtype=dtype)


def shape_of(variable: Any) -> tuple[int, ...]:
    """The shape of a jaxpr's variable."""
    return tuple(int(size) for size in variable.aval.shape)


def dtype_of(variable: Any) -> str:
    """Its element type, by numpy's name."""
    return str(variable.aval.dtype)


def _value(variable: Any, values: Mapping[Any, Known]) -> Known:
    return _array(variable.val) if hasattr(variable, "val") else values[variable]


def _array(value: Any) -> Known:
    return value if isinstance(value, Tensor) else np.asarray(value)


def _unspread(array: NDArray[Any]) -> NDArray[Any]:
    """One number where an axis only repeats it (`broadcast_in_dim` of a constant)."""
    repeats = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in array.strides)
    return array[repeats]


def _is_small(equation: Any) -> bool:
    return all(np.prod(one.aval.shape, dtype=np.int64) <= MOST_FOLDED for one in equation.outvars)


def _worked_out(equation: Any, given: list[Known]) -> list[Known]:
    found = equation.primitive.bind(*given, **equation.params)
    several = found if equation.primitive.multiple_results else [found]
    return [np.asarray(one) for one in several]


def _needed(jaxpr: Any) -> set[int]:
    """Which operations lead to an output; layers compute more than they answer."""
    wanted = {one for one in jaxpr.outvars if not hasattr(one, "val")}
    found: set[int] = set()
    for place in range(len(jaxpr.eqns) - 1, -1, -1):
        equation = jaxpr.eqns[place]
        if not wanted.isdisjoint(equation.outvars):
            found.add(place)
            wanted.update(one for one in equation.invars if not hasattr(one, "val"))
    return found
