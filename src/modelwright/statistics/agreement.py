"""How far do annotators agree beyond chance?

Krippendorff's alpha takes any number of annotators and missing answers; Cohen's kappa is for two, Fleiss' for
equally many to an item. 1 is perfect agreement, 0 what chance alone would give. Items are resampled for the
interval, as answers to one item belong together. Disagreement (1 - alpha) is above 0, so the interval is a t
interval of its logarithm; where nobody ever disagreed it is what an unseen disagreement could still be.

Source:
    Krippendorff 2011, "Computing Krippendorff's alpha-reliability"; Cohen 1960; Fleiss 1971.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from modelwright.errors import UndefinedMeasure
from modelwright.records import Estimate
from modelwright.statistics.intervals import LEVEL, resampled
from modelwright.statistics.resampling import part_of
from modelwright.statistics.scoring import Weights
from modelwright.statistics.votes import Array, Places, Votes

Scale = Literal["nominal", "ordinal"]

UNSEEN = 3.0
"""What never happened in n items happens in fewer than 3 / n of them, with 95% confidence (the rule of three;
Hanley and Lippman-Hand 1983)."""


def alpha(votes: Votes, scale: Scale = "nominal") -> float:
    """Krippendorff's alpha of classes.

    Args:
        scale: ``ordinal`` where the classes' positions are their order: distant ones disagree more.

    Raises:
        UndefinedMeasure: no item has two answers, or all answers are one class.
    """
    return _alpha_of_counts(_pairable(votes.counts()), scale)


def alpha_estimate(votes: Votes, scale: Scale = "nominal", *, seed: int = 0) -> Estimate:
    """`alpha` and the interval it is known to."""
    counts = _pairable(votes.counts())
    return _estimated(
        lambda rows: partial(_alpha_of_counts, counts[rows], scale),
        len(counts),
        seed,
        _chance(counts),
    )


def alpha_of_values(items: Places, values: Array) -> float:
    """Krippendorff's alpha of numbers (interval scale), in long form.

    Raises:
        UndefinedMeasure: no item has two answers, or all answers are one number.
    """
    return _alpha_of_moments(_moments(items, values))


def alpha_of_values_estimate(items: Places, values: Array, *, seed: int = 0) -> Estimate:
    """`alpha_of_values` and the interval it is known to."""
    moments = _moments(items, values)
    return _estimated(lambda rows: partial(_alpha_of_moments, moments[rows]), len(moments), seed)


def cohen_kappa(votes: Votes, first: int, second: int, *, seed: int = 0) -> Estimate:
    """How far two annotators agree beyond chance, on the items that both answered.

    Raises:
        UndefinedMeasure: they share no item, or always gave one class.
    """
    labels = np.full((2, votes.item_count), -1, dtype=np.int64)
    for place, annotator in enumerate((first, second)):
        theirs = votes.annotators == annotator
        labels[place, votes.items[theirs]] = votes.labels[theirs]
    both = labels[:, (labels >= 0).all(axis=0)]
    if not both.shape[1]:
        raise _undefined("Cohen's kappa", "items that both annotators answered", "none")

    def scorer(rows: slice | Places) -> Callable[..., float]:
        one, other = both[:, rows]
        return partial(_kappa_of_pairs, one, other, votes.classes)

    return _estimated(
        scorer,
        both.shape[1],
        seed,
        _chance(np.bincount(both.ravel(), minlength=votes.classes)[None, :].astype(np.float64)),
    )


def fleiss_kappa(votes: Votes, *, seed: int = 0) -> Estimate:
    """How far annotators agree beyond chance where each item has equally many answers.

    Raises:
        UndefinedMeasure: items have different numbers of answers, or all answers are one class.
    """
    counts = votes.counts()
    counts = counts[counts.sum(axis=1) > 0]
    each = np.unique(counts.sum(axis=1))
    if len(each) != 1 or each[0] < 2:
        received = f"{', '.join(f'{count:.0f}' for count in each[:5]) or 'no'} answers an item"
        raise _undefined(
            "Fleiss' kappa", "items that all have the same number of answers, two or more", received
        )
    return _estimated(
        lambda rows: partial(_fleiss_of_counts, counts[rows]),
        len(counts),
        seed,
        _chance(counts),
    )


def _estimated(
    scorer: Callable[[slice | Places], Callable[..., float]], units: int, seed: int, chance: float = 1.0
) -> Estimate:
    """A coefficient of agreement over all units, and its interval from resampled ones.

    Args:
        scorer: of the units it is given; `chance`: how often two random answers differ.
    """
    value = scorer(slice(None))()
    if value >= 1.0:
        low = max(-1.0, value - min(UNSEEN / units, 1.0) / chance)
        method = f"no disagreement in {units:,} items: fewer than 3 in {units:,} would (rule of three)"
        return Estimate(value=value, low=low, high=1.0, level=LEVEL, method=method)
    rows, factor = part_of(np.arange(units), seed)
    of_part = scorer(slice(None) if rows is None else rows)
    return resampled(of_part, units if rows is None else len(rows), value=value, factor=factor, seed=seed)


def _chance(counts: Array) -> float:
    shares = counts.sum(axis=0) / counts.sum()
    return float(1.0 - np.square(shares).sum())


def _pairable(counts: Array) -> Array:
    """Items with two answers or more: one answer cannot disagree."""
    kept = counts[counts.sum(axis=1) >= 2]
    if not len(kept):
        raise _undefined("Krippendorff's alpha", "items with two answers or more", "none")
    return kept


def _alpha_of_counts(counts: Array, scale: Scale, weights: Weights = None) -> float:
    """1 - observed / expected disagreement, from answers an item and class, (items, classes)."""
    each = counts.sum(axis=1)
    share = (1.0 if weights is None else weights) / (each - 1.0)
    scaled = counts * share[:, None]
    coincidences = counts.T @ scaled
    coincidences[np.diag_indices_from(coincidences)] -= scaled.sum(axis=0)
    totals = coincidences.sum(axis=0)
    distances = _distances(totals, scale)
    expected = float(totals @ distances @ totals) / (totals.sum() - 1.0)
    if expected <= 0:
        raise _undefined("Krippendorff's alpha", "answers of two classes or more", "one class only")
    return 1.0 - float((coincidences * distances).sum()) / expected


def _distances(totals: Array, scale: Scale) -> Array:
    """Squared differences between classes, (classes, classes)."""
    if scale == "nominal":
        return 1.0 - np.eye(len(totals))
    # Between two ranks lie the answers between them, and half of their own.
    below = np.cumsum(totals) - totals / 2
    return np.square(below[:, None] - below[None, :])


def _moments(items: Places, values: Array) -> Array:
    """Answers, their sum and sum of squares for each item with two answers or more, (items, 3)."""
    centred = values - values.mean() if len(values) else values
    _, places = np.unique(items, return_inverse=True)
    sums = [np.bincount(places, weights) for weights in (None, centred, np.square(centred))]
    moments = np.column_stack(sums).astype(np.float64)
    kept = moments[moments[:, 0] >= 2]
    if not len(kept):
        raise _undefined("Krippendorff's alpha", "items with two answers or more", "none")
    return kept


def _alpha_of_moments(moments: Array, weights: Weights = None) -> float:
    each, sums, squares = moments.T
    within = (each * squares - np.square(sums)) / (each - 1.0)
    counted = np.ones(len(each)) if weights is None else weights
    answers, total, square = counted @ moments
    expected = (answers * square - total * total) / (answers - 1.0)
    if expected <= 0:
        raise _undefined("Krippendorff's alpha", "answers of two numbers or more", "one number only")
    return 1.0 - float(counted @ within) / float(expected)


def _kappa_of_pairs(one: Places, other: Places, classes: int, weights: Weights = None) -> float:
    pairs = np.bincount(one * classes + other, weights, classes * classes).reshape(classes, classes)
    pairs = pairs / pairs.sum()
    chance = float(pairs.sum(axis=1) @ pairs.sum(axis=0))
    if math.isclose(chance, 1.0):
        raise _undefined("Cohen's kappa", "answers of two classes or more", "one class only")
    return (float(np.trace(pairs)) - chance) / (1.0 - chance)


def _fleiss_of_counts(counts: Array, weights: Weights = None) -> float:
    each = counts[0].sum()
    counted = np.ones(len(counts)) if weights is None else weights
    agreeing = (np.square(counts).sum(axis=1) - each) / (each * (each - 1.0))
    shares = counted @ counts / (counted.sum() * each)
    chance = float(np.square(shares).sum())
    if math.isclose(chance, 1.0):
        raise _undefined("Fleiss' kappa", "answers of two classes or more", "one class only")
    return (float(counted @ agreeing / counted.sum()) - chance) / (1.0 - chance)


def _undefined(measure: str, expected: str, received: str) -> UndefinedMeasure:
    return UndefinedMeasure(
        where=measure,
        expected=expected,
        received=received,
        do_this="Let several annotators answer the same items.",
    )
