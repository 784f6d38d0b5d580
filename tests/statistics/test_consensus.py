"""The consensus is at least the majority's, better where annotators differ, and says how good each is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from numpy.typing import NDArray

from modelwright.statistics.consensus import consensus
from modelwright.statistics.crowdlab import crowdlab
from modelwright.statistics.dawid_skene import Sheet, dawid_skene, posterior
from modelwright.statistics.intervals import wilson_of_counts
from modelwright.statistics.quality import qualities
from modelwright.statistics.votes import Votes
from modelwright.statistics.voting import majority, shares

Array = NDArray[np.float64]


def confusion(kind: str, classes: int, random: np.random.Generator) -> Array:
    """How one annotator answers: (true classes, answered classes)."""
    if kind == "spammer":
        return np.full((classes, classes), 1 / classes)
    if kind == "constant":
        return np.tile(np.eye(classes)[random.integers(classes)], (classes, 1))
    low, high = {"good": (0.75, 0.95), "fair": (0.6, 0.75), "adversary": (0.05, 0.3)}[kind]
    right = random.uniform(low, high)
    return np.full((classes, classes), (1 - right) / (classes - 1)) + (
        right - (1 - right) / (classes - 1)
    ) * np.eye(classes)


def crowd(
    seed: int,
    *,
    kinds: tuple[str, ...],
    items: int = 200,
    each: int = 5,
    classes: int = 2,
    prevalence: tuple[float, ...] | None = None,
) -> tuple[Votes, NDArray[np.int64], Array]:
    """Answers of a simulated crowd, the truth, and how each annotator answers."""
    random = np.random.default_rng(seed)
    truth = random.choice(classes, items, p=prevalence)
    ways = np.array([confusion(kind, classes, random) for kind in kinds])
    who = np.array([random.choice(len(kinds), each, replace=False) for _ in range(items)]).ravel()
    which = np.repeat(np.arange(items), each)
    steps = ways[who, truth[which]].cumsum(axis=1)
    labels = (random.random(len(who))[:, None] > steps[:, :-1]).sum(axis=1)
    votes = Votes(
        items=which,
        annotators=who,
        labels=labels,
        item_count=items,
        annotator_count=len(kinds),
        classes=classes,
    )
    return votes, truth, ways


GOOD, FAIR, SPAM, LIAR, SAME = ("good",), ("fair",), ("spammer",), ("adversary",), ("constant",)
CROWDS: dict[str, dict[str, Any]] = {
    "all good": {"kinds": GOOD * 10},
    "spammers": {"kinds": GOOD * 12 + SPAM * 8},
    "mostly spammers": {"kinds": GOOD * 6 + SPAM * 14, "each": 7, "items": 300},
    "adversaries": {"kinds": GOOD * 16 + LIAR * 4},
    "many adversaries": {"kinds": GOOD * 12 + LIAR * 8, "each": 7},
    "always the same answer": {"kinds": GOOD * 10 + SAME * 5, "prevalence": (0.95, 0.05), "items": 300},
    "few answers each": {"kinds": GOOD * 42 + SPAM * 18, "each": 3},
    "two answers an item": {"kinds": GOOD * 14 + SPAM * 6, "each": 2},
    "one answer an item": {"kinds": GOOD * 5, "each": 1},
    "rare class": {"kinds": GOOD * 12 + SPAM * 3, "each": 3, "prevalence": (0.95, 0.05), "items": 300},
    "rare class, fair annotators": {"kinds": FAIR * 15, "each": 2, "prevalence": (0.9, 0.1)},
    "five classes": {"kinds": GOOD * 12 + SPAM * 8, "each": 4, "classes": 5},
    "four unequal classes": {
        "kinds": FAIR * 20 + GOOD * 20, "each": 3, "classes": 4, "prevalence": (0.6, 0.2, 0.15, 0.05),
    },
    "few items": {"kinds": GOOD * 4 + LIAR * 2, "each": 4, "items": 30},
}  # fmt: skip
DRAWS = 10


@pytest.mark.parametrize("name", CROWDS)
def test_it_is_never_below_the_majority_by_more_than_its_interval(name: str) -> None:
    gains: list[float] = []
    for seed in range(DRAWS):
        votes, truth, _ = crowd(seed, **CROWDS[name])
        right = int((majority(votes) == truth).sum())
        ours = float((consensus(votes).labels == truth).mean())
        gains.append(ours - right / len(truth))
        assert ours >= wilson_of_counts(right, len(truth))[0]
    assert np.mean(gains) >= 0


@pytest.mark.parametrize(("name", "gain"), [("adversaries", 0.08), ("mostly spammers", 0.03)])
def test_it_is_better_where_annotators_differ(name: str, gain: float) -> None:
    gains: list[float] = []
    for seed in range(DRAWS):
        votes, truth, _ = crowd(seed, **CROWDS[name])
        gains.append(float((consensus(votes).labels == truth).mean() - (majority(votes) == truth).mean()))
    assert np.mean(gains) >= gain


def rte(folder: Path) -> tuple[Votes, NDArray[np.int64]]:
    answers = polars.read_csv(folder / "rte_crowd" / "annotations.csv.gz")
    items = polars.read_csv(folder / "rte_crowd" / "items.csv.gz")
    place = {key: number for number, key in enumerate(items["item_id"].to_list())}
    whose = {name: number for number, name in enumerate(answers["worker_id"].unique(maintain_order=True))}
    votes = Votes(
        items=np.array([place[key] for key in answers["item_id"]]),
        annotators=np.array([whose[name] for name in answers["worker_id"]]),
        labels=answers["response"].to_numpy().astype(np.int64),
        item_count=len(place),
        annotator_count=len(whose),
        classes=2,
    )
    return votes, items["gold"].to_numpy().astype(np.int64)


def test_the_rte_crowd_comes_to_what_dawid_and_skene_are_published_with(shared_data: Path) -> None:
    votes, gold = rte(shared_data)
    half = shares(votes)[np.arange(len(gold)), gold]
    assert np.mean((half > 0.5) + 0.5 * (half == 0.5)) == pytest.approx(0.897, abs=5e-4)  # ties count half
    found = consensus(votes)
    assert found.method == "dawid_skene"
    assert (found.labels == gold).mean() >= 0.925


def test_the_rte_workers_are_as_good_as_estimated(shared_data: Path) -> None:
    votes, gold = rte(shared_data)
    right = np.bincount(votes.annotators, votes.labels == gold[votes.items])
    answers = np.bincount(votes.annotators)
    busy = [place for place in range(votes.annotator_count) if answers[place] >= 40]
    found = qualities(votes)
    held = [
        one.low <= right[place] / answers[place] <= one.high
        for place in busy
        if (one := found[place]) is not None
    ]
    assert len(held) >= 0.9 * len(busy) > 30
    assert np.mean(held) >= 0.9


@pytest.mark.parametrize(
    "name", ["all good", "spammers", "adversaries", "few answers each", "five classes", "rare class"]
)
def test_intervals_of_quality_hold_the_truth(name: str) -> None:
    """In 90 to 99 of 100: several hundred annotators know a coverage to about two points."""
    held: list[bool] = []
    for seed in range(DRAWS):
        votes, _, ways = crowd(seed, **CROWDS[name])
        weights = np.array(CROWDS[name].get("prevalence", np.full(votes.classes, 1 / votes.classes)))
        true = np.einsum("akk,k->a", ways, weights)
        found = zip(qualities(votes), true, strict=True)
        held += [one.low <= value <= one.high for one, value in found if one is not None]
    assert 0.90 <= np.mean(held) <= 0.99


def test_who_shares_no_item_is_not_judged() -> None:
    votes, _, _ = crowd(0, kinds=GOOD * 5, each=1)
    assert qualities(votes) == [None] * 5
    assert consensus(votes).method == "majority"


def test_confusion_is_told_apart_by_class() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 400)
    blind = np.where(truth == 1, random.integers(0, 2, 400), 0)  # guesses, but only where it is 1
    others = [np.where(random.random(400) < 0.9, truth, 1 - truth) for _ in range(4)]
    labels = np.array([blind, *others])
    annotators, items = np.indices(labels.shape)
    votes = Votes(
        items=items.ravel(),
        annotators=annotators.ravel(),
        labels=labels.ravel(),
        item_count=400,
        annotator_count=5,
        classes=2,
    )
    ability = dawid_skene(Sheet.of(votes))
    assert ability.confusion[0] == pytest.approx(np.array([[1, 0], [0.5, 0.5]]), abs=0.08)
    assert (posterior(Sheet.of(votes), ability).argmax(axis=1) == truth).mean() > 0.97


def world_with_model() -> tuple[Votes, NDArray[np.int64], Array]:
    votes, truth, _ = crowd(5, kinds=(*GOOD * 3, *FAIR, *SPAM), each=3, classes=3, items=12)
    random = np.random.default_rng(6)
    scores = 2.0 * np.eye(3)[truth] + random.normal(size=(12, 3))
    return votes, truth, np.round(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), 6)


# cleanlab 2.9.0's `_get_post_pred_probs_and_weights` (crowdlab) on this very crowd.
CROWDLAB = [
    [0.184483561, 0.306630771, 0.508885668],
    [0.061506851, 0.091863030, 0.846629364],
    [0.752307282, 0.153225050, 0.094467293],
    [0.227485041, 0.171861117, 0.600653842],
    [0.069731589, 0.844239527, 0.086029437],
    [0.105495097, 0.626698508, 0.267806395],
    [0.074670324, 0.859122745, 0.066206932],
    [0.665756078, 0.155400189, 0.178843733],
    [0.169626284, 0.058573481, 0.771800234],
    [0.561076084, 0.285372664, 0.153550690],
    [0.729304363, 0.108813131, 0.161882506],
    [0.077479957, 0.574899557, 0.347620486],
]


def test_crowdlab_is_the_references() -> None:
    votes, _, probabilities = world_with_model()
    found = crowdlab(votes, probabilities)
    assert found is not None
    assert found == pytest.approx(np.array(CROWDLAB), abs=1e-6)


def test_a_model_helps_a_poor_crowd() -> None:
    gains: list[float] = []
    for seed in range(DRAWS):
        votes, truth, _ = crowd(seed, kinds=FAIR * 10, each=2, classes=3, items=300)
        random = np.random.default_rng(seed + 100)
        scores = 3.0 * np.eye(3)[truth] + random.normal(size=(300, 3))
        probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        found = consensus(votes, probabilities)
        assert found.method == "crowdlab"
        gains.append(float((found.labels == truth).mean() - (majority(votes) == truth).mean()))
    assert np.mean(gains) > 0.1


def test_ties_go_to_who_agrees_more_with_others() -> None:
    table = [[0, 0, 1, 1, 0], [0, 0, 1, 1, -1], [0, 0, 1, 1, -1], [1, 1, 0, 0, 1]]
    labels = np.array(table)
    annotators, items = np.nonzero(labels >= 0)
    votes = Votes(
        items=items,
        annotators=annotators,
        labels=labels[annotators, items],
        item_count=6,
        annotator_count=4,
        classes=2,
    )
    assert majority(votes).tolist() == [0, 0, 1, 1, 0, -1]


# What is known.


def knowing(votes: Votes, truth: NDArray[np.int64], count: int) -> Votes:
    """The same votes, with the first items' classes known."""
    known = np.where(np.arange(votes.item_count) < count, truth, -1).astype(np.int64)
    return replace(votes, known=known)


