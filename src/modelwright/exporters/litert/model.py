"""A trained contender as a LiteRT file: prepared tensors of one row in, raw answers out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from modelwright.engine.model import Model
from modelwright.engine.preparation.preparation import Preparation
from modelwright.errors import ExportError
from modelwright.exporters.litert.flatbuffer import File, Tensor

OUTPUT = "answer"
DEVICE_FAMILIES = ("linear", "network", "yours")
"""Families whose models are sums and products. LiteRT has no operator for a tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """An input or output of the file.

    Args:
        shape: with the one row first.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


def inputs_of(model: Model) -> tuple[Declared, ...]:
    """What the file reads: `engine.preparation.prepared.Prepared`'s arrays, or one design of them all."""
    preparation, family = model.preparation, model.trained.recipe.family
    if family == "network":
        found = {
            "numbers": ((len(preparation.number_names),), "float32"),
            "codes": ((len(preparation.categories),), "int32"),
            "tokens": ((len(preparation.texts), preparation.max_tokens), "int32"),
        }
        return tuple(
            Declared(name=name, shape=(1, *shape), dtype=dtype)
            for name, (shape, dtype) in found.items()
            if shape[0]
        )
    return (Declared(name="design", shape=(1, design_width(model)), dtype="float32"),)


def design_terms(model: Model) -> Any:
    """Which columns of the bags the design has, in order."""
    from modelwright.engine.yours import MAX_TERMS  # Keras loads only when needed

    terms = sum(len(text.first) for text in model.preparation.texts)
    return model.preparation.dense_terms(MAX_TERMS if model.trained.recipe.family == "yours" else terms)


def design_width(model: Model) -> int:
    """Columns of the design: numbers, one-hot codes, terms."""
    preparation: Preparation = model.preparation
    return len(preparation.number_names) + sum(preparation.category_sizes) + len(design_terms(model))


def require_device(model: Model) -> None:
    """Refuse a family that no device can run.

    Raises:
        ExportError: it is one.
    """
    family = model.trained.recipe.family
    if family not in DEVICE_FAMILIES or "answer" in model.trained.arrays:
        raise ExportError(
            where="--to device",
            expected=f"a model of one of the families {', '.join(DEVICE_FAMILIES)}",
            received=f"a model of the family {family}, for which LiteRT has no operators",
            do_this="Ship it to the server or the browser; or say in task.toml that it runs on a device "
            "(constraints.runs_on), and run again: then only models that can go there are tried.",
        )


def export_litert(model: Model) -> bytes:
    """Write the contender, without its preparation, for one row at a time.

    Returns:
        The file's bytes, the same for the same model. Inputs as `inputs_of` says; output ``answer``
        (1, units): probabilities, or values with mean 0 and deviation 1.

    Raises:
        ExportError: the extra is missing, or part of the model cannot be written.
    """
    require_device(model)
    file = File()
    graph = file.subgraph("main")
    tensors = [graph.input(one.name, one.shape, one.dtype) for one in inputs_of(model)]
    family = model.trained.recipe.family
    answer = _linear(graph, model, tensors[0]) if family == "linear" else _network(graph, model, tensors)
    graph.output(OUTPUT, answer)
    return file.written()


def _linear(graph: Any, model: Model, design: Tensor) -> Tensor:
    trained = model.trained
    weights = graph.constant(np.ascontiguousarray(trained.arrays["weights"].T), "float32")
    bias = graph.constant(trained.arrays["intercept"], "float32")
    units = weights.shape[0]
    raw = graph.operator(
        "FULLY_CONNECTED", [design, weights, bias], (1, units), "float32", "FullyConnected", keepNumDims=True
    )
    if trained.target.kind == "binary":
        return graph.operator("LOGISTIC", [raw], (1, units), "float32")
    if trained.target.kind == "multiclass":
        return graph.operator("SOFTMAX", [raw], (1, units), "float32", "Softmax", beta=1.0)
    return raw


def _network(graph: Any, model: Model, tensors: list[Tensor]) -> Tensor:
    from modelwright.engine.keras_backend import jax
    from modelwright.engine.networks import keras_model
    from modelwright.exporters.litert.elementwise import BROADCASTING, ELEMENTWISE
    from modelwright.exporters.litert.loops import LOOPS
    from modelwright.exporters.litert.products import PRODUCTS
    from modelwright.exporters.litert.shapes import SHAPES
    from modelwright.exporters.litert.tracing import Trace

    built: Any = keras_model(model.trained)
    declared = inputs_of(model)
    names = [one.name for one in declared]
    arrays = [np.zeros(one.shape, one.dtype) for one in declared]

    def answered(*values: Any) -> Any:
        single = model.trained.recipe.family == "yours"
        return built(values[0] if single else dict(zip(names, values, strict=True)), training=False)

    traced = jax.make_jaxpr(answered)(*arrays)
    writers = {**ELEMENTWISE, **SHAPES, **PRODUCTS, **LOOPS}
    trace = Trace(graph, writers, BROADCASTING, f"model '{model.trained.recipe.name}'")
    (answer,) = trace.run(traced.jaxpr, traced.consts, tensors)
    whole = trace.whole(answer, traced.out_avals[0].shape)
    return trace.tensor(whole)
