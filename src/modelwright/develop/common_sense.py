"""What answers without learning: one constant, the last answer, today's solution (section 6.2.4)."""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.develop.existing import existing_answers
from modelwright.develop.folds import Folds
from modelwright.engine.prior import predict_prior, train_prior
from modelwright.records import Bench, Desk, Recipe

Outputs = NDArray[np.float64]
LAST, GUESS, POSITIVE = "last", "guess", "positive"

EVERY_CLASS = ("f1", "precision", "balanced_accuracy")
"""Measures that reward who answers every class, right or wrong. Recall is not among them: always answering
the positive class has all of it, and no model could be better."""


def common_sense(bench: Bench, existing_code: str = "") -> tuple[Recipe, ...]:
    """A constant, the last answer where rows have a time, and today's solution where there is one.

    Where the measure is one of `EVERY_CLASS` the most frequent class is no bar; guesses by the classes'
    shares, and always the positive one of two, stand beside it.

    Args:
        existing_code: source text of the file that holds the existing solution, where it is a function.
    """
    absolute = "absolute" in bench.measure.name or bench.measure.name == "mae"
    statistic = "median" if absolute else "mean"
    name = "most frequent class" if bench.dataset.classes else statistic
    found = [Recipe(family="prior", name=name, choices={"statistic": statistic})]
    if bench.dataset.classes and bench.measure.name in EVERY_CLASS:
        found.append(
            Recipe(family="prior", name="guesses by the classes' shares", choices={"statistic": GUESS})
        )
        if len(bench.dataset.classes) == 2:
            always = f"always {bench.dataset.classes[1]!r}"
            found.append(Recipe(family="prior", name=always, choices={"statistic": POSITIVE}))
    if bench.task.time is not None:
        found.append(Recipe(family="prior", name="the last answer", choices={"statistic": LAST}))
    if (solution := bench.task.existing_solution) is not None:
        code = existing_code if solution.kind == "function" else ""
        found.append(Recipe(family="existing", name="existing solution", code=code, function=solution.name))
    return tuple(found)


def untrained_answers(desk: Desk, folds: Folds, recipe: Recipe) -> Outputs | None:
    """What needs no training says of every row, (rows, outputs); None for a recipe that is trained.

    A constant is the same for all splits. Constants of their own would rank the folds, and rank them
    wrongly (a fold with more positives leaves fewer to learn from): common sense would score below chance.
    """
    if recipe.family == "existing":
        return existing_answers(desk, folds, recipe)
    if recipe.family != "prior":
        return None
    constant = predict_prior(
        train_prior(recipe, folds.target, folds.answers[folds.usable]), len(folds.answers)
    )
    statistic = recipe.choices.get("statistic")
    if statistic == GUESS:
        return _guesses(constant, folds.bench.protocol.seed)
    if statistic == POSITIVE:
        return np.tile([0.0, 1.0], (len(constant), 1))
    if statistic != LAST:
        return constant
    table: polars.DataFrame = desk.read(folds.bench.dataset.table)
    moments = table[str(folds.bench.task.time)].rank("dense").cast(polars.Float64).fill_null(np.nan)
    return _last_answers(folds, last_rows(moments.to_numpy()), constant)


def _guesses(shares: Outputs, seed: int) -> Outputs:
    """A class drawn for each row by the classes' shares, with certainty: (rows, classes)."""
    drawn = np.random.default_rng(seed).choice(shares.shape[1], len(shares), p=shares[0])
    return np.eye(shares.shape[1])[drawn]


def last_rows(moments: NDArray[np.float64]) -> NDArray[np.int64]:
    """Each row's latest row of an earlier moment, -1 where there is none: int64 (rows,).

    Rows of one moment do not know each other's answers.

    Args:
        moments: ranks of time, (rows,); NaN where it is not known.
    """
    order = np.argsort(moments, kind="stable")
    known = int(np.isfinite(moments).sum())
    sequence = moments[order[:known]]
    before = np.searchsorted(sequence, sequence, side="left") - 1
    found = np.full(len(moments), -1, dtype=np.int64)
    found[order[:known]] = np.where(before >= 0, order[before], -1)
    return found


def _last_answers(folds: Folds, last: NDArray[np.int64], constant: Outputs) -> Outputs:
    """The value of the last row; of classes, how often each one followed the last row's class.

    How often is counted among rows that development may use, with the constant counted in once, so that no
    class is ever said to be impossible.
    """
    found = constant.copy()
    has_last = last >= 0
    if not folds.target.classifies:
        values = np.asarray(folds.answers, dtype=np.float64).reshape(len(last), -1)
        found[has_last] = values[last[has_last]]
        return found
    usable = np.zeros(len(last), dtype=np.bool_)
    usable[folds.usable] = True
    counted = np.flatnonzero(has_last & usable & usable[last])
    followed = np.tile(constant[0], (folds.target.outputs, 1))
    np.add.at(followed, (folds.answers[last[counted]], folds.answers[counted]), 1.0)
    followed /= followed.sum(axis=1, keepdims=True)
    found[has_last] = followed[folds.answers[last[has_last]]]
    return found
