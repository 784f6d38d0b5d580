"""How well is a median known? By the values around it, whatever their distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from modelwright.records import Estimate
from modelwright.statistics.intervals import LEVEL


def median(values: NDArray[np.float64], level: float = LEVEL) -> Estimate:
    """The median of independent values, between two of them.

    The median lies below the k-th smallest as often as fewer than k of n tosses of a coin fall heads. With
    fewer values than the level can be held with (six at 95%), the interval is all their range.

    Shapes:
        values: (values,)

    Source: Thompson 1936, "On confidence ranges for the median".
    """
    ordered = np.sort(values)
    count = len(ordered)
    below = max(1, int(binom.ppf((1 - level) / 2, count, 0.5)))
    return Estimate(
        value=float(np.median(ordered)),
        low=float(ordered[below - 1]),
        high=float(ordered[count - below]),
        level=level,
        method=f"median of {count:,} values, interval between two of them (binomial)",
    )
