"""A LiteRT file written operator by operator, with the schema that comes with LiteRT itself."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import ExportError

PACKAGES = ("ai_edge_litert", "flatbuffers")
SCHEMA_VERSION = 3
IDENTIFIER = b"TFL3"
MOST_OLD_CODE = 127
"""Operators beyond this number are named in a second field; readers from before 2020 see this one there."""

TYPES = {"float32": 0, "int32": 2, "int64": 4, "bool": 6, "int8": 9}
"""Element types by numpy's name -> the schema's number."""

SIGNATURE = "serving_default"


@cache
def schema() -> Any:
    """The schema's Python module.

    Raises:
        ExportError: the extra is not installed.
    """
    if any(importlib.util.find_spec(name) is None for name in PACKAGES):
        raise ExportError(
            where="--to device",
            expected="LiteRT, which writes and proves a device's files",
            received="an installation without it",
            do_this='Install the extra: pip install "modelwright[device]".',
        )
    return importlib.import_module("ai_edge_litert.schema_py_generated")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a subgraph.

    Args:
        index: its place there. constant: its value, where it is known.
    """

    index: int
    shape: tuple[int, ...]
    dtype: str
    constant: NDArray[Any] | None = None


class File:
    """A whole file: subgraphs, and what they share."""

    def __init__(self) -> None:
        empty = schema().BufferT()
        self.buffers: list[Any] = [empty]  # the first is what tensors without data point at
        self.codes: dict[tuple[int, int], int] = {}
        self.subgraphs: list[Subgraph] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], int] = {}

    def subgraph(self, name: str) -> Subgraph:
        """A new subgraph; the first is what a caller runs."""
        made = Subgraph(self, name, len(self.subgraphs))
        self.subgraphs.append(made)
        return made

    def buffer(self, values: NDArray[Any]) -> int:
        """The place of a buffer with these bytes; equal ones are shared."""
        data = np.ascontiguousarray(values).tobytes()
        key = (str(values.dtype), values.shape, data)
        if key not in self._known:
            held = schema().BufferT()
            held.data = np.frombuffer(data, dtype=np.uint8)
            self._known[key] = len(self.buffers)
            self.buffers.append(held)
        return self._known[key]

    def code(self, operator: int, version: int) -> int:
        """The place of an operator in the file's list."""
        return self.codes.setdefault((operator, version), len(self.codes))

    def written(self) -> bytes:
        """The file's bytes, the same for the same operators."""
        made = schema().ModelT()
        made.version, made.description = SCHEMA_VERSION, "modelwright"
        made.operatorCodes = [_code(*key) for key in self.codes]
        made.subgraphs = [one.packed() for one in self.subgraphs]
        made.buffers = self.buffers
        made.signatureDefs = [self.subgraphs[0].signature()]
        return packed(made)


class Subgraph:
    """Tensors and operators in the order they were written."""

    def __init__(self, file: File, name: str, index: int) -> None:
        self.file, self.name, self.index = file, name, index
        self.inputs: list[Tensor] = []
        self.outputs: list[tuple[str, Tensor]] = []
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._constants: dict[int, Tensor] = {}

    def input(self, name: str, shape: Sequence[int], dtype: str) -> Tensor:
        """Declare an input."""
        made = self._tensor(name, tuple(shape), dtype)
        self.inputs.append(made)
        return made

    def output(self, name: str, tensor: Tensor) -> None:
        """Declare an output, under a name."""
        self._tensors[tensor.index].name = name
        self.outputs.append((name, tensor))

    def constant(self, values: Any, dtype: str | None = None) -> Tensor:
        """A constant; equal ones share one tensor."""
        array = np.asarray(values, dtype=dtype)
        place = self.file.buffer(array)
        if place not in self._constants:
            made = self._tensor(f"constant_{place}", array.shape, str(array.dtype), place)
            self._constants[place] = Tensor(made.index, made.shape, made.dtype, array)
        return self._constants[place]

    def operator(
        self,
        name: str,
        inputs: Sequence[Tensor | None],
        shape: Sequence[int],
        dtype: str,
        options: str = "",
        version: int = 1,
        **settings: Any,
    ) -> Tensor:
        """Apply a built-in operator of one output.

        Args:
            name: as the schema spells it, e.g. ``FULLY_CONNECTED``. inputs: None for one left out.
            options: the name of its table of settings, without ``Options``.
        """
        return self.operators(name, inputs, [(tuple(shape), dtype)], options, version, **settings)[0]

    def operators(
        self,
        name: str,
        inputs: Sequence[Tensor | None],
        outputs: Sequence[tuple[tuple[int, ...], str]],
        options: str = "",
        version: int = 1,
        **settings: Any,
    ) -> list[Tensor]:
        """Apply a built-in operator of several outputs."""
        made = schema().OperatorT()
        made.opcodeIndex = self.file.code(getattr(schema().BuiltinOperator, name), version)
        made.inputs = [-1 if one is None else one.index for one in inputs]
        tensors = [self._tensor(f"{name.lower()}_{len(self._tensors)}", *one) for one in outputs]
        made.outputs = [one.index for one in tensors]
        if options:
            self._set(made, options, settings)
        self._operators.append(made)
        return tensors

    def _set(self, operator: Any, options: str, settings: dict[str, Any]) -> None:
        second = hasattr(schema().BuiltinOptions2, f"{options}Options")
        table = getattr(schema(), f"{options}OptionsT")()
        for name, value in settings.items():
            setattr(table, name, value)
        if second:
            operator.builtinOptions2Type = getattr(schema().BuiltinOptions2, f"{options}Options")
            operator.builtinOptions2 = table
        else:
            operator.builtinOptionsType = getattr(schema().BuiltinOptions, f"{options}Options")
            operator.builtinOptions = table

    def _tensor(self, name: str, shape: tuple[int, ...], dtype: str, buffer: int = 0) -> Tensor:
        made = schema().TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), TYPES[dtype], buffer
        made.hasRank = True
        self._tensors.append(made)
        return Tensor(len(self._tensors) - 1, shape, dtype)

    def packed(self) -> Any:
        """As the schema holds it."""
        made = schema().SubGraphT()
        made.name, made.tensors, made.operators = self.name, self._tensors, self._operators
        made.inputs = [one.index for one in self.inputs]
        made.outputs = [one.index for _, one in self.outputs]
        return made

    def signature(self) -> Any:
        """The names by which a caller feeds and reads it."""
        made = schema().SignatureDefT()
        made.signatureKey, made.subgraphIndex = SIGNATURE, self.index
        made.inputs = [_named(self._tensors[one.index].name, one) for one in self.inputs]
        made.outputs = [_named(name, one) for name, one in self.outputs]
        return made


def packed(model: Any) -> bytes:
    """A model of the schema as a file's bytes."""
    flatbuffers: Any = importlib.import_module("flatbuffers")
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def unpacked(data: bytes) -> Any:
    """A file's bytes as a model of the schema, to read or to change."""
    return schema().ModelT.InitFromObj(schema().Model.GetRootAs(data, 0))


def _code(operator: int, version: int) -> Any:
    made = schema().OperatorCodeT()
    made.builtinCode, made.version = operator, version
    made.deprecatedBuiltinCode = min(operator, MOST_OLD_CODE)
    return made


def _named(name: str, tensor: Tensor) -> Any:
    made = schema().TensorMapT()
    made.name, made.tensorIndex = name, tensor.index
    return made
