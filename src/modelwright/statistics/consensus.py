"""Which answer do annotators come to together, how sure is it, and how good is each of them?

CROWDLAB where a model's probabilities exist; else Dawid and Skene's model, but only where it proves itself:
fitted without a part of the items, it must foretell each answer there from the others better than a model in
which all annotators err alike, by more than chance (a paired t test over items). Otherwise the majority
counts. With fewer than `FEWEST_SHARED` answers on most items nothing can be proved, as two answers that
differ do not say who is right; nor where annotators who are wrong on purpose nearly outnumber the others, as
their picture is then as likely: unless `FEWEST_KNOWN` items are known, gold or decided, which are the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.statistics.crowdlab import crowdlab
from modelwright.statistics.dawid_skene import (
    Ability,
    Sheet,
    abilities,
    dawid_skene,
    evidence,
    normalised,
    posterior,
)
from modelwright.statistics.votes import Array, Places, Votes
from modelwright.statistics.voting import majority, shares

Method = Literal["majority", "dawid_skene", "crowdlab"]

FEWEST_SHARED = 3
FOLDS = 5
PROOF = 1.96
"""Standard errors by which Dawid and Skene's model must foretell better."""

FEWEST_KNOWN = 20
"""Items of known class, gold or decided, from which on these tell which side is right, and not how many
annotators say so. In 20 simulated crowds with 5 liars of 12, the consensus of 180 other items was so right in
32 of 100 more."""

SIDES = 1.0
"""Standard errors by which annotators, taken together, must be better than chance. In simulations with up to
40% liars, every fit that had taken them for the honest lay below 0.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What annotators come to.

    Args:
        method, reason: how it was found, and why so.
        labels: int64 (items,), -1 where nobody answered.
        probabilities: of each class, (items, classes).
        confusion: of each annotator, (annotators, true classes, answered classes).
    """

    method: Method
    reason: str
    labels: Places
    probabilities: Array
    confusion: Array

    @property
    def confidence(self) -> Array:
        """The probability of each item's label, (items,)."""
        return self.probabilities[np.arange(len(self.labels)), np.maximum(self.labels, 0)]


def consensus(votes: Votes, probabilities: Array | None = None, *, seed: int = 0) -> Consensus:
    """The annotators' consensus.

    Args:
        probabilities: a model's, of items it was not trained on, (items, classes).
        seed: which items prove the model together.
    """
    if probabilities is not None and (mixed := crowdlab(votes, probabilities)) is not None:
        return _of(votes, "crowdlab", "a model's probabilities weigh in", mixed)
    proved, reason = _proof(votes, seed)
    if not proved:
        return _of(votes, "majority", reason, shares(votes))
    sheet = Sheet.of(votes)
    told = _ability_on_known(sheet)
    ability = dawid_skene(sheet, start=told)
    if told is None and _either_side(ability.confusion):
        reason = "annotators are so often wrong together that the answers cannot tell which side is right"
        return _of(votes, "majority", reason, shares(votes))
    return _of(votes, "dawid_skene", reason, posterior(sheet, ability))


def _of(votes: Votes, method: Method, reason: str, found: Array) -> Consensus:
    probabilities = votes.settled(found)
    labels = majority(votes) if method == "majority" else probabilities.argmax(axis=1)
    if votes.known is not None:
        labels = np.where(votes.is_known(), votes.known, labels)
    answered = votes.answers_each() > 0
    return Consensus(
        method=method,
        reason=reason,
        labels=np.where(answered, labels, -1).astype(np.int64),
        probabilities=probabilities,
        confusion=_confusion(votes, probabilities),
    )


def _ability_on_known(sheet: Sheet) -> Ability | None:
    """How annotators answer items whose class is known; None where these are too few to tell."""
    votes = sheet.votes
    known = votes.is_known() & (votes.answers_each() > 0)
    if known.sum() < FEWEST_KNOWN:
        return None
    return abilities(sheet, votes.settled(shares(votes)), known.astype(np.float64))


def _either_side(confusion: Array) -> bool:
    """Whether annotators, drawn anew, could as well be worse than chance on the whole."""
    right = np.einsum("akk->a", confusion) / confusion.shape[1]
    if len(right) < 2:
        return True
    error = float(right.std(ddof=1)) / np.sqrt(len(right))
    return float(right.mean()) - 1.0 / confusion.shape[1] < SIDES * error


def _confusion(votes: Votes, probabilities: Array) -> Array:
    """How each annotator answers items of each class, as far as known; rows add up to 1."""
    return abilities(Sheet.of(votes), probabilities).confusion


def _proof(votes: Votes, seed: int) -> tuple[bool, str]:
    """Whether Dawid and Skene's model foretells better than if all annotators erred alike, and why."""
    each = votes.answers_each()
    items = np.flatnonzero(each >= 2)
    usual = float(np.median(each[each > 0])) if (each > 0).any() else 0.0
    if usual < FEWEST_SHARED or len(items) < 2 * FOLDS:
        return False, f"{usual:.0f} answers an item on most items: too few to tell annotators' quality"
    gain = _gains(votes, items, seed)
    error = float(gain.std(ddof=1)) / np.sqrt(len(gain))
    told = f"each item's answers are {gain.mean():.3f} nats better foretold (standard error {error:.3f})"
    if gain.mean() > PROOF * error:
        return True, f"annotators differ in quality: by their own errors {told}"
    return False, f"annotators' own errors foretell no better than shared ones: {told}"


def _gains(votes: Votes, items: Places, seed: int) -> Array:
    """How much better each item's answers are foretold by individual errors than by shared ones, (items,)."""
    alike = replace(votes, annotators=np.zeros_like(votes.annotators), annotator_count=1)
    fold = np.random.default_rng(seed).permutation(np.arange(votes.item_count) % FOLDS)
    gains = np.zeros(votes.item_count)
    for number in range(FOLDS):
        held = fold == number
        own, shared = (_foretold(each, ~held) for each in (votes, alike))
        gains[held] = (own - shared)[held]
    return gains[items]


def _foretold(votes: Votes, learnt_from: NDArray[np.bool_]) -> Array:
    """The log probability of each item's answers, each foretold from the item's others, (items,)."""
    sheet = Sheet.of(votes)
    ability = dawid_skene(sheet, learnt_from.astype(np.float64))
    likely = answer_likelihood(votes, ability)
    others = normalised(evidence(sheet, ability)[votes.items] - np.log(likely))
    foretold = np.log((others * likely).sum(axis=1))
    return np.bincount(votes.items, foretold, votes.item_count).astype(np.float64)


def answer_likelihood(votes: Votes, ability: Ability) -> Array:
    """The probability of each answer if its item were of each class, (answers, classes)."""
    return ability.confusion[votes.annotators, :, votes.labels]
