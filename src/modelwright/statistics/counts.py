"""Measures of labels: what can be said from counts of actual, answered and rightly answered rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.statistics.scoring import Scorer, Weights, undefined

POSITIVE = 1
"""The positive class stands last of the two classes of a binary task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Weighted rows by class: `hits` were answered rightly. Each (classes,)."""

    actual: NDArray[Any]
    answered: NDArray[Any]
    hits: NDArray[Any]


def labels_of(outputs: NDArray[Any], threshold: float = 0.5) -> NDArray[np.int64]:
    """The class answered for each row.

    Args:
        outputs: probabilities, (rows, classes).
        threshold: binary only: the positive class is answered from this probability on.
    """
    if outputs.shape[1] == 2:
        return (outputs[:, POSITIVE] >= threshold).astype(np.int64)
    return np.argmax(outputs, axis=1).astype(np.int64)


def by_counts(rule: Callable[[Counts], float]) -> Callable[[NDArray[Any], NDArray[Any], float], Scorer]:
    """Turn a rule on counts into a measure of class positions (rows,) and outputs (rows, classes)."""

    def prepare(targets: NDArray[Any], outputs: NDArray[Any], threshold: float) -> Scorer:
        labels = labels_of(outputs, threshold)
        classes = outputs.shape[1]
        right = np.flatnonzero(labels == targets)

        def score(weights: Weights = None) -> float:
            inside = None if weights is None else weights[right]
            return rule(
                Counts(
                    actual=np.bincount(targets, weights, classes),
                    answered=np.bincount(labels, weights, classes),
                    hits=np.bincount(targets[right], inside, classes),
                )
            )

        return score

    return prepare


def accuracy(counts: Counts) -> float:
    """Share of rows answered rightly."""
    return float(counts.hits.sum() / counts.actual.sum())


def balanced_accuracy(counts: Counts) -> float:
    """Mean over the classes that occur of the share of their rows answered rightly."""
    occurs = counts.actual > 0
    if occurs.sum() < 2:
        raise undefined("balanced_accuracy", "rows of at least two classes", "rows of one class")
    return float(np.mean(counts.hits[occurs] / counts.actual[occurs]))


def recall(counts: Counts) -> float:
    """Share of the positive rows that were found; for several classes, the mean over those that occur."""
    return _over_classes("recall", counts, counts.hits, counts.actual)


def precision(counts: Counts) -> float:
    """Share of the positive answers that were right; for several classes, the mean over them.

    A class that was never answered counts 0, as in scikit-learn: the model has shown no precision.
    """
    return _over_classes("precision", counts, counts.hits, counts.answered)


def f1(counts: Counts) -> float:
    """Harmonic mean of precision and recall; for several classes, the mean over them (macro F1)."""
    return _over_classes("f1", counts, 2.0 * counts.hits, counts.actual + counts.answered)


def _over_classes(name: str, counts: Counts, above: NDArray[Any], below: NDArray[Any]) -> float:
    shares = above / np.maximum(below, np.finfo(np.float64).tiny)
    if len(shares) == 2:
        if counts.actual[POSITIVE] == 0:
            raise undefined(name, "rows of the positive class", "none")
        return float(shares[POSITIVE])
    seen = (counts.actual > 0) | (counts.answered > 0)
    return float(shares[seen].mean())
