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
    """Rows in order, held against always answering the most frequent class, and against chance.

    Args:
        again: rows that have the class of the row before, of so many `pairs`. low, high: the 95% interval of
            their share. most: share of the most frequent class. by_chance: the share of pairs alike where the
            order means nothing.
        sorted_by_class: the order is the classes' own.
    """

    again: int
    pairs: int
    low: float
    high: float
    most: float
    by_chance: float
    sorted_by_class: bool

    def gains(self, least: float) -> bool:
        """Whether repeating the last answer gains so much accuracy, with the whole interval."""
        return not self.sorted_by_class and self.low >= self.most + least

    @property
    def agreement(self) -> float:
        """Agreement beyond chance of a row's class with that of the row before, the low end of its interval.

        Of two classes it is the autocorrelation, 0 to 1, and rare classes count as much as others.

        Source: Cohen 1960, "A coefficient of agreement for nominal scales" (kappa).
        """
        if self.sorted_by_class or self.by_chance >= 1:
            return 0.0
        return (self.low - self.by_chance) / (1 - self.by_chance)


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
        by_chance=float(((counts / len(codes)) ** 2).sum()),
        sorted_by_class=pairs - again + 1 <= RUNS_A_CLASS * len(counts),
    )
