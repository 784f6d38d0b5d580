"""How much of the best candidate's score is the luck of having been picked?

Of many candidates judged on the same rows the best looks better than it is: its score was picked because
it was high. The correction picks again on resampled rows and judges what it picks on the rows left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure
from modelwright.records import Estimate
from modelwright.statistics.measures import Score
from modelwright.statistics.resampling import part_of, resamples_for
from modelwright.statistics.scoring import Scorer

Goal = Literal["maximise", "minimise"]

FEWEST_RESAMPLES = 200
"""The mean over the resamples is then known to a fourteenth of what it varies by."""


def corrected_for_picking(
    score: Score,
    targets: NDArray[Any],
    candidates: Sequence[NDArray[Any]],
    *,
    raw: Estimate,
    goal: Goal,
    units: NDArray[Any],
    seed: int,
    resamples: int | None = None,
) -> Estimate:
    """The score to expect of whichever candidate is picked as the best of these.

    Bootstrap bias-corrected cross-validation: in each resample of the units the candidate that scores best
    on the rows drawn is scored on the rows not drawn; the mean of that is the estimate. It is a little
    cautious, for a pick is made on 63 % of the units. The interval's arms are those of the raw score: picking
    moves a score, and makes it no better known.

    Args:
        candidates: each one's outputs on rows it was not trained on, (rows, outputs) or (rows, repeats,
            outputs).
        raw: the best one's score on these rows, with its interval.
        units: rows with one number are drawn together, (rows,).
        resamples: fewer where rows and candidates are many, unless given.

    Raises:
        UndefinedMeasure: the score has no value here, or hardly any resample has one.

    Source:
        Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the out-of-sample predictions for
        efficient and accurate cross-validation", Machine Learning 107.
    """
    rows, _ = part_of(units, seed)
    if rows is not None:
        targets, units, candidates = targets[rows], units[rows], [each[rows] for each in candidates]
    scorers = [score.on(targets, outputs) for outputs in candidates]
    count = resamples or max(FEWEST_RESAMPLES, resamples_for(len(scorers) * len(targets)))
    found = np.array([one for one in _judged(scorers, units, goal, seed, count) if one is not None])
    if len(found) < max(2, count // 5):
        raise UndefinedMeasure(
            where="score corrected for picking",
            expected="units enough that most resamples have a value on the rows drawn and on the others",
            received=f"{len(found):,} of {count:,} resamples have",
            do_this="Bring more rows, or choose a measure that few rows suffice for, such as accuracy.",
        )
    value = float(found.mean())
    if (value - raw.value) * (1.0 if goal == "maximise" else -1.0) > 0:
        value = raw.value  # chance: having been picked makes no candidate worth more
    moved = value - raw.value
    low, high = raw.low + moved, raw.high + moved
    if score.scale == "share":
        low, high = max(0.0, low), min(1.0, high)
    method = f"bootstrap bias-corrected cross-validation, best of {len(scorers)}, {count:,} resamples; arms: "
    return Estimate(value=value, low=low, high=high, level=raw.level, method=method + raw.method)


def _judged(
    scorers: Sequence[Scorer], units: NDArray[Any], goal: Goal, seed: int, resamples: int
) -> list[float | None]:
    """What the candidate picked on each resample scores on the rows that are not in it."""
    _, inverse = np.unique(units, return_inverse=True)
    count = int(inverse.max()) + 1
    generator = np.random.default_rng(seed)
    return [
        _one(scorers, np.bincount(generator.integers(0, count, count), minlength=count)[inverse], goal)
        for _ in range(resamples)
    ]


def _one(scorers: Sequence[Scorer], drawn: NDArray[np.int64], goal: Goal) -> float | None:
    inside, outside = drawn.astype(np.float64), (drawn == 0).astype(np.float64)
    sign = 1.0 if goal == "maximise" else -1.0
    try:
        values = [sign * scorer(inside) for scorer in scorers]
        return scorers[int(np.argmax(values))](outside)
    except UndefinedMeasure:  # a class is missing on one of the two sides
        return None
