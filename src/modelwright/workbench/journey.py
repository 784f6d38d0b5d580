"""How far has the workflow come? Its three parts and their steps, each with its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from modelwright.project import Entry
from modelwright.records import Study, Verdict, summary

State = Literal["done", "running", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One step on the map.

    Args:
        name: as the ledger has it. title: the question it answers.
        answer: yes, no or unclear, where it judges. seconds: how long it took.
        told: its record in one line; empty before it is done.
    """

    name: str
    title: str
    state: State
    answer: str = ""
    told: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the chapter's three parts."""

    title: str
    section: str
    stops: tuple[Stop, ...]

    @property
    def done(self) -> int:
        """Steps done."""
        return sum(stop.state == "done" for stop in self.stops)


CHAPTER: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Define the task",
        "6.1",
        (
            ("define.frame", "What is predicted, from what?"),
            ("define.collect", "Which rows and columns are there?"),
            ("define.understand", "What should one know about the data?"),
            ("define.choose_measure", "What counts as success?"),
            ("define.profile", "What do the rows look like?"),
        ),
    ),
    (
        "Develop a model",
        "6.2",
        (
            ("develop.choose_protocol", "How are candidates compared?"),
            ("develop.prepare", "How do raw rows become numbers?"),
            ("develop.beat_baseline", "Is common sense beaten?"),
            ("develop.overfit", "Is there capacity enough to overfit?"),
            ("develop.tune", "Which model generalises best?"),
            ("develop.count_looks", "What is the best score worth after all looks?"),
            ("develop.judge_learnable", "Can it be learnt at all?"),
            ("develop.would_more_help", "Would more data help?"),
            ("develop.confirm", "Does it hold on the sealed test part?"),
        ),
    ),
    (
        "Deploy it",
        "6.3",
        (
            ("deploy.find_weak_slices", "Where is it weaker than elsewhere?"),
            ("deploy.explain", "What does it mean to those who asked?"),
            ("deploy.ship", "Does the released file answer alike?"),
            ("deploy.certify", "Do all places answer alike?"),
        ),
    ),
)
"""The book's table of contents, with the question each step answers."""

QUESTIONS = {name: question for _, _, steps in CHAPTER for name, question in steps}


def journey(entries: Sequence[Entry], running: str = "") -> tuple[Part, ...]:
    """The map: each step with its last entry.

    Args:
        entries: the last entry of each step done.
        running: the step that is being done now.
    """
    last = {entry.step: entry for entry in entries}
    return tuple(
        Part(
            title=title,
            section=section,
            stops=tuple(_stop(name, question, last.get(name), running) for name, question in steps),
        )
        for title, section, steps in CHAPTER
    )


def _stop(name: str, title: str, entry: Entry | None, running: str) -> Stop:
    if name == running:
        return Stop(name=name, title=title, state="running")
    if entry is None:
        return Stop(name=name, title=title, state="open")
    record = entry.record
    return Stop(
        name=name,
        title=title,
        state="done",
        answer=answer_of(record),
        told=summary(record),
        seconds=entry.seconds,
    )


def answer_of(record: object) -> str:
    """What a record answers to its step's question: yes, no, unclear; empty where it judges nothing."""
    verdict = record if isinstance(record, Verdict) else getattr(record, "verdict", None)
    if isinstance(record, Study) and record.final is not None:
        return "yes" if record.final.kept_promise else "no"
    return verdict.answer if isinstance(verdict, Verdict) else ""
