"""Does a class follow itself? How often a row has the class of the row before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.statistics.intervals import wilson_of_counts

RUNS_A_CLASS = 3
"""Rows with so few runs of one class are sorted by it: nothing repeats itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """Rows in order, held against always answering the most frequent class.

    Args:
        again: rows that have the class of the row before, of so many `pairs`. low, high: the 95% interval of
            their share. most: share of the most frequent class.
        sorted_by_class: the order is the classes' own.
    """

    again: int
    pairs: int
    low: float
    high: float
    most: float
    sorted_by_class: bool

    def gains(self, least: float) -> bool:
        """Whether repeating the last answer gains so much accuracy, with the whole interval."""
        return not self.sorted_by_class and self.low >= self.most + least


def repetition(codes: NDArray[np.int64]) -> Repetition:
    """How often a row's class is that of the row before.

    Shapes:
        codes: (rows,), in order, two rows at least

    Source: Wilson 1927 (the interval).
    """
    again, pairs = int((codes[1:] == codes[:-1]).sum()), len(codes) - 1
    counts = np.unique(codes, return_counts=True)[1]
    low, high = wilson_of_counts(again, pairs)
    return Repetition(
        again=again,
        pairs=pairs,
        low=low,
        high=high,
        most=float(counts.max() / len(codes)),
        sorted_by_class=pairs - again + 1 <= RUNS_A_CLASS * len(counts),
    )
