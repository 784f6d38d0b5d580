"""One layer or operation of a Keras graph, as the emitters see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import keras
from modelwright.errors import ExportError
from modelwright.exporters.graph import Graph

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A tensor in the ONNX graph.

    Args:
        shape: as Keras knows it; None where it varies.
    """

    name: str
    shape: Shape
    dtype: str

    @property
    def rank(self) -> int:
        """How many axes."""
        return len(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation applied to its arguments.

    Args:
        operation: a keras.Layer or keras.Operation.
        arguments: by parameter name; tensors of the graph are `Value`, all else is as it was given.
        outputs: shape and element type of each output, as Keras says.
    """

    graph: Graph
    operation: Any
    arguments: Mapping[str, Any]
    outputs: Sequence[tuple[Shape, str]]

    @property
    def inputs(self) -> list[Value]:
        """The tensors among the arguments, in order, lists opened."""
        found: list[Value] = []
        for argument in self.arguments.values():
            found.extend(_values(argument))
        return found

    @property
    def shape(self) -> Shape:
        """Shape of the first output."""
        return self.outputs[0][0]

    @property
    def dtype(self) -> str:
        """Element type of the first output."""
        return self.outputs[0][1]

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or else the operation's attribute of that name."""
        if name in self.arguments:
            return self.arguments[name]
        return getattr(self.operation, name, default)

    def value(self, argument: Any, dtype: str | None = None) -> str:
        """The name of an argument in the wanted element type: a tensor, or a number made constant."""
        if isinstance(argument, Value):
            if dtype is None or argument.dtype == dtype:
                return argument.name
            return self.graph.cast(argument.name, dtype)
        array: NDArray[Any] = np.asarray(argument)
        return self.graph.constant(array.astype(dtype) if dtype else array)

    def first(self, dtype: str | None = None) -> str:
        """The name of the first tensor, in the wanted element type."""
        return self.value(self.inputs[0], dtype)

    def axes(self, name: str = "axis") -> tuple[int, ...]:
        """An axis argument as non-negative axes of the first tensor; all axes where it is None."""
        rank = self.inputs[0].rank
        axis = self.get(name)
        if axis is None:
            return tuple(range(rank))
        several = axis if isinstance(axis, (list, tuple)) else [axis]
        return tuple(int(one) % rank for one in several)

    def in_output_shape(self, name: str) -> str:
        """The tensor reshaped to the output's shape.

        Raises:
            ExportError: more than one axis varies.
        """
        if sum(size is None for size in self.shape) > 1:
            raise self.refuse(f"output shape {self.shape}, of which only one axis may vary")
        return self.graph.reshape(name, *(-1 if size is None else size for size in self.shape))

    def number(self, value: float, dtype: str | None = None) -> str:
        """A constant number in the output's element type."""
        return self.graph.constant(np.asarray(value, dtype=dtype or self.dtype))

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Apply an ONNX operator."""
        return self.graph.node(operator, *inputs, **attributes)

    def refuse(self, what: str) -> ExportError:
        """The error for something this table cannot write."""
        kind = "layer" if isinstance(self.operation, keras.layers.Layer) else "operation"
        return ExportError(
            where=f"{kind} '{self.operation.name}' ({type(self.operation).__name__})",
            expected="a layer or setting that the ONNX table knows",
            received=what,
            do_this="Write it with other layers, or install the wider converter: "
            "pip install 'modelwright[jax2onnx]'.",
        )


def numbers(variable: Any) -> NDArray[Any]:
    """A Keras variable's value, or any other array's."""
    # The backend's array itself: numpy and Variable disagree on how to ask for a copy.
    return np.asarray(getattr(variable, "value", variable))


def _values(argument: Any) -> list[Value]:
    if isinstance(argument, Value):
        return [argument]
    if isinstance(argument, (list, tuple)):
        return [value for part in argument for value in _values(part)]
    if isinstance(argument, dict):
        return [value for part in argument.values() for value in _values(part)]
    return []
