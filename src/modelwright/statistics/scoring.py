"""What a measure is, once its rows are known: a function of their weights."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure

Array = NDArray[np.float64]
Weights = Array | None


class Scorer(Protocol):
    """A measure over fixed rows, each counted `weights` (rows,) times.

    Sorting is done once, when the scorer is made: a bootstrap calls it a thousand times.
    """

    def __call__(self, weights: Weights = None) -> float:
        """The measure; all rows count once where no weights are given."""
        ...


def undefined(measure: str, expected: str, received: str) -> UndefinedMeasure:
    """The error of a measure to which these rows give no value."""
    return UndefinedMeasure(
        where=f"measure {measure}",
        expected=expected,
        received=received,
        do_this="Bring more rows of what is rare or absent, or choose another measure.",
    )


def weighted_mean(values: NDArray[Any], weights: Weights) -> float:
    """The mean of `values` (rows,), each counted as often as its weight says."""
    if weights is None:
        return float(values.mean())
    # a BLAS product would start threads, and round by their number
    return float((weights * values).sum() / weights.sum())
