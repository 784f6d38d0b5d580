"""How a measure varies when other units had been drawn: the bootstrap, one weight a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure
from modelwright.statistics.scoring import Scorer

MOST_RESAMPLES = 1_000
FEWEST_RESAMPLES = 200
ROWS_IN_ALL = 10_000_000
"""Rows drawn over all resamples: about a third of a second for ROC AUC. 200 resamples know a standard
error to 5 % (1 / sqrt(2 x 200)), and are what Efron and Tibshirani 1993, section 6.4, ask for."""
MOST_UNITS = 100_000
"""With more units, the resamples are of a random part of this size, and what they vary by is shrunk
by the square root of the part's share: the cost stays at a second, whatever the rows."""
FEWEST_DEFINED_SHARE = 0.2
"""Below this share of resamples that have a value at all, no interval is told."""
MUTUAL = float(np.sqrt(2.0))
"""Scores of rows that answer each other, as in K-fold, vary by so much more than resampled or dealt rows of
finished answers: a quadratic form of targets over pairs of rows counts each pair twice. Exact for linear
smoothers that have learnt nothing; Nadeau and Bengio 2003 ("Inference for the generalization error") come to
1.5 for five folds and 1.41 for many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What the resamples gave.

    Args:
        values: (defined resamples, scorers).
        undefined: resamples left out as a scorer had no value there.
        units: how many units were drawn from.
    """

    values: NDArray[np.float64]
    undefined: int
    units: int

    def shrunk(self, factor: float) -> Draws:
        """As if the units had been so many more that scores vary by `factor` of what they do here."""
        centre = self.values.mean(axis=0)
        values = centre + factor * (self.values - centre)
        return Draws(values=values, undefined=self.undefined, units=self.units)

    def said(self) -> str:
        """In words, for `Estimate.method`."""
        left_out = f", {self.undefined:,} without a value left out" if self.undefined else ""
        return f"{len(self.values) + self.undefined:,} resamples of {self.units:,} units{left_out}"


def resamples_for(rows: int) -> int:
    """How many resamples to draw: fewer where rows are many."""
    return int(np.clip(ROWS_IN_ALL // max(rows, 1), FEWEST_RESAMPLES, MOST_RESAMPLES))


def part_of(units: NDArray[Any], seed: int) -> tuple[NDArray[np.int64] | None, float]:
    """The rows to resample (None: all of them), and the factor that their variation shrinks by."""
    numbers = np.unique(units)
    if len(numbers) <= MOST_UNITS:
        return None, 1.0
    kept = np.random.default_rng(seed).choice(numbers, MOST_UNITS, replace=False, shuffle=False)
    rows = np.flatnonzero(np.isin(units, kept))
    return rows, float(np.sqrt(MOST_UNITS / len(numbers)))


def draw(scorers: tuple[Scorer, ...], units: NDArray[Any], *, seed: int, resamples: int) -> Draws:
    """Score every resample with every scorer, all on the same rows' weights.

    Args:
        units: rows of one unit are drawn together, (rows,).

    Raises:
        UndefinedMeasure: hardly any resample has a value.
    """
    values: list[list[float]] = []
    for weights in _weights(units, seed, resamples):
        try:
            values.append([scorer(weights) for scorer in scorers])
        except UndefinedMeasure:  # this resample lacks a class, say: counted and left out
            continue
    count = len(np.unique(units))
    if len(values) < max(2, FEWEST_DEFINED_SHARE * resamples):
        raise UndefinedMeasure(
            where="interval of a score",
            expected="units enough that most resamples have a value",
            received=f"{len(values):,} of {resamples:,} resamples of {count:,} units have one",
            do_this="Bring more rows, or choose a measure that few rows suffice for, such as accuracy.",
        )
    return Draws(values=np.array(values), undefined=resamples - len(values), units=count)


def _weights(units: NDArray[Any], seed: int, resamples: int) -> Iterator[NDArray[np.float64]]:
    """As many units as there are, drawn with replacement: how often each row comes up."""
    _, inverse = np.unique(units, return_inverse=True)
    count = int(inverse.max()) + 1
    every_row_its_own = count == len(units)
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(0, count, count), minlength=count).astype(np.float64)
        yield drawn if every_row_its_own else drawn[inverse]
