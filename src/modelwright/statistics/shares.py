"""How sure is a count, a cost or a mean from so many rows? Intervals that bear zero counts and duplicates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import binom

from modelwright.records import Estimate
from modelwright.statistics.intervals import LEVEL, wilson

_Z = 1.959964  # the normal quantile of a 95% interval
_DRAWS = 2000
# Jeffreys' prior for a table of outcomes: half a row, shared out over the cells.
_PRIOR_ROWS = 0.5

Array = NDArray[np.float64]


def independent_rows(units: NDArray[np.int64]) -> float:
    """How many independent rows these are worth: duplicates and members of a group count as one.

    Source: Kish, Survey Sampling (1965), the design effect for full correlation within a cluster.
    """
    _, sizes = np.unique(units, return_counts=True)
    return float(sizes.sum() ** 2 / np.square(sizes).sum()) if len(sizes) else 0.0


def share(count: float, rows: float, *, worth: float | None = None, z: float = _Z) -> Estimate:
    """A share of rows with Wilson's interval, honest for 0 of n and n of n too.

    Args:
        count, rows: `count` of `rows` rows.
        worth: independent rows among them (see `independent_rows`), where some repeat others.
        z: the normal quantile of the interval.

    Source: Wilson (1927).
    """
    size = min(worth or rows, rows)
    value = count / rows
    low, high = wilson(value, size, z)
    method = f"Wilson interval of a share of {rows:,.0f} rows"
    level = LEVEL if z == _Z else 2 * float(ndtr(z)) - 1
    return Estimate(value=value, low=min(value, low), high=max(value, high), level=level, method=method)


def quantile(values: Array, part: float, *, worth: float) -> Estimate:
    """The value below which a part of the values lies, with an interval from their order alone.

    Args:
        values: (rows,). worth: independent rows among them.

    Source:
        Conover, Practical Nonparametric Statistics (1999), section 3.2: the ranks are a binomial's quantiles.
    """
    rows, size = len(values), max(1, round(min(worth, len(values))))
    ranks = binom.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], size, part) * rows / size
    ordered, last = np.sort(values), rows - 1
    return Estimate(
        value=float(np.quantile(ordered, part)),
        low=float(ordered[max(0, math.floor(ranks[0]) - 1)]),
        high=float(ordered[min(last, math.ceil(ranks[1]))]),
        level=LEVEL,
        method=f"order statistics of {rows:,.0f} rows",
    )


def times(factor: float, estimate: Estimate) -> Estimate:
    """An estimate of a share or mean, for `factor` cases; the factor is not negative."""
    return replace(
        estimate, value=factor * estimate.value, low=factor * estimate.low, high=factor * estimate.high
    )


class Outcomes:
    """Rows counted by what happened to them, and any figure of a day to come with its interval.

    The interval is one of prediction: it holds the figure of a single day, with its own luck, and not only
    the mean of all days.

    Args:
        cells: rows in each kind of outcome.
        cases: on a day.
        worth: independent rows among them.
        seed: of the draws.
    """

    def __init__(self, cells: Sequence[float], *, cases: float, worth: float, seed: int) -> None:
        counts = np.asarray(cells, dtype=np.float64)
        self.rows = float(counts.sum())
        self.shares: Array = counts / self.rows
        scaled = self.shares * min(worth, self.rows) + _PRIOR_ROWS * 2 / len(counts)
        generator, day = np.random.default_rng(seed), max(1, round(cases))
        self._draws: Array = generator.multinomial(day, generator.dirichlet(scaled, _DRAWS)).T / day

    def estimate(self, figure: Callable[[Array], Array]) -> Estimate:
        """A figure of a day's shares, e.g. ``lambda shares: 10 * shares[1]``.

        Args:
            figure: from shares (cells,) or (cells, draws) to a number or (draws,).
        """
        value = float(figure(self.shares))
        low, high = _interval(figure(self._draws))
        method = f"a day to come, given the outcomes of {self.rows:,.0f} sealed test rows, {_DRAWS:,} draws"
        return Estimate(value=value, low=min(low, value), high=max(high, value), level=LEVEL, method=method)


class Sums:
    """Sums over rows, resampled by unit, and any figure of them with its interval.

    Args:
        values: float64 (rows, sums): what each row adds to each sum.
        units: int64 (rows,): rows of one number are drawn together.
        seed: of the draws.
    """

    def __init__(self, values: Array, units: NDArray[np.int64], *, seed: int) -> None:
        _, unit_of_row = np.unique(units, return_inverse=True)
        self.units = int(unit_of_row.max()) + 1
        self.totals: Array = values.sum(axis=0)
        by_unit = np.zeros((self.units, values.shape[1]))
        np.add.at(by_unit, unit_of_row, values)
        generator = np.random.default_rng(seed)
        # One draw at a time: 2,000 draws of 100,000 units at once would take 1.6 GB.
        times = (
            np.bincount(generator.integers(0, self.units, self.units), minlength=self.units)
            for _ in range(_DRAWS // 2)
        )
        self._draws: Array = np.array([drawn @ by_unit for drawn in times]).T

    def estimate(self, figure: Callable[[Array], Array]) -> Estimate:
        """A figure of the sums, e.g. ``lambda sums: sums[0] / sums[1]``."""
        value = float(figure(self.totals))
        low, high = _interval(figure(self._draws))
        method = f"bootstrap over {self.units:,} units of the sealed test rows, {_DRAWS // 2:,} resamples"
        return Estimate(value=value, low=min(low, value), high=max(high, value), level=LEVEL, method=method)


def _interval(draws: Array) -> tuple[float, float]:
    finite = draws[np.isfinite(draws)]
    if finite.size == 0:
        return math.nan, math.nan
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
