"""The lowering of texts taken out of a graph, for runtimes that lower more letters than A-Z."""

from __future__ import annotations

import onnx

LOWERING = "StringNormalizer"


def without_lowering(model: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The graph with its texts as they come, and the inputs whose A-Z the caller must lower instead.

    In WebAssembly the operator also lowers É and İ, whatever its locale says; natively it lowers A-Z only, as
    training does (`engine.preparation.tokens`).
    """
    graph = onnx.load_from_string(model)
    lowered = [node for node in graph.graph.node if node.op_type == LOWERING]
    for node in lowered:
        action = next(one for one in node.attribute if one.name == "case_change_action")
        action.s = b"NONE"
    inputs = tuple(dict.fromkeys(node.input[0] for node in lowered))
    return graph.SerializeToString(deterministic=True), inputs
