"""How many members fit into memory at once?"""

from __future__ import annotations

from typing import Any

from modelwright.engine.free_memory import free_bytes
from modelwright.engine.population.work import Work

SHARE_OF_FREE = 0.5
"""Of the memory that is free now; the rest is for whatever else the machine does meanwhile."""

# Of each weight: itself, its gradient, its next value and the best so far.
WEIGHT_COPIES = 4
# Of each layer's output: itself, its gradient, and what lies between (measured on dense networks).
OUTPUT_COPIES = 3


def members_that_fit(model: Any, work: Work, mode: str, *, stacks: int) -> int:
    """How many members each of so many stacks may hold; at least one."""
    allowed = work.max_bytes if work.max_bytes is not None else free_bytes() * SHARE_OF_FREE
    return max(1, int(allowed / stacks / bytes_per_member(model, work.batch_size, mode)))


def bytes_per_member(model: Any, batch_size: int, mode: str) -> float:
    """Weights and optimizer variables, and, where members share every operation, a batch's activations."""
    weights = sum(variable.value.size for variable in model.trainable_variables)
    slots = sum(variable.value.size for variable in model.optimizer.variables)
    activations = 0 if mode == "map" else batch_size * outputs_per_row(model) * OUTPUT_COPIES
    return 4.0 * (WEIGHT_COPIES * weights + 2 * slots + activations)


def outputs_per_row(model: Any) -> int:
    """Numbers all layers put out for one row, as far as their shapes are known."""
    total = 0
    for layer in model._flatten_layers(include_self=False):
        shape = getattr(getattr(layer, "output", None), "shape", None) if layer._inbound_nodes else None
        if shape is not None and None not in shape[1:]:
            size = 1
            for length in shape[1:]:
                size *= length
            total += size
    return max(total, 1)
