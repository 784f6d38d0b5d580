"""A loop over steps (what recurrent layers are) as LiteRT's WHILE, with a subgraph for each turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.exporters.litert.flatbuffer import Subgraph, Tensor
from modelwright.exporters.litert.shapes import joined
from modelwright.exporters.litert.tracing import Known, Trace, Writer, dtype_of, number, shape_of

COUNTER = ((), "int32")


def scan(trace: Trace, equation: Any, given: list[Known]) -> list[Known]:
    """Carried along: a counter, the carry, what was written so far, and what is read and not known now."""
    facts, inner = equation.params, equation.params["jaxpr"]
    known, carried = int(facts["num_consts"]), int(facts["num_carry"])
    steps, outs = int(facts["length"]), equation.outvars
    read = [*given[:known], *given[known + carried :]]
    moving = [one for one in read if isinstance(one, Tensor)]
    carry = [
        trace.tensor(np.ascontiguousarray(one) if not isinstance(one, Tensor) else one)
        for one in given[known : known + carried]
    ]
    written = [trace.tensor(np.zeros(shape_of(one), dtype_of(one))) for one in outs[carried:]]
    state = [trace.tensor(np.zeros((), np.int32)), *carry, *written, *moving]
    shapes = [
        COUNTER,
        *((shape_of(one), dtype_of(one)) for one in outs),
        *((one.shape, one.dtype) for one in moving),
    ]
    condition = _condition(trace.file.subgraph("condition"), trace, shapes, steps)
    body = trace.file.subgraph("body")
    inputs: list[Known] = [body.input(f"state_{place}", *one) for place, one in enumerate(shapes)]
    turned = trace.inside(body)
    fed = iter(inputs[1 + len(outs) :])
    values = [next(fed) if isinstance(one, Tensor) else one for one in read]
    place = _from_the_end(turned, inputs[0], steps) if facts["reverse"] else inputs[0]
    rows = [_row(turned, one, place) for one in values[known:]]
    answers = turned.run(inner.jaxpr, inner.consts, [*values[:known], *inputs[1 : 1 + carried], *rows])
    answers = [
        turned.whole(one, variable.aval.shape)
        for one, variable in zip(answers, inner.jaxpr.outvars, strict=True)
    ]
    counted = turned.apply("ADD", inputs[0], number(1, "int32"), shape=(), dtype="int32", options="Add")
    kept = [
        _put(turned, into, one, place)
        for into, one in zip(inputs[1 + carried : 1 + len(outs)], answers[carried:], strict=True)
    ]
    for turn, one in enumerate([counted, *answers[:carried], *kept, *inputs[1 + len(outs) :]]):
        body.output(f"next_{turn}", _own(turned, one))
    made = trace.graph.operators(
        "WHILE", state, shapes, "While", condSubgraphIndex=condition.index, bodySubgraphIndex=body.index
    )
    return [*made[1 : 1 + len(outs)]]


def _condition(graph: Subgraph, trace: Trace, shapes: Any, steps: int) -> Subgraph:
    """Whether there are steps left."""
    inputs = [graph.input(f"state_{place}", *one) for place, one in enumerate(shapes)]
    inside = trace.inside(graph)
    more = inside.apply("LESS", inputs[0], number(steps, "int32"), shape=(), dtype="bool")
    graph.output("more", more)
    return graph


def _from_the_end(trace: Trace, counter: Known, steps: int) -> Tensor:
    return trace.apply("SUB", number(steps - 1, "int32"), counter, shape=(), dtype="int32", options="Sub")


def _row(trace: Trace, values: Known, place: Known) -> Known:
    """What one step reads."""
    shape = [int(size) for size in values.shape[1:]]
    dtype = str(values.dtype)
    return trace.apply("GATHER", values, place, shape=shape, dtype=dtype, options="Gather", axis=0)


def _put(trace: Trace, into: Known, answer: Known, place: Known) -> Tensor:
    """What one step answers, put to the others."""
    assert isinstance(into, Tensor)
    part = trace.reshape(answer, [1, *into.shape[1:]])
    begin = joined(trace, [place, *(number(0, "int32") for _ in into.shape[1:])])
    return trace.apply("DYNAMIC_UPDATE_SLICE", into, part, begin, shape=into.shape, dtype=into.dtype)


def _own(trace: Trace, value: Known) -> Tensor:
    """A tensor that an operator of this subgraph made, or an input: a constant cannot be an output."""
    if isinstance(value, Tensor) and value.constant is None:
        return value
    tensor = trace.tensor(value)
    return trace.apply(
        "RESHAPE",
        tensor,
        trace.integers(*tensor.shape),
        shape=tensor.shape,
        dtype=tensor.dtype,
        options="Reshape",
        newShape=list(tensor.shape),
    )


LOOPS: dict[str, Writer] = {"scan": scan}
