"""What do most annotators say?"""

from __future__ import annotations

import numpy as np

from modelwright.statistics.votes import Array, Places, Votes


def shares(votes: Votes) -> Array:
    """The share of an item's answers that each class has, (items, classes); 0 where nobody answered."""
    counts = votes.counts()
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)


def majority(votes: Votes, probabilities: Array | None = None) -> Places:
    """The class that most answers give, (items,); -1 where nobody answered.

    Ties go to what a model finds more probable, where there is one, else to the annotators who agree more
    with others. (To the commoner class would be wrong where annotators lean to it, to the rarer one where it
    is rare.)

    Args:
        probabilities: a model's, (items, classes).
    """
    counts = votes.counts()
    each = counts.sum(axis=1)
    order = probabilities
    if order is None:
        named = weighted_counts(votes, agreement_with_others(votes)[votes.annotators])
        order = named / np.maximum(each, 1.0)[:, None]
    # What breaks ties lies in 0 to 1, so half of it never outweighs an answer.
    best = (counts + order / 2).argmax(axis=1)
    return np.where(each > 0, best, -1).astype(np.int64)


def weighted_counts(votes: Votes, weights: Array) -> Array:
    """The weight of the answers that each class has, (items, classes), from that of each answer."""
    places = votes.items * votes.classes + votes.labels
    flat: Array = np.bincount(places, weights, votes.item_count * votes.classes).astype(np.float64)
    return flat.reshape(-1, votes.classes)


def agreement_with_others(votes: Votes) -> Array:
    """How often each annotator agrees with the others on an item, (annotators,).

    Whoever shares no item gets the others' mean; all get 1 where nobody does.
    """
    others = votes.answers_each()[votes.items] - 1
    alike = votes.counts()[votes.items, votes.labels] - 1
    agreed = np.bincount(votes.annotators, alike, votes.annotator_count)
    possible = np.bincount(votes.annotators, others, votes.annotator_count)
    if not possible.any():
        return np.ones(votes.annotator_count)
    share = agreed / np.maximum(possible, 1)
    return np.where(possible > 0, share, share[possible > 0].mean())
