"""How often is each annotator right, and how well is that known?

A model in which each annotator has one number, how often she is right, gives the probability that each answer
is right; their mean is that number. (A confusion matrix each would know it worse: its many numbers must be
smoothed, and smoothing makes the good look worse and the bad better.) It is known less well than a share of
as many checked answers, since the truth itself is only probable: by Louis' identity what each answer tells is
reduced by how uncertain it is whether the answer is right.

Source:
    Louis 1982, "Finding the observed information matrix when using the EM algorithm".
"""

from __future__ import annotations

import math

import numpy as np

from modelwright.records import Estimate
from modelwright.statistics.dawid_skene import MOST_ROUNDS, TOLERANCE, Ability, Sheet, posterior
from modelwright.statistics.intervals import LEVEL, wilson
from modelwright.statistics.votes import Array, Votes
from modelwright.statistics.voting import shares

FEWEST_ANSWERS = 1.0
"""With less than one checked answer's worth nothing is said of an annotator."""


PRIOR_ANSWERS = 2.0
"""Answers, right as often as everybody's, that each annotator begins with."""


def qualities(votes: Votes) -> list[Estimate | None]:
    """Each annotator's accuracy; None where the answers do not tell (no item shared with anyone, say)."""
    held = (votes.answers_each() > 1) | votes.is_known()  # other answers alone are held against nothing
    shared = votes.where(held[votes.items])
    right = _right(shared)
    answers = np.bincount(shared.annotators, minlength=votes.annotator_count)
    counted = np.maximum(answers, 1)
    value = np.bincount(shared.annotators, right, votes.annotator_count) / counted
    doubt = np.bincount(shared.annotators, right * (1 - right), votes.annotator_count) / counted
    known = answers * _known(value, doubt)
    return [_quality(*each) for each in zip(value.tolist(), known.tolist(), answers.tolist(), strict=True)]


def _right(votes: Votes) -> Array:
    """The probability that each answer is right, (answers,)."""
    sheet, truth = Sheet.of(votes), votes.settled(shares(votes))
    answers = np.bincount(votes.annotators, minlength=votes.annotator_count)
    answered = votes.answers_each() > 0
    for _ in range(MOST_ROUNDS):
        right = np.bincount(votes.annotators, truth[votes.items, votes.labels], votes.annotator_count)
        usual = (right.sum() + PRIOR_ANSWERS) / (answers.sum() + PRIOR_ANSWERS * votes.classes)
        accuracy = (right + PRIOR_ANSWERS * usual) / (answers + PRIOR_ANSWERS)
        prevalence = truth[answered].sum(axis=0) + 1.0
        ability = Ability(
            confusion=_one_number(accuracy, votes.classes), prevalence=prevalence / prevalence.sum()
        )
        previous, truth = truth, posterior(sheet, ability)
        if np.abs(truth - previous).max(initial=0.0) < TOLERANCE:
            break
    return truth[votes.items, votes.labels]


def _one_number(accuracy: Array, classes: int) -> Array:
    """Confusion matrices of annotators who err towards all other classes alike."""
    wrong = (1.0 - accuracy) / max(classes - 1, 1)
    return wrong[:, None, None] + (accuracy - wrong)[:, None, None] * np.eye(classes)


def _known(value: Array, doubt: Array) -> Array:
    """How much of a checked answer each answer is worth, (annotators,)."""
    spread = value * (1 - value)
    return np.where(spread > 0, 1 - doubt / np.where(spread > 0, spread, 1.0), 1.0).clip(0.0, 1.0)


def _quality(value: float, known: float, answers: int) -> Estimate | None:
    if known < FEWEST_ANSWERS:
        return None
    low, high = wilson(value, known)
    told = f"Wilson interval, {answers:,} answers worth {math.floor(known):,} checked ones"
    return Estimate(value=value, low=low, high=high, level=LEVEL, method=told)
