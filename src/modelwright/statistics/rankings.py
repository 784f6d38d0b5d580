"""Measures of ranking: does the model put the right rows first, whatever the threshold?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.statistics.counts import POSITIVE
from modelwright.statistics.scoring import Array, Scorer, Weights, undefined


def roc_auc(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Chance that a random positive row is ranked above a random negative one; ties count half.

    Args:
        targets: class positions, (rows,). outputs: probabilities, (rows, 2).
    """
    return _area("roc_auc", targets == POSITIVE, outputs[:, POSITIVE])


def roc_auc_ovr(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Mean over the classes that occur of the ROC AUC of that class against the rest."""
    occurring = [int(position) for position in np.unique(targets)]
    areas = [_area("roc_auc_ovr", targets == position, outputs[:, position]) for position in occurring]

    def score(weights: Weights = None) -> float:
        counts = np.bincount(targets, weights, outputs.shape[1])
        present = [area for area, position in zip(areas, occurring, strict=True) if counts[position] > 0]
        if len(present) < 2:
            raise undefined("roc_auc_ovr", "rows of at least two classes", "rows of one class")
        return float(np.mean([area(weights) for area in present]))

    return score


def _area(name: str, positive: NDArray[np.bool_], ranks: NDArray[Any]) -> Scorer:
    order = np.argsort(ranks, kind="stable")
    is_positive = positive[order]
    starts = _tie_starts(ranks[order])
    group = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    after = np.append(first[1:], len(order))
    where = np.flatnonzero(is_positive)
    below, upto = first[group[where]], after[group[where]]
    positive_rows, negative = order[where], (~is_positive).astype(np.float64)

    def score(weights: Weights = None) -> float:
        counted = negative if weights is None else weights[order] * negative
        negatives = np.concatenate(([0.0], np.cumsum(counted)))
        wins = (negatives[below] + negatives[upto]) / 2
        gained = np.ones(len(where)) if weights is None else weights[positive_rows]
        total = gained.sum() * negatives[-1]
        if total <= 0:
            raise undefined(name, "rows of both classes", "rows of one class")
        return float((gained * wins).sum() / total)

    return score


def average_precision(targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    """Mean precision over the positive rows, each at the threshold that just reaches it.

    Args:
        targets: class positions, (rows,). outputs: probabilities, (rows, 2).
    """
    ranks = outputs[:, POSITIVE]
    order = np.argsort(-ranks, kind="stable")
    ends = np.append(np.flatnonzero(_tie_starts(ranks[order]))[1:], len(order)) - 1
    is_positive: Array = (targets[order] == POSITIVE).astype(np.float64)

    def score(weights: Weights = None) -> float:
        counted = np.ones(len(order)) if weights is None else weights[order]
        found = np.cumsum(counted * is_positive)[ends]
        answered = np.cumsum(counted)[ends]
        if found[-1] <= 0:
            raise undefined("average_precision", "rows of the positive class", "none")
        precision = found / np.maximum(answered, np.finfo(np.float64).tiny)
        return float((np.diff(found, prepend=0.0) * precision).sum() / found[-1])

    return score


def _tie_starts(ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a new value begins."""
    return np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)]
