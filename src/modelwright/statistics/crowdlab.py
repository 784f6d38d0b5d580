"""Which class is each item of, where a model has an opinion beside the annotators'? CROWDLAB.

A weighted mean of the model's probabilities and of each annotator's answer taken as a probability. Annotators
weigh by how often they agree with others, the model by how often it agrees with the majority, both beyond
what always naming the commonest class would reach.

Source:
    Goh, Tkachenko and Mueller 2022, "CROWDLAB: supervised learning to infer consensus labels and quality
    scores for data with multiple annotators", section 4; constants as in cleanlab 2.9.
"""

from __future__ import annotations

import numpy as np

from modelwright.statistics.votes import Array, Votes
from modelwright.statistics.voting import agreement_with_others, majority, shares, weighted_counts

SMALLEST_WEIGHT = 1e-6
"""No annotator and no model weighs less: whoever is worse than chance is not turned round."""


def crowdlab(votes: Votes, probabilities: Array) -> Array | None:
    """The probability of each class for each item, (items, classes); None where no item has two answers.

    Args:
        probabilities: a model's, of items it was not trained on, (items, classes).
    """
    each = votes.answers_each()
    shared = each > 1
    if not shared.any():
        return None
    voted = majority(votes, probabilities)
    agreeing = shares(votes)[np.arange(votes.item_count), np.maximum(voted, 0)]
    likely = float(agreeing[shared].mean())
    commonest = np.bincount(voted[shared], minlength=votes.classes).argmax()
    chance_error = max(float((voted[shared] != commonest).mean()), SMALLEST_WEIGHT)
    annotators = np.maximum(1.0 - (1.0 - agreement_with_others(votes)) / chance_error, SMALLEST_WEIGHT)
    model_error = float((probabilities[shared].argmax(axis=1) != voted[shared]).mean())
    model = max(1.0 - model_error / chance_error, SMALLEST_WEIGHT) * float(np.sqrt(each[each > 0].mean()))
    return _mean(votes, probabilities, annotators, model, likely)


def _mean(votes: Votes, probabilities: Array, annotators: Array, model: float, likely: float) -> Array:
    """The weighted mean of the model and of answers, each `likely` right."""
    unlikely = (1.0 - likely) / max(votes.classes - 1, 1)
    weights = annotators[votes.annotators]
    named = weighted_counts(votes, weights)
    total = np.bincount(votes.items, weights, votes.item_count)[:, None]
    mean = model * probabilities + likely * named + unlikely * (total - named)
    return mean / (model + total)
