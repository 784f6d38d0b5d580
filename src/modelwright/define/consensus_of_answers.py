"""What do several annotators' answers to each item come to, for every kind of question?"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelwright.errors import UndefinedMeasure
from modelwright.records import Agreement, Answer, Estimate, Question
from modelwright.statistics.agreement import (
    alpha_estimate,
    alpha_of_values_estimate,
    cohen_kappa,
    fleiss_kappa,
)
from modelwright.statistics.boxes import boxes_together, likeness
from modelwright.statistics.consensus import consensus
from modelwright.statistics.intervals import mean_estimate
from modelwright.statistics.quality import qualities
from modelwright.statistics.votes import Array, Places, Votes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to some items, in long form.

    Args:
        keys, names: of items and annotators, by position.
        probabilities: a model's, (items, labels); None where any is not known.
        known: the right answers of items of which they are known, by key.

    Shapes:
        items, annotators: int64 (answers,); values: as long
    """

    question: Question
    keys: Sequence[str]
    names: Sequence[str]
    items: Places
    annotators: Places
    values: Sequence[Any]
    probabilities: Array | None = None
    known: dict[str, Any] = field(default_factory=dict[str, Any])

    def of_items(self) -> list[list[Any]]:
        """Each item's answers."""
        found: list[list[Any]] = [[] for _ in self.keys]
        for item, value in zip(self.items.tolist(), self.values, strict=True):
            found[item].append(value)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What answers come to.

    Args:
        values: one an item. confidence: of each: a probability; of numbers how far answers spread.
        accuracies: of each annotator. confusion: (annotators, true, answered), where answers are classes.
    """

    values: list[Any]
    confidence: list[float]
    agreement: tuple[Agreement, ...]
    accuracies: list[Estimate | None]
    method: str
    reason: str
    confusion: Array | None = None


def answers_of(
    question: Question,
    given: Sequence[Answer],
    keys: Sequence[str],
    probabilities: Array | None,
    known: dict[str, Any],
) -> Answers:
    """Long form of what was answered; skips and adjudications are left out."""
    places = {key: place for place, key in enumerate(keys)}
    kept = [one for one in given if one.act == "answer"]
    names = sorted({one.annotator for one in kept})
    whose = {name: place for place, name in enumerate(names)}
    return Answers(
        question=question,
        keys=keys,
        names=names,
        items=np.array([places[one.key] for one in kept], dtype=np.int64),
        annotators=np.array([whose[one.annotator] for one in kept], dtype=np.int64),
        values=[one.value for one in kept],
        probabilities=probabilities,
        known=known,
    )


def together(answers: Answers, *, seed: int) -> Together:
    """The consensus, how far annotators agree, and how good each is."""
    return _KINDS[answers.question.kind](answers, seed)


def _single(answers: Answers, seed: int) -> Together:
    labels = answers.question.labels
    place = {label: number for number, label in enumerate(labels)}
    votes = _votes(answers, lambda value: place[value], len(labels))
    found = consensus(votes, answers.probabilities, seed=seed)
    return Together(
        values=[labels[label] if label >= 0 else None for label in found.labels.tolist()],
        confidence=found.confidence.tolist(),
        agreement=(*_kappas(answers, votes, seed),),
        accuracies=qualities(votes),
        method=found.method,
        reason=found.reason,
        confusion=found.confusion,
    )


def _multi(answers: Answers, seed: int) -> Together:
    """Each label is a question of its own: yes or no."""
    values: list[list[str]] = [[] for _ in answers.keys]
    sure = np.ones(len(answers.keys))
    agreement: list[Agreement] = []
    reasons: dict[str, str] = {}
    methods: list[str] = []
    for place, label in enumerate(answers.question.labels):
        votes = _votes(answers, lambda value, label=label: int(label in value), 2)
        own = None if answers.probabilities is None else answers.probabilities[:, place]
        found = consensus(votes, None if own is None else np.column_stack([1 - own, own]), seed=seed)
        for item in np.flatnonzero(found.labels == 1).tolist():
            values[item].append(label)
        sure *= found.confidence
        methods.append(found.method)
        reasons[label] = found.reason
        agreement.append(
            _agreed(f"Krippendorff's alpha of {label}", lambda v=votes: alpha_estimate(v, seed=seed))
        )
    return Together(
        values=values,
        confidence=sure.tolist(),
        agreement=tuple(agreement),
        accuracies=qualities(_of_all_labels(answers)),
        method=", ".join(dict.fromkeys(methods)),
        reason="; ".join(f"{label}: {reason}" for label, reason in reasons.items()),
    )


def _scalar(answers: Answers, seed: int) -> Together:
    values = np.array(answers.values, dtype=np.float64)
    each = answers.of_items()
    spreads = [statistics.stdev(own) if len(own) > 1 else 0.0 for own in each]
    alpha = _agreed(
        "Krippendorff's alpha (interval)", lambda: alpha_of_values_estimate(answers.items, values, seed=seed)
    )
    return Together(
        values=[statistics.median(own) if own else None for own in each],
        confidence=spreads,
        agreement=(alpha,),
        accuracies=[None] * len(answers.names),
        method="median",
        reason="an annotator far off moves a median less than a mean; beside it stands their spread",
    )


def _boxes(answers: Answers, seed: int) -> Together:
    del seed
    each = answers.of_items()
    found = [boxes_together(own) for own in each]
    alike = [share for share in map(likeness, each) if share is not None]
    return Together(
        values=[boxes for boxes, _ in found],
        confidence=[sure for _, sure in found],
        agreement=(
            _agreed("boxes matched (F1, half of their union in common)", lambda: mean_estimate(alike)),
        ),
        accuracies=[None] * len(answers.names),
        method="majority",
        reason="boxes that more than half of the annotators drew, each side their median",
    )


_KINDS: dict[str, Callable[[Answers, int], Together]] = {
    "single": _single,
    "multi": _multi,
    "scalar": _scalar,
    "boxes": _boxes,
}


def _votes(answers: Answers, class_of: Callable[[Any], int], classes: int) -> Votes:
    known = [class_of(answers.known[key]) if key in answers.known else -1 for key in answers.keys]
    return Votes(
        items=answers.items,
        annotators=answers.annotators,
        labels=np.array([class_of(value) for value in answers.values], dtype=np.int64),
        item_count=len(answers.keys),
        annotator_count=len(answers.names),
        classes=classes,
        known=np.array(known, dtype=np.int64) if answers.known else None,
    )


def _of_all_labels(answers: Answers) -> Votes:
    """Every label of every item as a question of its own."""
    labels = answers.question.labels
    width = len(labels)
    said = [[int(label in value) for label in labels] for value in answers.values]
    known = [
        [int(label in answers.known[key]) if key in answers.known else -1 for label in labels]
        for key in answers.keys
    ]
    return Votes(
        items=(answers.items[:, None] * width + np.arange(width)).ravel(),
        annotators=np.repeat(answers.annotators, width),
        labels=np.array(said, dtype=np.int64).ravel(),
        item_count=len(answers.keys) * width,
        annotator_count=len(answers.names),
        classes=2,
        known=np.array(known, dtype=np.int64).ravel() if answers.known else None,
    )


def _kappas(answers: Answers, votes: Votes, seed: int) -> list[Agreement]:
    found = [_agreed("Krippendorff's alpha", lambda: alpha_estimate(votes, seed=seed))]
    if len(answers.names) == 2:
        found.append(_agreed("Cohen's kappa", lambda: cohen_kappa(votes, 0, 1, seed=seed)))
    each = votes.answers_each()
    if len(np.unique(each[each > 0])) == 1 and each.max() > 1:
        found.append(_agreed("Fleiss' kappa", lambda: fleiss_kappa(votes, seed=seed)))
    return found


def _agreed(name: str, measure: Callable[[], Estimate]) -> Agreement:
    try:
        return Agreement(name=name, estimate=measure())
    except UndefinedMeasure as error:
        return Agreement(
            name=name, estimate=None, reason=f"{error.expected} are needed, there are {error.received}"
        )


def written(question: Question, value: Any) -> str | None:
    """An answer as a cell of text."""
    if value is None:
        return None
    if question.kind == "single":
        return value
    return repr(float(value)) if question.kind == "scalar" else json.dumps(value, ensure_ascii=False)
