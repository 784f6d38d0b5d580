"""Layers that read step after step, from a Keras layer's weights to ONNX nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import keras
from modelwright.exporters.keras_call import Call, Value, numbers
from modelwright.exporters.keras_elementwise import Emitter

layers = keras.layers

ACTIVATIONS = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu"}
"""Of gates and states, that ONNX's recurrent operators have by name."""

FROM_THE_END = np.iinfo(np.int64).min


def recurrent(call: Call) -> str:
    """A SimpleRNN, GRU or LSTM: all its states, or the last."""
    layer = call.operation
    states = _states(call, layer, reverse=layer.go_backwards)
    if layer.return_sequences and layer.go_backwards:  # Keras gives them in the order they were made
        return _turned(call, states)
    return states


def both_ways(call: Call) -> str:
    """The same forwards and backwards, merged."""
    layer, graph = call.operation, call.graph
    for one in (layer.forward_layer, layer.backward_layer):
        if type(one) not in WRITERS:
            raise call.refuse(f"{type(one).__name__} both ways")
    ahead = _states(call, layer.forward_layer, reverse=False)
    back = _states(call, layer.backward_layer, reverse=True)
    merges = {"sum": "Add", "mul": "Mul"}
    if layer.merge_mode == "concat":
        return graph.node("Concat", ahead, back, axis=-1)
    if layer.merge_mode == "ave":
        return call.node("Div", call.node("Add", ahead, back), call.number(2.0))
    if layer.merge_mode in merges:
        return call.node(merges[layer.merge_mode], ahead, back)
    raise call.refuse(f"merge_mode={layer.merge_mode!r}")


def _states(call: Call, layer: Any, *, reverse: bool) -> str:
    """The states (rows, steps, units) in the order of the steps, or the last made (rows, units)."""
    if layer.stateful or layer.return_state:
        raise call.refuse("states kept or handed on")
    if isinstance(call.get("mask"), Value) or call.get("initial_state") is not None:
        raise call.refuse("a mask, or states to begin with")
    operator, weights, attributes = WRITERS[type(layer)](call, layer)
    steps = call.node("Transpose", call.first(call.dtype), perm=[1, 0, 2])
    constants = [call.graph.constant(one[None].astype(call.dtype)) for one in weights]
    direction = "reverse" if reverse else "forward"
    units = int(layer.units)
    every, last = call.graph.nodes(
        operator, steps, *constants, count=2, hidden_size=units, direction=direction, **attributes
    )
    if not layer.return_sequences:
        return call.node("Squeeze", last, call.graph.integers(0))
    return call.node("Transpose", call.node("Squeeze", every, call.graph.integers(1)), perm=[1, 0, 2])


def _turned(call: Call, states: str) -> str:
    graph = call.graph
    start, end, axis, back = (graph.integers(one) for one in (-1, FROM_THE_END, 1, -1))
    return call.node("Slice", states, start, end, axis, back)


Written = tuple[str, list[NDArray[Any]], dict[str, Any]]


def _simple(call: Call, layer: Any) -> Written:
    cell = layer.cell
    bias = _bias(layer, 1)
    weights = [numbers(cell.kernel).T, numbers(cell.recurrent_kernel).T, np.concatenate([bias, 0 * bias])]
    return "RNN", weights, {"activations": [_activation(call, layer.activation)]}


def _gru(call: Call, layer: Any) -> Written:
    """Keras's order of gates is ONNX's: update, reset, candidate."""
    cell = layer.cell
    bias = _bias(layer, 3)
    both = bias.ravel() if bias.ndim == 2 else np.concatenate([bias, 0 * bias])
    activations = [_activation(call, layer.recurrent_activation), _activation(call, layer.activation)]
    attributes = {"activations": activations, "linear_before_reset": int(layer.reset_after)}
    return "GRU", [numbers(cell.kernel).T, numbers(cell.recurrent_kernel).T, both], attributes


def _lstm(call: Call, layer: Any) -> Written:
    """Keras has input, forget, cell, output; ONNX input, output, forget, cell."""
    cell, units = layer.cell, int(layer.units)

    def ordered(gates: NDArray[Any]) -> NDArray[Any]:
        entry, forget, state, out = np.split(gates, 4)
        return np.concatenate([entry, out, forget, state])

    bias = ordered(_bias(layer, 4))
    weights = [ordered(numbers(cell.kernel).T), ordered(numbers(cell.recurrent_kernel).T)]
    inner = _activation(call, layer.activation)
    activations = [_activation(call, layer.recurrent_activation), inner, inner]
    return "LSTM", [*weights, np.concatenate([bias, np.zeros(4 * units)])], {"activations": activations}


def _bias(layer: Any, gates: int) -> NDArray[Any]:
    return numbers(layer.cell.bias) if layer.use_bias else np.zeros(gates * int(layer.units))


def _activation(call: Call, function: Any) -> str:
    name = getattr(function, "__name__", "")
    if name not in ACTIVATIONS:
        raise call.refuse(f"the activation {name or function} inside a recurrent layer")
    return ACTIVATIONS[name]


WRITERS = {layers.SimpleRNN: _simple, layers.GRU: _gru, layers.LSTM: _lstm}

RECURRENT: dict[type, Emitter] = {**dict.fromkeys(WRITERS, recurrent), layers.Bidirectional: both_ways}
"""Layer -> what writes it."""
