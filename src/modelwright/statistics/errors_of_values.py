"""Measures of errors: how far are probabilities or values from what was true?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.statistics.scoring import Array, Scorer, Weights, undefined, weighted_mean

LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
"""log(0) is infinite: probabilities are kept this far from 0 and 1, as in scikit-learn."""


def log_loss(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Mean of minus the logarithm of the probability given to the true class (in nats)."""
    given = outputs[np.arange(len(targets)), targets]
    losses = -np.log(np.clip(given, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY))
    return lambda weights=None: weighted_mean(losses, weights)


def brier(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Mean squared error of the probabilities: of the positive class, or summed over several classes."""
    truth = np.zeros(outputs.shape)
    truth[np.arange(len(targets)), targets] = 1.0
    squares = np.square(outputs - truth).sum(axis=1)
    losses = squares / 2 if outputs.shape[1] == 2 else squares
    return lambda weights=None: weighted_mean(losses, weights)


def rmse(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Root of the mean squared error; the mean over targets where there are several.

    Args:
        targets, outputs: values, (rows, targets).
    """
    squares = np.square(outputs - targets)
    return lambda weights=None: float(np.mean(np.sqrt(np.average(squares, axis=0, weights=weights))))


def mae(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Mean absolute error; the mean over targets where there are several."""
    errors = np.abs(outputs - targets).mean(axis=1)
    return lambda weights=None: weighted_mean(errors, weights)


def mape(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Mean absolute error as a share of the true value; undefined where a true value is 0."""
    if (targets == 0).any():
        raise undefined("mape", "targets other than 0", f"{int((targets == 0).sum())} targets of 0")
    shares = np.abs((outputs - targets) / targets).mean(axis=1)
    return lambda weights=None: weighted_mean(shares, weights)


def r2(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Share of the target's variance that is explained; the mean over targets where there are several."""
    squares = np.square(outputs - targets)
    scale: Array = np.maximum(np.ptp(targets, axis=0), np.finfo(np.float64).tiny)

    def score(weights: Weights = None) -> float:
        centred = targets - np.average(targets, axis=0, weights=weights)
        variance = np.average(np.square(centred), axis=0, weights=weights)
        # below this, a "variance" is what rounding leaves of a constant target
        if (variance <= np.square(scale) * 1e-24).any() or (np.ptp(targets, axis=0) == 0).any():
            raise undefined("r2", "a target that varies", "a constant target")
        return float(np.mean(1.0 - np.average(squares, axis=0, weights=weights) / variance))

    return score


def median_absolute_error(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Median absolute error; the mean over targets where there are several."""
    errors = np.abs(outputs - targets)
    orders = [np.argsort(column, kind="stable") for column in errors.T]
    ordered = [column[order] for column, order in zip(errors.T, orders, strict=True)]

    def score(weights: Weights = None) -> float:
        if weights is None:
            return float(np.median(errors, axis=0).mean())
        pairs = zip(ordered, orders, strict=True)
        return float(np.mean([_weighted_median(values, weights[order]) for values, order in pairs]))

    return score


def _weighted_median(ordered: Array, weights: Array) -> float:
    """The middle of `ordered` values; halfway between two where the weights part exactly there."""
    kept = weights > 0
    values, reached = ordered[kept], np.cumsum(weights[kept])
    half = reached[-1] / 2
    low = int(np.searchsorted(reached, half * (1 - 1e-12)))
    high = int(np.searchsorted(reached, half * (1 + 1e-12), side="right"))
    return float((values[low] + values[min(high, len(values) - 1)]) / 2)
