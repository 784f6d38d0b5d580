"""Which rows every member sees at every step: Keras's own order, as arrays a compiled program reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.population.bags import Bags

Rows = NDArray[np.int64]

# Sizes are rounded up in steps of an eighth, so that folds of nearly one size share a compiled program.
ROUNDING_BITS = 3
# Entries of bags handed over in one call: 8 MB of columns and values, by rows and by words.
BAG_ENTRIES_PER_CALL = 500_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """Batches of all members of a stack, step by step.

    Shapes:
        rows: int32 (members, steps, batch); real: int32 (members, steps), 0 where a member has no such step
    """

    rows: NDArray[np.int32]
    real: NDArray[np.int32]

    @property
    def count(self) -> int:
        """Steps of the member that has most."""
        return int((self.real > 0).sum(axis=1).max(initial=0))


def rounded_up(size: int) -> int:
    """The size, or up to an eighth more: one of few sizes."""
    if size <= 1 << ROUNDING_BITS:
        return max(1, size)
    step = 1 << (size.bit_length() - 1 - ROUNDING_BITS)
    return -(-size // step) * step


def steps_of(orders: Sequence[Rows], batch_size: int, *, whole_only: bool = False) -> Steps:
    """Cut each member's order into batches, the last one filled up with rows that do not count.

    Args:
        whole_only: leave the last batch out where it is partial.
    """
    counts = [len(order) // batch_size if whole_only else -(-len(order) // batch_size) for order in orders]
    steps = rounded_up(max(counts, default=1))
    rows = np.zeros((len(orders), steps, batch_size), dtype=np.int32)
    real = np.zeros((len(orders), steps), dtype=np.int32)
    for member, (order, count) in enumerate(zip(orders, counts, strict=True)):
        used = order[: count * batch_size]
        flat = rows[member].reshape(-1)
        flat[: len(used)] = used
        flat[len(used) : count * batch_size] = used[:1]
        real[member, :count] = batch_size
        if count:
            real[member, count - 1] = len(used) - (count - 1) * batch_size
    return Steps(rows=rows, real=real)


def entries_needed(bags: Bags, steps: Steps) -> int:
    """Entries of the fullest batch, rounded up: what every batch's arrays are long."""
    counted = np.arange(steps.rows.shape[2]) < steps.real[:, :, None]
    lengths = np.where(counted, bags.lengths[steps.rows], 0)
    return rounded_up(int(lengths.sum(axis=2).max(initial=1)))


def fullest_batch(bags: Bags, batch_size: int) -> int:
    """Entries that hardly any batch of so many rows drawn at random exceeds: six standard deviations up."""
    lengths = bags.lengths
    likely = lengths.mean() * batch_size + 6 * lengths.std() * np.sqrt(batch_size)
    most = int(np.sort(lengths)[-batch_size:].sum())
    return rounded_up(max(1, min(most, int(likely))))


def bag_batches(
    bags: Bags, steps: Steps, start: int, stop: int, entries: int, *, by_words: bool
) -> dict[str, dict[str, NDArray[Any]]]:
    """The bags of steps start ... stop by rows and, where asked, by words too (what a gradient sums over).

    Returns:
        ``rows`` and ``words``, each in compressed sparse row form: ``values`` and ``columns`` (members,
        stop - start, entries), filled up behind the last row; ``starts`` (members, stop - start, rows + 1).
    """
    members, _, batch = steps.rows.shape
    heights = {"rows": batch, "words": bags.width} if by_words else {"rows": batch}
    shape = (members, stop - start)
    found = {
        name: {
            "values": np.zeros((*shape, entries), dtype=np.float32),
            "columns": np.zeros((*shape, entries), dtype=np.int32),
            "starts": np.zeros((*shape, height + 1), dtype=np.int32),
        }
        for name, height in heights.items()
    }
    for member in range(members):
        for step in range(start, min(stop, steps.rows.shape[1])):
            by_rows = bags.sparse(steps.rows[member, step, : steps.real[member, step]], batch)
            parts = {"rows": by_rows, "words": by_rows.T.tocsr() if by_words else None}
            for name, arrays in found.items():
                part: Any = parts[name]
                arrays["values"][member, step - start, : part.nnz] = part.data
                arrays["columns"][member, step - start, : part.nnz] = part.indices
                arrays["starts"][member, step - start] = part.indptr
    return found