def test_where_all_is_known_an_annotator_is_right_as_often_as_a_count_finds() -> None:
    votes, truth, _ = crowd(3, kinds=GOOD * 4 + SPAM * 2, each=3)
    found = qualities(knowing(votes, truth, votes.item_count))
    for annotator, estimate in enumerate(found):
        mine = votes.annotators == annotator
        right, all_mine = int((votes.labels == truth[votes.items])[mine].sum()), int(mine.sum())
        assert estimate is not None
        assert estimate.value == pytest.approx(right / all_mine)
        assert (estimate.low, estimate.high) == pytest.approx(wilson_of_counts(right, all_mine))


def test_an_annotator_who_is_alone_is_held_to_what_is_known() -> None:
    votes, truth, _ = crowd(4, kinds=GOOD * 5, each=1)
    assert qualities(votes) == [None] * 5
    assert all(one is not None for one in qualities(knowing(votes, truth, 100)))


@pytest.mark.parametrize(("kinds", "known"), [(GOOD * 7 + LIAR * 5, 20), (GOOD * 5 + LIAR * 7, 40)])
def test_a_few_known_items_tell_which_side_is_right(kinds: tuple[str, ...], known: int) -> None:
    """Of crowds whose answers alone cannot tell, as liars nearly, or more than, outnumber the others."""
    gains = []
    for seed in range(10):
        votes, truth, _ = crowd(seed, kinds=kinds, each=5)
        blind, seeing = consensus(votes), consensus(knowing(votes, truth, known))
        assert (seeing.labels[:known] == truth[:known]).all()
        assert seeing.confidence[:known] == pytest.approx(1.0)
        right = [float((one.labels == truth)[known:].mean()) for one in (blind, seeing)]
        gains.append(right[1] - right[0])
    assert np.mean(gains) > 0.2
    assert min(gains) > -0.03
