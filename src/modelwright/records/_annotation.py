"""What people are asked about items, what they answer, and what their answers come to."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from modelwright.records._blob import Blob
from modelwright.records._dataset import Dataset
from modelwright.records._verdict import Estimate
from modelwright.records._wire import record

AnswerKind = Literal["single", "multi", "scalar", "boxes"]
Act = Literal["answer", "skip", "undo", "redo", "adjudicate"]
Track = Literal["random", "priority", "gold", "disputed", "none"]


@record
class Box:
    """A labelled rectangle on an image, in its pixels from the top left corner."""

    label: str
    x: float
    y: float
    width: float
    height: float


@record
class Question:
    """What annotators are asked about every item.

    Args:
        target: the column that the answers become.
        labels: the classes (single, multi, boxes) in the order of their keys.
        lowest, highest: the ends of a scalar answer, where it has any.
    """

    kind: AnswerKind
    target: str = "label"
    labels: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None


@record
class AnnotationRules:
    """How items are dealt to annotators.

    Args:
        answers_each: annotators who answer an item; a share `overlap_share` of items, drawn at random, has
            `overlap_answers`, so that agreement is known.
        random_share: the least share of items dealt in random order whatever comes first otherwise.
        gold_share: the share of dealt items that are gold, while there are any.
        hidden_share: the share of items whose pre-label is not shown: what it does to answers is so known.
        lease_seconds: how long a dealt item is kept from others.
        gold_told: whether an annotator is told, once she answered a gold item, what is right.
    """

    answers_each: int = 1
    overlap_share: float = 0.1
    overlap_answers: int = 2
    random_share: float = 0.2
    gold_share: float = 0.05
    hidden_share: float = 0.1
    lease_seconds: float = 600.0
    gold_told: bool = False
    seed: int = 0


@record
class Item:
    """Something to be annotated.

    Args:
        key: names it, also in later imports; a digest of its content where the data have none.
        content: column -> cell, what annotators see.
        image: path of an image file inside the project's folder, with its size in pixels where known.
        gold: the right answer, where it is known: dealt to everyone, to see how good they are.
        prelabel: a model's answer. probabilities: its probability of each of the question's labels.
    """

    key: str
    content: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    image: str = ""
    width: int | None = None
    height: int | None = None
    gold: Any = None
    prelabel: Any = None
    probabilities: tuple[float, ...] = ()


@record
class Dealt:
    """An item as an annotator gets it: without gold, and without a pre-label that is hidden."""

    key: str
    content: dict[str, str | None]
    image: str
    prelabel: Any
    track: Track
    guideline: int


@record
class Given:
    """What an annotator did, as her page sends it.

    Args:
        answer_id: made by the page, once for each act: sent again, the act is not done again.
        key: the item's; of no meaning for undo and redo, which take the annotator's last act.
        reason: why an item is skipped.
        seconds: how long she looked at it.
    """

    answer_id: str
    annotator: str
    act: Act = "answer"
    key: str = ""
    value: Any = None
    reason: str = ""
    seconds: float | None = None


@record
class Receipt:
    """An act that is on disk.

    Args:
        sequence: its place in the history. key: the item it was about; empty where there was nothing to undo.
        again: it had been stored before.
        right: of an answer to a gold item, where annotators are told; known: what is right.
    """

    answer_id: str
    sequence: int
    key: str
    act: Act
    again: bool = False
    right: bool | None = None
    known: Any = None


@record
class Answer:
    """An entry of the history of answers, with its item's key and annotator's name.

    Args:
        prelabel: whether one was ``shown``, ``hidden`` or there was ``none``.
        guideline: the version she read; 0 where there was none.
        of: of undo and redo, the sequence of what was undone or done again.
    """

    sequence: int
    answer_id: str
    key: str
    annotator: str
    act: Act
    value: Any
    reason: str
    seconds: float | None
    guideline: int
    track: Track
    prelabel: Literal["shown", "hidden", "none"]
    of: int | None
    at_utc: str


@record
class AnnotatorProgress:
    """What an annotator has done: answers and skips that stand, the usual seconds an item."""

    name: str
    answers: int
    skips: int
    median_seconds: float | None
    gold_right: int
    gold_answers: int


@record
class Progress:
    """How far the annotation is.

    Args:
        open: items that want further answers. disputed: items whose answers differ, not yet adjudicated.
        random_rows: items at the head of the random order, all seen: what holds of them holds of all.
    """

    items: int
    gold: int
    answered: int
    open: int
    skipped: int
    disputed: int
    adjudicated: int
    answers: int
    random_rows: int
    answers_last_hour: int
    guideline: int
    annotators: tuple[AnnotatorProgress, ...]


@record
class Pace:
    """How far all are, and one annotator, as her page shows it: known at once, however many items there are.

    Args:
        mine: her answers that stand. median_seconds: of the last of them that were timed.
    """

    items: int
    open: int
    answered: int
    disputed: int
    mine: int
    median_seconds: float | None


ENTERED_DAYS = 90
"""How long a browser that was let in is known again."""


@record
class Invited:
    """Somebody who was invited to annotate, and may do nothing else.

    Args:
        state: ``invited`` as long as the link was not used, ``entered``, ``revoked``.
        since: of that state (UTC).
    """

    name: str
    state: Literal["invited", "entered", "revoked"]
    since: str


@record
class AnnotatorQuality:
    """How good an annotator's answers are.

    Args:
        accuracy: estimated from all answers; None where they do not tell. gold: on gold items alone.
        confusion: (true classes, answered classes), rows add up to 1; empty where answers are no classes.
    """

    name: str
    answers: int
    accuracy: Estimate | None
    gold: Estimate | None
    confusion: tuple[tuple[float, ...], ...] = ()


@record
class Agreement:
    """How far annotators agree beyond chance; None, and why, where that cannot be told."""

    name: str
    estimate: Estimate | None
    reason: str = ""


@record
class Annotated:
    """What annotators' answers come to.

    Args:
        dataset: the items answered, their consensus in the target's column, its confidence beside it.
        table: the same as a file would have it, text as it came.
        answers: one row for each annotator's answer, kept as given.
        method, reason: how the consensus was found, and why so.
        shares: of each class among all items, from the random share alone: unbiased whatever came first.
        naive_shares: of each class among the items answered.
        anchoring: how much more often answers are the pre-label where it was shown.
    """

    question: Question
    dataset: Dataset
    table: Blob
    answers: Blob
    items: int
    annotators: tuple[AnnotatorQuality, ...]
    agreement: tuple[Agreement, ...]
    method: str
    reason: str
    adjudicated: int = 0
    random_rows: int = 0
    shares: dict[str, Estimate] = field(default_factory=dict[str, Estimate])
    naive_shares: dict[str, float] = field(default_factory=dict[str, float])
    anchoring: Estimate | None = None


@record
class SourcingOption:
    """One way to have items annotated.

    Args:
        possible: whether it may be chosen. answers: needed in all, `answers_each` for each item.
        accuracy_each: how often one annotator's answer is right; assumed.
    """

    who: Literal["yourself", "crowd", "specialists"]
    possible: bool
    reason: str
    answers_each: int
    answers: int
    hours: float
    cost: float
    accuracy_each: float


@record
class Sourcing:
    """Who should annotate, and how much is enough.

    Args:
        labels: items to be labelled, so that a share of them is known to `half_width` either side.
        share: the share expected. seconds: that one label takes.
    """

    items: int
    labels: int
    half_width: float
    share: float
    seconds: float
    options: tuple[SourcingOption, ...]
    advice: str
    cautions: tuple[str, ...]
