"""Numbers written into a Keras model that its compiled program can take as inputs instead."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population.drawing import bernoulli

# A drop rate of 1 would divide by nothing; what is divided is dropped anyway.
LEAST_KEPT = 1e-30

Lifts = dict[str, float]
"""A name for each number that may differ between models of one program, and this model's value."""


def is_penalty(regularizer: Any) -> bool:
    """Whether the regulariser is none, or one whose strength can be lifted."""
    kinds = (type(None), keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
    return type(regularizer) in kinds


def is_dropout(layer: Any) -> bool:
    """Whether the layer is Keras's own Dropout, whose rate can be lifted."""
    return type(layer) is keras.layers.Dropout


def drops(model: Any) -> bool:
    """Whether training draws random numbers for a Dropout."""
    return any(is_dropout(layer) and layer.rate > 0 for layer in model._flatten_layers(include_self=False))


def lifts_of(model: Any) -> Lifts:
    """Dropout rates (as the share kept) and L1 and L2 strengths, by place in the model."""
    found: Lifts = {}
    for place, layer in enumerate(model._flatten_layers(include_self=False)):
        if is_dropout(layer):
            found[f"{place} kept"] = 1.0 - float(layer.rate)
    for place, variable in enumerate(model.trainable_variables):
        if variable.regularizer is not None and is_penalty(variable.regularizer):
            for name in ("l1", "l2"):
                if hasattr(variable.regularizer, name):
                    found[f"{place} {name}"] = float(np.asarray(getattr(variable.regularizer, name)))
    return found


@contextmanager
def lifted(model: Any, values: dict[str, Any]) -> Generator[None]:
    """Inside, the model computes with these values (traced or not) in place of its own."""
    undo: list[tuple[Any, str, Any]] = []
    try:
        for place, layer in enumerate(model._flatten_layers(include_self=False)):
            if f"{place} kept" in values:
                undo.append((layer, "call", layer.call))
                object.__setattr__(layer, "call", _dropping(layer, values[f"{place} kept"]))
        for place, variable in enumerate(model.trainable_variables):
            l1, l2 = values.get(f"{place} l1"), values.get(f"{place} l2")
            if l1 is not None or l2 is not None:
                undo.append((variable, "_regularizer", variable._regularizer))
                object.__setattr__(variable, "_regularizer", _penalty(l1, l2))
        yield
    finally:
        for owner, name, old in reversed(undo):
            object.__setattr__(owner, name, old)


def _dropping(layer: Any, kept: Any) -> Any:
    """`keras.layers.Dropout.call` drawing the same random numbers, with a share kept that is traced."""

    def call(inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        lengths = inputs.shape if layer.noise_shape is None else layer.noise_shape
        shape = tuple(inputs.shape[axis] if size is None else size for axis, size in enumerate(lengths))
        mask = bernoulli(layer.seed_generator.next(), kept, shape)
        scaled = inputs / jax.numpy.maximum(kept, LEAST_KEPT).astype(inputs.dtype)
        mask = jax.numpy.broadcast_to(mask, inputs.shape)
        return jax.lax.select(mask, scaled, jax.numpy.zeros_like(inputs))

    return call


def _penalty(l1: Any, l2: Any) -> Any:
    """`keras.regularizers.L1L2.__call__` without its questions whether a strength is zero."""

    def penalty(weights: Any) -> Any:
        total = 0.0
        if l1 is not None:
            total = total + l1 * keras.ops.sum(keras.ops.absolute(weights))
        if l2 is not None:
            total = total + l2 * keras.ops.sum(keras.ops.square(weights))
        return total

    return penalty
