"""An ONNX graph written node by node."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, compose, helper, numpy_helper

Domain = Literal["", "ai.onnx.ml", "com.microsoft"]

OPSETS: dict[Domain, int] = {"": 20, "ai.onnx.ml": 4, "com.microsoft": 1}
"""Operator sets written: such as onnxruntime since 1.23 (the oldest that releases ask for) and
onnxruntime-web read in full."""

IR_VERSION = 10
"""File format version: that of onnx 1.16, which onnxruntime since 1.18 reads."""

ELEMENT_TYPES: dict[str, int] = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


class Graph:
    """Nodes and constants in the order they were written; every value has a name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._functions: list[onnx.FunctionProto] = []
        self._opsets: dict[str, int] = {}

    def input(self, name: str, dtype: str, shape: tuple[str | int | None, ...]) -> str:
        """Declare an input of the whole graph."""
        self._inputs.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape))
        return name

    def output(self, value: str, name: str, dtype: str, shape: tuple[str | int | None, ...]) -> None:
        """Declare `value` an output of the whole graph, under `name`."""
        self._opsets[""] = OPSETS[""]
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape))

    def constant(self, array: ArrayLike, dtype: str | None = None) -> str:
        """The name of a constant; equal constants share one."""
        values: NDArray[Any] = np.asarray(array, dtype=dtype)
        key = (str(values.dtype), values.shape, values.tobytes())
        if key not in self._known:
            name = f"constant_{len(self._constants)}"
            # A copy in row order: a protobuf holds the bytes as they lie in memory.
            self._constants.append(
                numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
            )
            self._known[key] = name
        return self._known[key]

    def integers(self, *values: int) -> str:
        """A constant int64 vector: axes, shapes, starts and ends."""
        return self.constant(np.array(values, dtype=np.int64))

    def node(self, operator: str, *inputs: str, domain: Domain = "", **attributes: Any) -> str:
        """Apply an operator; the name of its first output."""
        return self.nodes(operator, *inputs, count=1, domain=domain, **attributes)[0]

    def nodes(
        self, operator: str, *inputs: str, count: int, domain: Domain = "", **attributes: Any
    ) -> list[str]:
        """Apply an operator with several outputs; their names."""
        self._opsets[domain] = OPSETS[domain]
        names = [
            f"value_{len(self._nodes)}_{index}" if index else f"value_{len(self._nodes)}"
            for index in range(count)
        ]
        self._nodes.append(helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names

    def cast(self, value: str, dtype: str) -> str:
        """The value in another element type."""
        return self.node("Cast", value, to=ELEMENT_TYPES[dtype])

    def reshape(self, value: str, *shape: int) -> str:
        """The value in another shape: -1 is worked out, 0 keeps the dimension."""
        return self.node("Reshape", value, self.integers(*shape))

    def place(self) -> int:
        """Where the next node goes, for `return_to`."""
        return len(self._nodes)

    def return_to(self, place: int) -> None:
        """Take back the nodes written since; constants no node reads stay, and cost their bytes."""
        del self._nodes[place:]

    def include(self, other: onnx.ModelProto, value: str) -> str:
        """Set a whole model of one input and one output into this graph; the name of its output.

        Args:
            value: what its input is fed.
        """
        versions = {entry.domain: entry.version for entry in other.opset_import}
        if versions.get("", OPSETS[""]) != OPSETS[""]:
            raise ValueError(f"operator set {versions['']}, not {OPSETS['']}")
        inner = compose.add_prefix(other, f"included_{len(self._nodes)}_")
        self._nodes.append(helper.make_node("Identity", [value], [inner.graph.input[0].name]))
        self._nodes.extend(inner.graph.node)
        self._constants.extend(inner.graph.initializer)
        self._functions.extend(inner.functions)
        self._opsets |= versions
        return inner.graph.output[0].name

    def model(self) -> onnx.ModelProto:
        """The finished graph.

        Raises:
            onnx.checker.ValidationError: it is not a valid one.
        """
        graph = helper.make_graph(self._nodes, "modelwright", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid(name, version) for name, version in sorted(self._opsets.items())]
        model = helper.make_model(
            graph,
            functions=self._functions,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="modelwright",
        )
        onnx.checker.check_model(model)
        return model
