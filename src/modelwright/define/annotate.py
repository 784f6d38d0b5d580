"""Annotators' answers become a data set, with how far they agree and how good each is (section 6.1.2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars

from modelwright.define.collect import collect
from modelwright.define.consensus_of_answers import Answers, Together, answers_of, together, written
from modelwright.errors import DataError
from modelwright.records import (
    Annotated,
    AnnotatorQuality,
    Answer,
    Column,
    Dataset,
    Desk,
    Estimate,
    Ingest,
    Item,
    Question,
    Snapshot,
    Source,
    Task,
    step,
)
from modelwright.statistics.differing import differ
from modelwright.statistics.intervals import mean_estimate, unpaired_difference
from modelwright.statistics.shares import share

CONFIDENCE = "_confidence"
"""What the column beside the target's is called by: the consensus' probability; of numbers, their spread."""


@step(version=2)
def annotate(
    desk: Desk, task: Task | None, question: Question, gathered: Source, *, population: int, seed: int = 0
) -> Annotated:
    """Turn answers into a data set: one row for each item answered, its consensus in the target's column.

    An adjudication counts before the consensus, and what is known of a gold item before both; annotators are
    held to what is so known.

    Args:
        task: gives columns their roles; without it they are inferred.
        gathered: what `gather` wrote: the items answered, each with all that was said of it.
        population: items there are in all, answered or not.

    Raises:
        DataError: all answers are one class.
    """
    path: Path = desk.read(gathered.file)
    items, given, random = _gathered(path)
    decided = {one.key: one.value for one in given if one.act == "adjudicate"}
    known = decided | {item.key: item.gold for item in items if item.gold is not None}
    keys = [item.key for item in items]
    answers = answers_of(question, given, keys, _probabilities(items, question), known)
    found = together(answers, seed=seed)
    values, sure = _final(items, found, known, question)
    table = _table(items, question, values, sure)
    desk.note(f"{table.height:,} items answered by {len(answers.names):,} annotators", agreed_by=found.method)
    shares, naive = _shares(question, values, random)
    return Annotated(
        question=question,
        dataset=_dataset(desk, task, question, table),
        table=desk.keep(table, "table"),
        answers=desk.keep(_answer_table(given, question), "table"),
        items=population,
        annotators=_annotators(answers, found, items, given),
        agreement=found.agreement,
        method=found.method,
        reason=found.reason,
        adjudicated=len(decided),
        random_rows=sum(random),
        shares=shares,
        naive_shares=naive,
        anchoring=_anchoring(items, given),
    )


def gather(items: Sequence[Item], answers: Sequence[Answer], random: set[str]) -> polars.DataFrame:
    """What an annotation holds at one moment, as a frame for `annotate`: items that somebody answered.

    Raises:
        DataError: nothing is answered yet.
    """
    by_item: dict[str, list[Answer]] = {}
    for one in answers:
        by_item.setdefault(one.key, []).append(one)
    kept = [item for item in items if any(one.act != "skip" for one in by_item.get(item.key, ()))]
    if not kept:
        raise _nothing()
    encode = msgspec.json.encode
    return polars.DataFrame(
        {
            "item": [encode(item).decode() for item in kept],
            "answers": [encode(by_item[item.key]).decode() for item in kept],
            "random": [item.key in random for item in kept],
        },
        schema={"item": polars.String, "answers": polars.String, "random": polars.Boolean},
    )


def _gathered(path: Path) -> tuple[list[Item], list[Answer], list[bool]]:
    frame = polars.read_parquet(path)
    items = [msgspec.json.decode(cell, type=Item) for cell in frame["item"]]
    given = [one for cell in frame["answers"] for one in msgspec.json.decode(cell, type=list[Answer])]
    return items, given, frame["random"].to_list()


def _probabilities(items: Sequence[Item], question: Question) -> Any:
    """A model's probabilities of all items, or None where any lacks them."""
    if question.kind not in ("single", "multi"):
        return None
    if any(len(item.probabilities) != len(question.labels) for item in items):
        return None
    return np.array([item.probabilities for item in items], dtype=np.float64)


def _final(
    items: Sequence[Item], found: Together, known: dict[str, Any], question: Question
) -> tuple[list[Any], list[float]]:
    """Each item's value, and how sure it is: what somebody decided, or knew, is not doubted."""
    certain = 0.0 if question.kind == "scalar" else 1.0
    values, sure = list(found.values), list(found.confidence)
    for place, item in enumerate(items):
        if item.key in known:
            values[place], sure[place] = known[item.key], certain
    return values, sure


def _table(
    items: Sequence[Item], question: Question, values: Sequence[Any], sure: Sequence[float]
) -> polars.DataFrame:
    """One row an item, as text: what annotators saw, the answer, its confidence."""
    names = list(dict.fromkeys(name for item in items for name in item.content))
    columns: dict[str, list[str | None]] = {
        name: [item.content.get(name) for item in items] for name in names
    }
    if any(item.image for item in items):
        columns["image"] = [item.image for item in items]
    if question.kind == "multi":
        for label in question.labels:
            columns[f"{question.target}_{label}"] = [str(int(label in value)) for value in values]
    else:
        columns[question.target] = [written(question, value) for value in values]
    columns[question.target + CONFIDENCE] = [repr(round(one, 6)) for one in sure]
    return polars.DataFrame(columns, schema=dict.fromkeys(columns, polars.String))


