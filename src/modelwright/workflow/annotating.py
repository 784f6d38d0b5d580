"""Annotate: items in, answers out, and what they come to as a data set."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import polars

from modelwright.define.annotate import annotate, gather
from modelwright.define.labellers import Expertise, Who, choose_labellers
from modelwright.define.task_file import read_task
from modelwright.deploy.answer import answer_file
from modelwright.errors import StorageError, UsageError
from modelwright.project import AnnotationStore, Listener, Project, is_annotated, is_project, open_annotations
from modelwright.records import (
    Annotated,
    AnnotationRules,
    Answer,
    Progress,
    Question,
    Sourcing,
    Task,
)
from modelwright.sources.annotations.coco import coco_labels, read_coco, write_coco
from modelwright.sources.annotations.exchange import Annotations, Exchange, Format
from modelwright.sources.annotations.formulas import neutral
from modelwright.sources.annotations.label_studio import read_label_studio, write_label_studio
from modelwright.sources.annotations.predictions import read_predictions, write_items
from modelwright.sources.annotations.tables import (
    Columns,
    read_table_of_annotations,
    write_table_of_annotations,
)
from modelwright.sources.opening import check_file
from modelwright.statistics.label_errors import likely_errors
from modelwright.statistics.uncertainty import least_certain
from modelwright.workflow.chapter import WAIT_SECONDS
from modelwright.workflow.places import RELEASE_FOLDER, TASK_FILE

ANNOTATED_FILE = "annotated.csv"
JOIN = "/join"
"""Where the workbench lets invited annotators in."""

TIMED_ANSWERS = 20
"""Timed answers from which on an annotator's own pace replaces the assumed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import brought.

    Args:
        new, known: items that were new, and that were there already; answers, the same.
    """

    new: int
    known: int
    answers: int
    known_answers: int


def import_annotations(
    project: str | Path,
    file: str | Path,
    *,
    file_format: Format | None = None,
    question: Question | None = None,
    rules: AnnotationRules | None = None,
    columns: Columns | None = None,
) -> Imported:
    """Bring items, and answers where the file has them, into a project's annotation.

    Args:
        project: its folder; made where there is none.
        file_format: guessed from the file's name unless given.
        question: what is asked; needed the first time. Its labels may be left to a COCO file's categories.

    Raises:
        ModelwrightError: in four parts: the file cannot be read, or does not fit what is there.
    """
    path = Path(file).expanduser()
    check_file(path)
    if not is_project(Path(project)):
        Project.create(project).close()
    known = file_format or format_of(path)
    with open_annotations(project) as store:
        asked = _asked(store, question, path, known)
        store.begin(asked, rules)
        held = _read(path, known, asked, columns or Columns())
        new, there = store.add(held.items)
        receipts = store.record_all(held.given)
    again = sum(receipt.again for receipt in receipts)
    return Imported(new=new, known=there, answers=len(receipts) - again, known_answers=again)


def export_annotations(project: str | Path, file: str | Path, *, file_format: Format | None = None) -> int:
    """Write all items, with every answer that stands, to a file; afterwards it is there whole.

    Returns:
        How many answers it holds.
    """
    path = Path(file).expanduser()
    with _opened(project) as store:
        question = store.question or _nothing_asked(project)
        held = Annotations(question=question, items=store.items(), answers=store.answers())
        _write(path, file_format or format_of(path), held)
    return len(held.answers)


def annotation_progress(project: str | Path) -> tuple[Question, Progress]:
    """What is asked, and how far it is."""
    with _opened(project) as store:
        return store.question or _nothing_asked(project), store.progress()


def collect_annotations(
    project: str | Path, *, seed: int = 0, listener: Listener | None = None
) -> tuple[Annotated, Path]:
    """Make a data set of the answers so far, in the ledger and as a file beside it.

    Raises:
        DataError: nothing is answered yet.
        ProjectBusy: another process is writing to the ledger.
    """
    with _opened(project) as store:
        question = store.question or _nothing_asked(project)
        answers = store.answers()
        answered = {one.key for one in answers}
        items = [item for item in store.items() if item.key in answered]
        frame = gather(items, answers, store.random_keys())
        population = store.progress().items
    with Project.open(project, listener=listener) as door, door.writing(WAIT_SECONDS):
        task = _task_about(door, question)
        source = door.adopt(frame)
        found = door.run(annotate, task, question, source, population=population, seed=seed)
        path = door.folder / ANNOTATED_FILE
        table = door.read(found.table).with_columns(polars.all().map_elements(neutral, polars.String))
        _replace(path, table.write_csv)
    return found, path


def guess_labels(project: str | Path, release: str | Path | None = None, *, order: str = "uncertain") -> int:
    """Let a release answer the items: its answers become pre-labels, and say what comes first.

    Args:
        release: its folder; the project's own unless given.
        order: ``uncertain`` or ``errors`` (answers that the model doubts most).

    Returns:
        How many items come first.
    """
    folder = Path(release) if release is not None else Path(project) / RELEASE_FOLDER
    with _opened(project) as store:
        question = store.question or _nothing_asked(project)
        items = list(store.items())
        scratch = Path(project) / ".modelwright"
        rows, answers = scratch / "annotate-rows.csv", scratch / "annotate-answers.csv"
        try:
            write_items(rows, items)
            answer_file(folder, rows, answers)
            labels, probabilities = read_predictions(answers, question)
        finally:
            rows.unlink(missing_ok=True)
            answers.unlink(missing_ok=True)
        keys = [item.key for item in items]
        store.guess(zip(keys, labels, probabilities.tolist(), strict=True))
        return store.put_first(_order(store, keys, probabilities, question, order))


def advise_labelling(
    project: str | Path,
    *,
    expertise: Expertise = "trainable",
    sensitive: bool | None = None,
    items: int | None = None,
    half_width: float = 0.03,
    cost_an_hour: dict[Who, float] | None = None,
) -> Sourcing:
    """Who should annotate, from the task's constraints and, where there is one, the annotation's own pace.

    Args:
        sensitive: as the task says unless given. items: as many as were imported unless given.
    """
    seconds, there = None, 0
    if is_annotated(project):
        with open_annotations(project) as store:
            counted = store.progress()
        there = counted.items
        paces = [
            one.median_seconds
            for one in counted.annotators
            if one.median_seconds is not None and one.answers >= TIMED_ANSWERS
        ]
        seconds = sum(paces) / len(paces) if paces else None
    wanted = items or there
    if not wanted:
        raise UsageError(
            where="annotate --advise",
            expected="how many items there are",
            received="none imported, none said",
            do_this="Say it: --items 20000; or import them first.",
        )
    task_file = Path(project) / TASK_FILE
    if sensitive is None:
        sensitive = task_file.exists() and read_task(task_file).constraints.sensitive
    return choose_labellers(
        items=wanted,
        expertise=expertise,
        sensitive=sensitive,
        half_width=half_width,
        seconds=seconds,
        cost_an_hour=cost_an_hour,
    )


def invite_annotator(project: str | Path, name: str, *, at: str) -> str:
    """Make a link that lets one person in, once, to annotate and nothing else; an earlier one ends.

    Args:
        at: where the workbench is reached, such as https://lab.example:8443.

    Raises:
        UsageError: it is no such address, or nothing is to be annotated.
    """
    parts = urlsplit(at)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(
            where="--at",
            expected="where the workbench is reached, such as https://lab.example:8443",
            received=at or "nothing",
            do_this="Give the address that `modelwright ui PROJECT` prints, up to the port.",
        )
    with _opened(project) as store:
        return f"{parts.scheme}://{parts.netloc}{JOIN}#{store.invite(name)}"


def revoke_annotator(project: str | Path, name: str) -> None:
    """Shut somebody out who was invited; what she answered stays.

    Raises:
        UsageError: nobody of that name was in.
    """
    with _opened(project) as store:
        there = [one.name for one in store.invited() if one.state != "revoked"]
        if not store.revoke(name):
            raise UsageError(
                where="--revoke",
                expected="somebody who was invited",
                received=name,
                do_this=f"Name one of them: {', '.join(there)}." if there else "Nobody is invited now.",
            )


def format_of(path: Path) -> Format:
    """The format that a file's name speaks of; of ``.json``, Label Studio's."""
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    return {"jsonl": "jsonl", "ndjson": "jsonl", "json": "label-studio"}.get(ending, "csv")  # type: ignore[return-value]  # all are formats


def _order(
    store: AnnotationStore, keys: list[str], probabilities: Any, question: Question, order: str
) -> list[str]:
    if order == "uncertain":
        return [keys[place] for place in least_certain(probabilities).tolist()]
    places = {label: place for place, label in enumerate(question.labels)}
    rows = {key: row for row, key in enumerate(keys)}
    answered: list[Answer] = [one for one in store.answers() if one.act == "answer"]
    own = probabilities[[rows[one.key] for one in answered]]
    doubted = likely_errors(np.array([places[one.value] for one in answered], dtype=np.int64), own)
    first: list[str] = [answered[place].key for place in doubted.tolist()]
    return list(dict.fromkeys(first))


def _asked(store: AnnotationStore, question: Question | None, path: Path, file_format: Format) -> Question:
    known = store.question
    if question is None:
        return known or _nothing_asked(path)
    if question.labels or question.kind == "scalar":
        return question
    if known is not None:
        return replace(question, labels=known.labels)
    return replace(question, labels=coco_labels(path) if file_format == "coco" else ())


def _read(path: Path, file_format: Format, question: Question, columns: Columns) -> Exchange:
    if file_format == "coco":
        return read_coco(path, path.name, question)
    if file_format == "label-studio":
        return read_label_studio(path, path.name, question)
    return read_table_of_annotations(path, path.name, question, columns)


def _write(path: Path, file_format: Format, held: Annotations) -> None:
    writers: dict[Format, Callable[[Path], None]] = {
        "coco": partial(write_coco, annotations=held),
        "label-studio": partial(write_label_studio, annotations=held),
        "csv": partial(write_table_of_annotations, annotations=held, formulas=True),
        "jsonl": partial(write_table_of_annotations, annotations=held, formulas=False),
    }
    _replace(path, writers[file_format])


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file and put it in its place, whole."""
    new = path.with_name(f"{path.name}.new")
    try:
        write(new)
        os.replace(new, path)
    except OSError as error:
        raise StorageError(
            where=str(path),
            expected="to write the file",
            received=error.strerror or str(error),
            do_this="Make room or the folder writable, then run again.",
        ) from error
    finally:
        new.unlink(missing_ok=True)


def _opened(project: str | Path) -> AnnotationStore:
    if is_project(Path(project)) and not is_annotated(project):
        _nothing_asked(project)
    return open_annotations(project)


def _task_about(door: Project, question: Question) -> Task | None:
    """The project's task, where it is about what annotators were asked."""
    path = door.folder / TASK_FILE
    if not path.exists():
        return None
    task = read_task(path)
    return task if task.targets == (question.target,) else None


def _nothing_asked(project: str | Path) -> Any:
    raise UsageError(
        where=str(project),
        expected="an annotation that was begun",
        received="none",
        do_this="Import items and say what is asked: modelwright annotate PROJECT --import F --labels a,b.",
    )
