"""How well does one column alone answer, judged on rows it was not fitted on?"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

FOLDS = 5
"""Four fifths of the rows fit, the rest judge: the usual balance (Kohavi 1995 finds 5 to 10 best)."""

BINS = 100
"""Numbers with more distinct values are cut at this many quantiles: fine enough to follow any leak."""

ROWS_A_BIN = 10
"""Where rows are few, so are bins: of two rows a mean is half luck, and drawn to the overall mean besides."""

MAX_ROWS = 20_000
"""Rows read, drawn at random: an AUC near 1 is then known to better than 0.002."""

MAX_CLASSES = 100
"""Classes told apart, the most frequent ones."""

PRIOR_ROWS = 1.0
"""A value's mean is drawn towards the overall mean as if it had been seen once more with that answer, so
that a value seen once claims little."""


def sampled(rows: int, seed: int, most: int = MAX_ROWS) -> NDArray[np.int64]:
    """At most so many of the rows, in order: int64 (sampled rows,)."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def sampled_classes(positions: NDArray[np.int64], seed: int, most: int = MAX_ROWS) -> NDArray[np.int64]:
    """At most so many rows, in order, the rarer classes whole: ROC AUC does not mind their shares.

    Args:
        positions: each row's class, (rows,); negative ones are left out.
    """
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(positions == place) for place in range(int(positions.max()) + 1)]
    kept: list[NDArray[np.int64]] = []
    left = most
    for index, rows in enumerate(sorted(members, key=len)):
        quota = left // (len(members) - index)
        kept.append(rows if len(rows) <= quota else generator.choice(rows, quota, replace=False))
        left -= len(kept[-1])
    return np.sort(np.concatenate(kept))


def codes_of(values: polars.Series) -> NDArray[np.int64]:
    """A small whole number a row that says which value, or which bin of numbers, it has; missing is its own.

    Of a date it only says whether it is there: rows of one week resemble each other in any smooth series,
    but "cancelled on" is there only for who cancelled.

    Args:
        values: Float64, Datetime or String (rows,).
    """
    if values.dtype.is_temporal():
        return values.is_not_null().cast(polars.Int64).to_numpy()
    bins = min(BINS, max(2, len(values) // ROWS_A_BIN))
    if values.dtype != polars.String and values.n_unique() > bins:
        return _binned(values.fill_null(np.nan).to_numpy(), bins)
    return (values.rank("dense").cast(polars.Int64).fill_null(0)).to_numpy()


def _binned(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="right") + 1)


def out_of_fold(codes: NDArray[np.int64], answers: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Each row answered with the mean answer of its value among the other folds' rows.

    Args:
        codes: (rows,). answers: class indicators or values, (rows, outputs).

    Returns:
        (rows, outputs).
    """
    fold = np.random.default_rng(seed).permutation(len(codes)) % FOLDS
    predicted = np.empty_like(answers)
    for held_out in range(FOLDS):
        judged = fold == held_out
        prior = answers[~judged].mean(axis=0)
        counts = np.bincount(codes[~judged], minlength=int(codes.max()) + 1)
        for output in range(answers.shape[1]):
            sums = np.bincount(codes[~judged], answers[~judged, output], len(counts))
            means = (sums + PRIOR_ROWS * prior[output]) / (counts + PRIOR_ROWS)
            predicted[judged, output] = means[codes[judged]]
    return predicted


def indicators(positions: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """One column a class, 1.0 where the row is of that class: (rows, classes)."""
    return (positions[:, None] == np.arange(classes)[None, :]).astype(np.float64)