def _dataset(desk: Desk, task: Task | None, question: Question, table: polars.DataFrame) -> Dataset:
    lines = np.arange(2, table.height + 2, dtype=np.int64)  # as if below a file's header
    snapshot = Snapshot(
        name=f"{question.target}.annotated.csv",
        rows=table.height,
        names=tuple(table.columns),
        table=desk.keep(table, "table"),
        lines=desk.keep(lines, "array"),
        ingest=Ingest(format="csv", rows_in=table.height, rows_kept=table.height),
    )
    if question.kind == "boxes":
        return _of_images(snapshot, question, table)
    beside = question.target + CONFIDENCE
    asked = _task(question, table) if task is None else task
    return desk.once(collect, replace(asked, ignore=(*asked.ignore, beside)), snapshot)


def _task(question: Question, table: polars.DataFrame) -> Task:
    """What annotators were asked, as a task."""
    if question.kind == "multi":
        targets, kind = tuple(f"{question.target}_{label}" for label in question.labels), "vector_regression"
    else:
        targets = (question.target,)
        several = table[question.target].n_unique() > 2
        kind = "regression" if question.kind == "scalar" else "multiclass" if several else "binary"
    return Task(question="", source="", targets=targets, kind=kind, kind_reason="it was asked of annotators")


def _of_images(snapshot: Snapshot, question: Question, table: polars.DataFrame) -> Dataset:
    """Boxes are kept as they are: nothing here learns from images yet."""
    columns = tuple(
        Column(
            name=name,
            role="target" if name == question.target else "ignored",
            dtype="string",
            reason="boxes, as JSON" if name == question.target else "beside boxes on images",
            missing=table[name].null_count(),
            unique=table[name].n_unique(),
        )
        for name in table.columns
    )
    return Dataset(
        rows=snapshot.rows,
        columns=columns,
        table=snapshot.table,
        lines=snapshot.lines,
        ingest=snapshot.ingest,
    )


def _answer_table(given: Sequence[Answer], question: Question) -> polars.DataFrame:
    """One row for each thing an annotator said, as it was said."""
    rows = [
        {
            "key": one.key,
            "annotator": one.annotator,
            "act": one.act,
            "answer": None if one.act == "skip" else written(question, one.value),
            "reason": one.reason,
            "seconds": one.seconds,
            "guideline": one.guideline,
            "prelabel": one.prelabel,
            "track": one.track,
            "at_utc": one.at_utc,
        }
        for one in given
    ]
    texts = dict.fromkeys(rows[0], polars.String)
    return polars.DataFrame(rows, schema={**texts, "seconds": polars.Float64, "guideline": polars.Int64})


def _annotators(
    answers: Answers, found: Together, items: Sequence[Item], given: Sequence[Answer]
) -> tuple[AnnotatorQuality, ...]:
    gold = {item.key: item.gold for item in items if item.gold is not None}
    counts = np.bincount(answers.annotators, minlength=len(answers.names))
    return tuple(
        AnnotatorQuality(
            name=name,
            answers=int(counts[place]),
            accuracy=found.accuracies[place],
            gold=_on_gold(name, gold, given),
            confusion=() if found.confusion is None else tuple(map(tuple, found.confusion[place].tolist())),
        )
        for place, name in enumerate(answers.names)
    )


def _on_gold(name: str, gold: dict[str, Any], given: Sequence[Answer]) -> Estimate | None:
    right = [
        not differ([one.value, _plain(gold[one.key])])
        for one in given
        if one.annotator == name and one.act == "answer" and one.key in gold
    ]
    return share(sum(right), len(right)) if right else None


def _shares(
    question: Question, values: Sequence[Any], random: Sequence[bool]
) -> tuple[dict[str, Estimate], dict[str, float]]:
    """What holds of all items, from those at random; and what holds of those answered."""
    drawn = [value for value, by_chance in zip(values, random, strict=True) if by_chance]
    if question.kind == "boxes" or not drawn:
        return {}, {}
    if question.kind == "scalar":
        return {"mean": mean_estimate(drawn)} if len(drawn) > 1 else {}, {"mean": float(np.mean(values))}

    def count(among: Sequence[Any], label: str) -> int:
        return sum(value == label if question.kind == "single" else label in value for value in among)

    estimates = {label: share(count(drawn, label), len(drawn)) for label in question.labels}
    return estimates, {label: count(values, label) / len(values) for label in question.labels}


def _anchoring(items: Sequence[Item], given: Sequence[Answer]) -> Estimate | None:
    """How much more often answers are the pre-label where it was shown; None where that was not tried."""
    guesses = {item.key: _plain(item.prelabel) for item in items if item.prelabel is not None}
    same: dict[str, list[bool]] = {"shown": [], "hidden": []}
    for one in given:
        if one.act == "answer" and one.prelabel in same and one.key in guesses:
            same[one.prelabel].append(not differ([one.value, guesses[one.key]]))
    if not all(same.values()):
        return None
    shown, hidden = (share(sum(same[how]), len(same[how])) for how in ("shown", "hidden"))
    return unpaired_difference(shown, hidden, goal="maximise")


def _plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def _nothing() -> DataError:
    return DataError(
        where="the annotation",
        expected="answers",
        received="none yet",
        do_this="Let somebody answer, or import answers: modelwright annotate PROJECT --import FILE.",
    )
