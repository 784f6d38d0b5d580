"""How many members fit into memory at once?"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelwright.engine.population.work import Work

SHARE_OF_FREE = 0.5
"""Of the memory that is free now; the rest is for whatever else the machine does meanwhile."""

# Where the system does not say how much is free.
ASSUMED_FREE_BYTES = 2_000_000_000
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


def free_bytes() -> int:
    """Memory that may still be taken: of the machine, and of the container where one sets a limit."""
    found = [value for value in (_machine_bytes(), _container_bytes()) if value is not None]
    return min(found, default=ASSUMED_FREE_BYTES)


def _machine_bytes() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return None
    except OSError:
        names = getattr(os, "sysconf_names", {})
        return (
            os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_AVPHYS_PAGES" in names else None
        )


def _container_bytes() -> int | None:
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        return None if limit == "max" else max(0, int(limit) - used)
    except (OSError, ValueError):
        return None


def give_back() -> None:
    """Hand memory that was freed back to the system, where the C library keeps it for later (glibc).

    Compiling and building leave some hundred megabytes behind.
    """
    with suppress(OSError, AttributeError):  # another C library, or none that can be opened so
        ctypes.CDLL(None).malloc_trim(0)
