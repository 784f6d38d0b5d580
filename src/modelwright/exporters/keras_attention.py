"""Attention, as ONNX nodes: keras.layers.MultiHeadAttention comes down to this one operation."""

from __future__ import annotations

import math

from modelwright.exporters.keras_call import Call, Value
from modelwright.exporters.keras_elementwise import Emitter

HIDDEN = -1e30
"""What a masked score is set to: nothing of it is left after the exponential, and no sum overflows."""


def dot_product_attention(call: Call) -> str:
    """Each step's mix of values, by how well its query fits their keys.

    Shapes:
        query: (rows, steps, heads, units). key, value: (rows, others, heads, units).
    """
    operation = call.operation
    if operation.attn_logits_soft_cap is not None or call.get("bias") is not None:
        raise call.refuse("attention with a bias or a soft cap")
    query, key, value = (call.get(name) for name in ("query", "key", "value"))
    if len({one.shape[2] for one in (query, key, value)}) > 1:
        raise call.refuse("heads of queries that share keys")
    scale = call.get("scale")
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else float(scale)
    fit = call.node(
        "Einsum", call.value(query, call.dtype), call.value(key, call.dtype), equation="btnh,bsnh->bnts"
    )
    scores = _masked(call, call.node("Mul", fit, call.number(factor)))
    shares = call.node("Softmax", scores, axis=-1)
    return call.node("Einsum", shares, call.value(value, call.dtype), equation="bnts,bsnh->btnh")


def _masked(call: Call, scores: str) -> str:
    """The scores (rows, heads, steps, others) with those hidden that must not be seen."""
    mask = call.get("mask")
    if isinstance(mask, Value):
        scores = call.node("Where", call.value(mask, "bool"), scores, call.number(HIDDEN))
    if not call.operation.is_causal:
        return scores
    square = call.node("Expand", call.number(1.0), call.node("Shape", scores, start=2))
    seen = call.graph.cast(call.node("Trilu", square, upper=0), "bool")
    return call.node("Where", seen, scores, call.number(HIDDEN))


ATTENTION: dict[str, Emitter] = {"DotProductAttention": dot_product_attention}
"""Operation class name -> what writes it."""
