"""The common-sense contender: always the same answer, whatever the row."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.choices import read_choices
from modelwright.engine.target import Target
from modelwright.engine.trained import Trained
from modelwright.records import Recipe, record


@record
class PriorChoices:
    """Regression: which constant. The median has the least absolute error, the mean the least squared.

    ``last`` is what an answer falls back to where there is none before it: the mean. ``guess`` and
    ``positive`` begin with the classes' shares, too.
    """

    statistic: Literal["mean", "median", "last", "guess", "positive"] = "mean"


def train_prior(recipe: Recipe, target: Target, answers: NDArray[Any]) -> Trained:
    """Class shares of the training answers, or their mean or median."""
    choices = read_choices(recipe, PriorChoices)
    if target.classifies:
        answer = np.bincount(answers, minlength=target.outputs) / len(answers)
    else:
        statistic = np.median if choices.statistic == "median" else np.mean
        answer = statistic(np.asarray(answers, dtype=np.float64).reshape(len(answers), -1), axis=0)
    return Trained(recipe=recipe, target=target, arrays={"answer": np.asarray(answer, dtype=np.float64)})


def predict_prior(trained: Trained, rows: int) -> NDArray[np.float64]:
    """The constant answer, once a row: (rows, outputs)."""
    answer: NDArray[np.float64] = trained.arrays["answer"]
    return np.tile(answer, (rows, 1))
