"""What will happen on a day to come, given what happened to rows that were counted?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
PRIOR = 0.5
"""Jeffreys' prior: half a row that it happened to, and half a row that it did not."""

DRAWS = 4_000
"""Days drawn: the ends of an interval are then known to a percentile or so of the days."""

Counts = NDArray[np.float64]


def on_a_day(happened: Counts, rows: float, cases: float, *, worth: float | None = None) -> Counts:
    """How often something will happen among a day's cases, when it happened to so many of the rows.

    The interval is one of prediction: it holds the count of a single day, with its own luck, and not only
    the mean of all days.

    Args:
        happened: rows that it happened to, (counts,), of `rows` rows.
        cases: on a day.
        worth: independent rows among them, where some repeat others.

    Returns:
        (counts, 3): what is expected, and the ends of the 95% interval.

    Source:
        Jeffreys' predictive distribution of a binomial count, the beta-binomial; see Krishnamoorthy and Peng
        2011, "Improved closed-form prediction intervals for binomial and Poisson distributions".
    """
    different, place = np.unique(np.asarray(happened, dtype=np.float64), return_inverse=True)
    size, generator = min(worth or rows, rows), np.random.default_rng(0)
    happens = size * different / rows + PRIOR
    shares = generator.beta(happens, size + 2 * PRIOR - happens, size=(DRAWS, len(different)))
    days = generator.binomial(max(1, round(cases)), shares)
    ends = np.quantile(days, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="inverted_cdf")
    expected = cases * different / rows
    return np.column_stack([expected, np.minimum(ends[0], expected), np.maximum(ends[1], expected)])[place]


def combined(*priced: tuple[float, Counts]) -> Counts:
    """What several counts cost together on a day.

    The distance of each end from what is expected is the root of the summed squares of the parts' distances,
    each times its price: exact where one part is all that matters, and as skewed as the parts are.

    Args:
        priced: the price of one, not negative, and its (counts, 3) of `on_a_day`.

    Returns:
        (counts, 3): what is expected, and the ends of the 95% interval.

    Source:
        Zou and Donner 2008, "Construction of confidence limits about effect measures", the method of variance
        estimates recovery (MOVER), here for parts that hardly depend on each other.
    """
    expected = sum(price * part[:, 0] for price, part in priced)
    below = np.sqrt(sum((price * (part[:, 0] - part[:, 1])) ** 2 for price, part in priced))
    above = np.sqrt(sum((price * (part[:, 2] - part[:, 0])) ** 2 for price, part in priced))
    return np.column_stack([expected, expected - below, expected + above])
