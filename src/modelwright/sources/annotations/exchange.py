"""What a file of items and answers holds, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from modelwright.errors import SourceError
from modelwright.records import Answer, Given, Item, Question, digest

Format = Literal["csv", "jsonl", "label-studio", "coco"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Items, and what annotators did with them; iterated once."""

    items: Iterator[Item]
    given: Iterator[Given]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """An annotation to be written: what is asked, the items, and the answers that stand."""

    question: Question
    items: Iterable[Item]
    answers: Sequence[Answer]

    def by_item(self) -> dict[str, list[Answer]]:
        """The answers to each item, by its key."""
        found: dict[str, list[Answer]] = {}
        for answer in self.answers:
            found.setdefault(answer.key, []).append(answer)
        return found


def given_once(given: Given) -> Given:
    """The act with an id made of what it says, where the file has none: imported again, it is the same."""
    if given.answer_id:
        return given
    named = digest([given.key, given.annotator, given.act, given.value, given.reason])
    return Given(
        answer_id=f"import-{named[:32]}",
        annotator=given.annotator,
        act=given.act,
        key=given.key,
        value=given.value,
        reason=given.reason,
        seconds=given.seconds,
    )


def unreadable(where: str, expected: str, received: str) -> SourceError:
    """The error of a file that is not of its format."""
    return SourceError(
        where=where,
        expected=expected,
        received=received[:200],
        do_this="Check that --format is the file's: csv, jsonl, label-studio or coco.",
    )
