"""Which class is each item of, and how does each annotator err? Dawid and Skene's model, smoothed.

Each item has one true class; each annotator confuses classes in a way of her own. Expectation maximisation
finds both from the answers alone. Whoever gave few answers is drawn towards the confusion of all: her rows of
the confusion matrix count `PRIOR_ANSWERS` answers of everybody's, and those some of an annotator who is
mostly right.

Source:
    Dawid and Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm".
    Smoothing as in Paun et al. 2018, "Comparing Bayesian models of annotation" (hierarchical Dawid-Skene).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from modelwright.statistics.votes import Array, Votes
from modelwright.statistics.voting import shares

PRIOR_ANSWERS = 3.0
"""Answers of everybody's that each row of an annotator's confusion matrix begins with. Of 1 to 4, the fewest
with which no simulated crowd fell below its majority's interval: with 2, a rare class rests on too few."""

PRIOR_RIGHT = 2.0
"""Right answers, and `PRIOR_WRONG` wrong ones, that everybody's confusion begins with: people are mostly
right, which also says which of the model's mirrored solutions is meant."""
PRIOR_WRONG = 1.0

MOST_ROUNDS = 200
TOLERANCE = 1e-6
"""Rounds end when no item's probability moves by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What the answers say of annotators and classes.

    Shapes:
        confusion: (annotators, true classes, answered classes), rows add up to 1
        prevalence: (classes,)
    """

    confusion: Array
    prevalence: Array

    @property
    def accuracy(self) -> Array:
        """How often each annotator would be right on items as they come, (annotators,)."""
        return np.einsum("akk,k->a", self.confusion, self.prevalence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Votes laid out for sums over items and over annotators.

    Args:
        answered: (items, annotators x classes), 1 where that annotator answered that.
    """

    votes: Votes
    answered: csr_array

    @classmethod
    def of(cls, votes: Votes) -> Sheet:
        """Lay the votes out."""
        columns = votes.annotators * votes.classes + votes.labels
        ones = np.ones(len(columns))
        shape = (votes.item_count, votes.annotator_count * votes.classes)
        return cls(votes=votes, answered=csr_array((ones, (votes.items, columns)), shape=shape))


def dawid_skene(sheet: Sheet, weights: Array | None = None, start: Ability | None = None) -> Ability:
    """Fit the model.

    Args:
        weights: how often each item counts, (items,); 0 leaves it out.
        start: an ability to begin from, instead of each item's shares of answers.
    """
    truth = sheet.votes.settled(shares(sheet.votes)) if start is None else posterior(sheet, start)
    ability = abilities(sheet, truth, weights)
    for _ in range(MOST_ROUNDS):
        previous, truth = truth, posterior(sheet, ability)
        ability = abilities(sheet, truth, weights)
        if np.abs(truth - previous).max(initial=0.0) < TOLERANCE:
            break
    return ability


def posterior(sheet: Sheet, ability: Ability) -> Array:
    """The probability of each class for each item, (items, classes); the prevalence where nobody answered."""
    return sheet.votes.settled(normalised(evidence(sheet, ability)))


def evidence(sheet: Sheet, ability: Ability) -> Array:
    """The logarithm of prevalence times the likelihood of an item's answers, (items, classes)."""
    return np.log(ability.prevalence) + sheet.answered @ _by_answer(np.log(ability.confusion))


def normalised(logarithms: Array) -> Array:
    """Probabilities from their logarithms up to a constant, along the last axis."""
    shifted = np.exp(logarithms - logarithms.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def abilities(sheet: Sheet, truth: Array, weights: Array | None = None) -> Ability:
    """The likeliest ability, given each item's probable class."""
    votes = sheet.votes
    counted = votes.answers_each() > 0 if weights is None else weights * (votes.answers_each() > 0)
    weighted = truth * counted[:, None]
    counts = (sheet.answered.T @ weighted).reshape(votes.annotator_count, votes.classes, votes.classes)
    counts = counts.transpose(0, 2, 1)
    everybody = counts.sum(axis=0) + _prior(votes.classes)
    everybody /= everybody.sum(axis=1, keepdims=True)
    confusion = counts + PRIOR_ANSWERS * everybody
    prevalence = weighted.sum(axis=0) + 1.0
    return Ability(
        confusion=confusion / confusion.sum(axis=2, keepdims=True), prevalence=prevalence / prevalence.sum()
    )


def _prior(classes: int) -> Array:
    wrong = PRIOR_WRONG / max(classes - 1, 1)
    return np.full((classes, classes), wrong) + (PRIOR_RIGHT - wrong) * np.eye(classes)


def _by_answer(confusion: Array) -> Array:
    """(annotators x answered classes, true classes)."""
    return confusion.transpose(0, 2, 1).reshape(-1, confusion.shape[1])
