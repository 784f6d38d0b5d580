"""A Keras model written into an ONNX graph, layer by layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from modelwright.engine.keras_backend import keras
from modelwright.errors import ExportError
from modelwright.exporters.graph import ELEMENT_TYPES, Graph
from modelwright.exporters.keras_activations import ACTIVATIONS, BY_NAME
from modelwright.exporters.keras_attention import ATTENTION
from modelwright.exporters.keras_call import Call, Value, numbers
from modelwright.exporters.keras_elementwise import ELEMENTWISE
from modelwright.exporters.keras_layers import LAYERS, WITH_ACTIVATION
from modelwright.exporters.keras_shapes import SHAPES

OPERATIONS = ELEMENTWISE | ACTIVATIONS | SHAPES | ATTENTION
"""Class name of a keras.Operation -> what writes it."""


def write_keras(graph: Graph, model: Any, inputs: Sequence[Value]) -> list[Value]:
    """Write a built Sequential, Functional or subclassed model.

    Args:
        inputs: one tensor for each of the model's inputs, in order.

    Returns:
        The model's outputs.

    Raises:
        ExportError: a layer is not in the table, nor made of layers and operations that are.
    """
    function = model if _nodes_of(model) is not None else getattr(model, "_functional", None)
    if function is not None and _nodes_of(function) is not None:
        return _write_function(graph, function, inputs)
    return _write_called(graph, model.call, inputs, model)


def _write_function(graph: Graph, function: Any, inputs: Sequence[Value]) -> list[Value]:
    """Write a graph of Keras operations, each after those it needs."""
    known = {id(tensor): value for tensor, value in zip(function.inputs, inputs, strict=True)}
    for node in _in_order(function):
        arguments = _bound(node, known)
        outputs = [(tuple(tensor.shape), str(tensor.dtype)) for tensor in node.outputs]
        call = Call(graph=graph, operation=node.operation, arguments=arguments, outputs=outputs)
        _refuse_types(call)
        for tensor, value in zip(node.outputs, _write_call(call), strict=True):
            known[id(tensor)] = value
    return [known[id(tensor)] for tensor in function.outputs]


def _write_call(call: Call) -> list[Value]:
    """Write one layer or operation: by the table, or by what it calls itself."""
    operation = call.operation
    if isinstance(operation, keras.Model):
        return write_keras(call.graph, operation, call.inputs)
    if not isinstance(operation, keras.layers.Layer):
        emitter = OPERATIONS.get(type(operation).__name__)
        if emitter is None:
            raise call.refuse(f"the operation keras.ops.{type(operation).__name__}")
        return [_value(call, emitter(call))]
    if type(operation) is keras.layers.Activation:
        return [_activated(call, call.first(), operation.activation)]
    emitter = LAYERS.get(type(operation))
    if emitter is None:
        return _write_called(call.graph, operation.call, call.inputs, operation, call)
    name = emitter(call)
    if type(operation) in WITH_ACTIVATION:
        return [_activated(call, name, operation.activation)]
    return [_value(call, name)]


def _activated(call: Call, name: str, activation: Any) -> Value:
    """Write an activation function: call it on a symbolic tensor and write the operations it makes."""
    if activation is None:
        return _value(call, name)
    value = _value(call, name)
    emitter = BY_NAME.get(getattr(activation, "__name__", "")) if _is_keras(activation) else None
    if emitter is not None:
        arguments = {"x": value}
        inner = Call(graph=call.graph, operation=call.operation, arguments=arguments, outputs=call.outputs)
        return _value(call, emitter(inner))
    return _write_called(call.graph, activation, [value], call.operation)[0]


def _write_called(
    graph: Graph, function: Callable[..., Any], inputs: Sequence[Value], owner: Any, call: Call | None = None
) -> list[Value]:
    """Write whatever `function` does when it is called on symbolic tensors.

    Args:
        owner: whose function it is, for the error.
        call: a layer's call, whose arguments the function takes; else it takes the inputs.
    """
    inputs = list({id(value): value for value in inputs}.values())  # a tensor may be given twice
    tensors = [keras.KerasTensor(shape=value.shape, dtype=value.dtype) for value in inputs]
    try:
        if call is None:
            answer = function(*tensors) if len(tensors) == 1 else function(tensors)
        else:
            answer = function(**_symbolic(call.arguments, inputs, tensors))
        traced: Any = keras.Function(tensors, keras.tree.flatten(answer))
    except Exception as error:  # a user's code may fail in any way
        message = str(error).strip().splitlines() or [""]
        raise _unknown(owner, f"{type(error).__name__}: {message[0]}") from error
    if isinstance(owner, keras.Model):
        return _write_function(graph, traced, inputs)
    try:
        return _write_function(graph, traced, inputs)
    except ExportError as error:
        raise _unknown(owner, f"{error.received}, in {error.where}") from error


def _unknown(owner: Any, received: str) -> ExportError:
    """The error for a layer that is neither in the table nor made of what is."""
    return ExportError(
        where=f"layer '{getattr(owner, 'name', owner)}' ({type(owner).__name__})",
        expected="a layer of the ONNX table, or one whose call uses only keras.ops and such layers",
        received=received,
        do_this="Write it with keras.ops and keras.layers, or install the wider converter: "
        "pip install 'modelwright[jax2onnx]'.",
    )


def _symbolic(arguments: Any, inputs: Sequence[Value], tensors: Sequence[Any]) -> Any:
    """The arguments with each tensor of the ONNX graph replaced by its symbolic twin."""
    twins = {id(value): tensor for value, tensor in zip(inputs, tensors, strict=True)}

    def twin(argument: Any) -> Any:
        if isinstance(argument, Value):
            return twins[id(argument)]
        if isinstance(argument, dict):
            return {name: twin(part) for name, part in argument.items()}
        if isinstance(argument, (list, tuple)):
            return type(argument)(twin(part) for part in argument)
        return argument

    return twin(dict(arguments))


def _bound(node: Any, known: dict[int, Value]) -> dict[str, Any]:
    """The operation's arguments by parameter name, tensors replaced by what was written for them."""

    def written(argument: Any) -> Any:
        if isinstance(argument, keras.KerasTensor):
            return known[id(argument)]
        if isinstance(argument, keras.Variable):
            return numbers(argument)
        return argument

    args, kwargs = node.arguments.convert(written)
    return dict(inspect.signature(node.operation.call).bind(*args, **kwargs).arguments)


def _in_order(function: Any) -> Iterator[Any]:
    for depth in sorted(_nodes_of(function) or (), reverse=True):
        for node in function._nodes_by_depth[depth]:
            if not node.is_input and node.operation is not None:
                yield node


def _nodes_of(model: Any) -> Any:
    # Keras keeps the call graph in this attribute of every Function since 3.0; there is no public one
    # that tells two calls of the same layer apart.
    return getattr(model, "_nodes_by_depth", None)


def _value(call: Call, name: str) -> Value:
    return Value(name=name, shape=call.shape, dtype=call.dtype)


def _is_keras(activation: Any) -> bool:
    return getattr(activation, "__module__", "").startswith("keras.")


def _refuse_types(call: Call) -> None:
    for _, dtype in call.outputs:
        if dtype not in ELEMENT_TYPES:
            raise call.refuse(f"numbers of type {dtype}")
