"""How well must a model answer to be told from chance? Answers of known skill, drawn."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri, softmax

from modelwright.errors import UndefinedMeasure
from modelwright.statistics.measures import Score
from modelwright.statistics.permutation import ALPHA, dealing
from modelwright.statistics.resampling import MUTUAL

Goal = Literal["maximise", "minimise"]
Outputs = NDArray[np.float64]

DRAWS = 100
CAUTION = 0.02
"""Added to the power asked for: the standard deviation of so many draws is itself known to 7 %. With half of
it 4.8 % of 2,000 simulated worlds were missed where 5 % may be, and 5.4 % in two of four kinds."""

WEAKEST, STRONGEST = 1e-3, 30.0
"""Signals looked at: from none that any table could show to targets seen as good as clearly."""

TOLERANCE = 0.02
"""Of the signal's logarithm."""

FAR_BELOW = -1e6
"""In place of a score that has no value."""


def right_answers(targets: NDArray[Any], outputs: int) -> Outputs:
    """The targets as a model's outputs.

    Shapes:
        targets: class positions int64 (rows,), or values (rows,) or (rows, outputs). result: (rows, outputs)
    """
    if np.issubdtype(targets.dtype, np.integer):
        return np.eye(outputs)[targets]
    return targets.reshape(len(targets), outputs).astype(np.float64)


def calibrated_answers(targets: NDArray[Any], signal: float, noise: Outputs) -> Outputs:
    """What a calibrated model answers that sees each target through noise.

    It sees the target's indicator (a class) or its distance from the mean (a value, in standard deviations)
    times the signal, plus the noise, and answers what follows by Bayes' rule.

    Args:
        noise: standard normal, (rows, outputs).
    """
    right = right_answers(targets, noise.shape[1])
    if np.issubdtype(targets.dtype, np.integer):
        shares = np.maximum(right.mean(axis=0), 1 / (2 * len(right)))
        return softmax(np.log(shares) + signal * (signal * right + noise), axis=1)
    mean, width = right.mean(axis=0), right.std(axis=0)
    standard = (right - mean) / np.where(width > 0, width, 1.0)
    return mean + width * (signal**2 * standard + signal * noise) / (1.0 + signal**2)


def score_found(
    score: Score,
    targets: NDArray[Any],
    outputs: int,
    *,
    goal: Goal,
    border: float,
    units: NDArray[Any],
    seed: int,
    in_order: bool = False,
    mutual: bool = False,
    power: float = 0.95,
) -> float:
    """The mean score of calibrated models that `association` just finds with this probability.

    Args:
        outputs: numbers a model answers a row. border: the score with a chance of `ALPHA` among the
            candidates asked so far; the models drawn must beat it, and deals of their own.
        units: rows with one number are seen through one noise. in_order, mutual: as `association` takes them.

    Returns:
        The targets' own score where even that would not be found.

    Shapes:
        targets: class positions int64 (rows,), or values (rows,) or (rows, outputs)

    Source: Cohen 1988, "Statistical power analysis for the behavioral sciences", chapter 1.
    """
    _, numbers = np.unique(units, return_inverse=True)
    sign = 1.0 if goal == "maximise" else -1.0
    wider = MUTUAL if mutual else 1.0
    arms, deal_arms = wider * float(ndtri(min(power + CAUTION, 0.999))), wider * float(ndtri(1 - ALPHA))

    def scored(answers: Outputs, asked: NDArray[Any]) -> float:
        try:
            return sign * score(asked, answers)
        except UndefinedMeasure:  # no positive answer yet, say
            return FAR_BELOW

    def drawn(log_signal: float) -> NDArray[np.float64]:
        """Scores on the targets, and on targets dealt anew: (draws, 2)."""
        generator = np.random.default_rng([seed, 3])
        deal = dealing(units, seed, in_order=in_order)
        found: list[tuple[float, float]] = []
        for _ in range(DRAWS):
            noise = generator.standard_normal((int(numbers.max()) + 1, outputs))[numbers]
            answers = calibrated_answers(targets, float(np.exp(log_signal)), noise)
            found.append((scored(answers, targets), scored(answers, targets[deal()])))
        return np.array(found)

    def surplus(log_signal: float) -> float:
        own, dealt = drawn(log_signal).T
        bar = max(sign * border, float(dealt.mean() + deal_arms * dealt.std(ddof=1)))
        return float(own.mean() - arms * own.std(ddof=1)) - bar

    least, most = float(np.log(WEAKEST)), float(np.log(STRONGEST))
    if surplus(most) <= 0:
        return score(targets, right_answers(targets, outputs))
    enough = least if surplus(least) > 0 else brentq(surplus, least, most, xtol=TOLERANCE)
    return sign * float(drawn(float(enough))[:, 0].mean())  # type: ignore[arg-type]  # full_output is off
