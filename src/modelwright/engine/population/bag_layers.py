"""Bags of words inside a traced model: first Dense layers multiply only the words a row holds."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

from jax.experimental.sparse import BCSR

from modelwright.engine.keras_backend import jax, keras


@contextmanager
def bags_multiplied(model: Any, bag: Any, rows: int, width: int) -> Generator[Any]:
    """Inside, the model may be called on the yielded stand-in for the dense rows (rows, width).

    Where nothing but Dense layers read the input, they sum the kernel rows of the words present, and the
    stand-in is never computed; any other model gets the dense rows of this one batch.

    Args:
        bag: the batch by rows and, where it is trained on, by words (`batches.bag_batches`).
    """
    readers = first_dense_layers(model)
    shape = (rows, width)
    dense = jax.numpy.zeros(shape) if readers else _sparse(bag["rows"], shape).todense()
    undo = [(layer, layer.call) for layer in readers or ()]
    try:
        for layer, _ in undo:
            object.__setattr__(layer, "call", _summing(layer, bag, shape))
        yield dense
    finally:
        for layer, original in undo:
            object.__setattr__(layer, "call", original)


def first_dense_layers(model: Any) -> list[Any] | None:
    """The Dense layers that read the model's one input, or None where anything else may read it."""
    graph: Any = getattr(model, "_functional", model)  # a Sequential keeps its graph to itself
    inputs = getattr(graph, "inputs", None)
    if not inputs or len(inputs) != 1 or not hasattr(graph, "operations"):
        return None
    readers = [
        operation
        for operation in graph.operations
        for node in operation._inbound_nodes
        if any(tensor is inputs[0] for tensor in node.input_tensors)
    ]
    simple = all(_is_plain_dense(layer) for layer in readers)
    return readers if readers and simple and not any(t is inputs[0] for t in graph.outputs) else None


def _is_plain_dense(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.Dense
        and len(layer._inbound_nodes) == 1
        and layer.dtype_policy.name == "float32"
        and not layer.lora_enabled
    )


def _summing(layer: Any, bag: Any, shape: tuple[int, int]) -> Any:
    """`keras.layers.Dense.call` on bags: a sparse product."""

    def call(inputs: Any, training: Any = None) -> Any:
        kernel: Any = keras.ops.convert_to_tensor(layer.kernel)
        outputs: Any = _multiplied(shape, bag, kernel)
        if layer.bias is not None:
            outputs = outputs + keras.ops.convert_to_tensor(layer.bias)
        return outputs if layer.activation is None else layer.activation(outputs)

    return call


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _multiplied(shape: tuple[int, int], bag: Any, kernel: Any) -> Any:
    """The bags' rows times the kernel, (rows, units).

    The gradient is the product of the same bags by words: what JAX would derive adds up entry by entry
    (512 units, 512 reviews, medians of seven: 11 ms against 85 ms).
    """
    return _sparse(bag["rows"], shape) @ kernel


def _forward(shape: tuple[int, int], bag: Any, kernel: Any) -> Any:
    return _multiplied(shape, bag, kernel), bag


def _backward(shape: tuple[int, int], bag: Any, gradient: Any) -> Any:
    rows, width = shape
    return None, _sparse(bag["words"], (width, rows)) @ gradient


_multiplied.defvjp(_forward, _backward)


def _sparse(part: Any, shape: tuple[int, int]) -> Any:
    return BCSR((part["values"], part["columns"], part["starts"]), shape=shape)
