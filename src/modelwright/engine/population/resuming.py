"""A stack as arrays and facts, and back: everything the next epoch depends on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from modelwright.engine.population.checkpoints import Arrays
from modelwright.engine.population.stack import Progress, Stack

PARTS = ("trainable", "others", "optimizer")


def stored(stack: Stack) -> tuple[Arrays, dict[str, Any]]:
    """Weights, optimizer and seeds of every slot, the shufflers' states, and how far each member is."""
    arrays: Arrays = {}
    for part, leaves in zip(PARTS, stack.state, strict=True):
        arrays |= {f"{part} {place}": np.asarray(leaf) for place, leaf in enumerate(leaves)}
    arrays |= {f"value {name}": value for name, value in stack.values.items()}
    shufflers: list[Any] = [member.random.get_state(legacy=True) for member in stack.members]
    arrays["shufflers"] = np.array([state[1] for state in shufflers], dtype=np.uint32)
    told: list[dict[str, Any]] = []
    for position, progress in enumerate(stack.progress):
        if progress.best is not None:
            for part, leaves in zip(PARTS, progress.best, strict=False):
                arrays |= {f"best {position} {part} {place}": leaf for place, leaf in enumerate(leaves)}
        told.append({key: value for key, value in _plain(progress).items() if key != "best"})
    facts = {
        "epoch": stack.epoch,
        "slots": stack.slots,
        "progress": told,
        "shufflers": [[state[0], int(state[2]), int(state[3]), float(state[4])] for state in shufflers],
    }
    return arrays, facts


def restore(stack: Stack, arrays: Arrays, facts: dict[str, Any]) -> None:
    """Make the stack what it was when it was stored."""
    stack.epoch, stack.slots = facts["epoch"], facts["slots"]
    trainable, others, optimizer = (_leaves(arrays, part) for part in PARTS)
    stack.state = (trainable, others, optimizer)
    stack.values = {name: arrays[f"value {name}"] for name in stack.values}
    for position, told in enumerate(facts["progress"]):
        best = tuple(_leaves(arrays, f"best {position} {part}") for part in PARTS[:2])
        kept = (best[0], best[1]) if best[0] else None
        stack.progress[position] = Progress(**told, best=kept)
    for member, keys, told in zip(stack.members, arrays["shufflers"], facts["shufflers"], strict=True):
        member.random.set_state((told[0], keys, told[1], told[2], told[3]))


def _leaves(arrays: Arrays, part: str) -> list[Any]:
    found: list[Any] = []
    while f"{part} {len(found)}" in arrays:
        found.append(arrays[f"{part} {len(found)}"])
    return found


def _plain(progress: Progress) -> dict[str, Any]:
    best, progress.best = progress.best, None  # asdict would copy the weights
    try:
        return asdict(progress)
    finally:
        progress.best = best
