"""Which labels are likely wrong? Confident learning, from answers to rows a model was not trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def likely_errors(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """The rows whose label is doubted, the most doubtful first.

    A row is doubted when another class than its label reaches the probability that rows of that class have on
    average, and of all that do is the most probable one. Doubt is how far the label's probability lies below
    the most probable other class's.

    Shapes:
        labels: (rows,), class positions; probabilities: (rows, classes)

    Returns:
        int64 (doubted rows,)

    Source:
        Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels",
        Journal of Artificial Intelligence Research 70, equations 1 and 2; ranked by normalised margin.
    """
    classes = probabilities.shape[1]
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    counts = np.bincount(labels, minlength=classes)
    usual = np.bincount(labels, own, classes) / np.maximum(counts, 1)
    reached = (probabilities >= usual[None, :]) & (counts > 0)[None, :]
    best = np.where(reached, probabilities, -np.inf)
    confident = best.argmax(axis=1)
    doubted = np.flatnonzero(reached.any(axis=1) & (confident != labels))
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    margin = own - others.max(axis=1)
    return doubted[np.argsort(margin[doubted], kind="stable")]
