"""Are losses higher in a part of the rows than chance would have it, when many parts were looked at?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit
from scipy.stats import rankdata

from modelwright.records import Estimate

MOST_VALUES = 16
"""Losses of at most so many different values are dealt anew; others are compared by their ranks."""

DEALS = 20_000

Losses = NDArray[np.float64]
Inside = NDArray[np.bool_]


def benjamini_hochberg(p_values: NDArray[np.float64], rate: float) -> NDArray[np.bool_]:
    """Which findings to report, so that on average at most `rate` of those reported are false.

    Example:
        >>> benjamini_hochberg(np.array([0.01, 0.2, 0.02]), 0.05).tolist()
        [True, False, True]

    Source:
        Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    order, count = np.argsort(p_values, kind="stable"), len(p_values)
    below = np.flatnonzero(p_values[order] <= rate * np.arange(1, count + 1) / max(1, count))
    kept = np.zeros(count, dtype=bool)
    kept[order[: below[-1] + 1 if len(below) else 0]] = True
    return kept


def higher_inside(losses: Losses, inside: Inside, units: NDArray[np.int64], *, seed: int) -> float:
    """How often losses dealt at random would be as high inside as they are.

    Rows of one unit on one side count as one. Few different losses (right and wrong) are dealt anew without
    replacement; many are compared by their ranks, which no single loss can decide.

    Args:
        losses, inside, units: (rows,).

    Source:
        Fisher's exact test for two values; Mann and Whitney 1947 for ranks, normal with ties and continuity
        corrected.
    """
    values, within = _by_unit(losses, inside, units)
    sizes = len(values), int(within.sum())
    if sizes[1] in (0, sizes[0]):
        return 1.0
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= MOST_VALUES:
        generator = np.random.default_rng(seed)
        dealt = generator.multivariate_hypergeometric(counts, sizes[1], DEALS, method="marginals") @ different
        seen = values[within].sum()
        return float((1 + np.sum(dealt >= seen - 1e-9 * max(1.0, abs(seen)))) / (1 + DEALS))
    return _by_ranks(values, within, counts)


def _by_unit(losses: Losses, inside: Inside, units: NDArray[np.int64]) -> tuple[Losses, Inside]:
    """The mean loss of each unit's rows on each side."""
    found, place = np.unique(2 * units + inside, return_inverse=True)
    return np.bincount(place, losses) / np.bincount(place), found % 2 == 1


def _by_ranks(values: Losses, within: Inside, ties: NDArray[np.int64]) -> float:
    rows, inside = len(values), int(within.sum())
    above = float(rankdata(values)[within].sum()) - inside * (rows + 1) / 2
    tied = float(np.sum(ties.astype(np.float64) ** 3 - ties)) / (rows * (rows - 1))
    deviation = np.sqrt(inside * (rows - inside) / 12 * (rows + 1 - tied))
    return float(ndtr(-(above - 0.5) / deviation))


def mean_of(losses: Losses, units: NDArray[np.int64], *, level: float) -> Estimate:
    """A mean with a t interval over units.

    Source:
        The linearised variance of a ratio of sums over clusters (Cochran 1977, section 6.4).
    """
    _, place = np.unique(units, return_inverse=True)
    sizes, sums = np.bincount(place), np.bincount(place, losses)
    mean, count = float(losses.mean()), len(sizes)
    if count < 2:
        return Estimate(value=mean, low=mean, high=mean, level=level, method="a single unit")
    spread = np.sqrt(count / (count - 1) * np.sum((sums - mean * sizes) ** 2)) / len(losses)
    half = float(stdtrit(count - 1, (1 + level) / 2) * spread)
    method = f"t interval of a mean over {count:,} units"
    return Estimate(value=mean, low=mean - half, high=mean + half, level=level, method=method)
