"""What was sealed and opened before: in this project, and in those beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.develop.protocol import choose_protocol
from modelwright.errors import ModelwrightError, ProjectError
from modelwright.project import Entry, Project, projects_beside
from modelwright.records import (
    Dataset,
    Desk,
    Measure,
    Opening,
    Protocol,
    Seal,
    Source,
    Task,
    digest,
    step,
    step_name,
    step_version,
)

Found = TypeVar("Found")

UNREADABLE = (ModelwrightError, OSError, ValueError, AttributeError)
"""How the folder of another project fails: broken, locked, or with records of another version."""


def sealed_before(
    project: Project, task: Task, dataset: Dataset, measure: Measure, seed: int
) -> tuple[Seal, ...]:
    """The seals made before this very protocol was first chosen: a rerun finds what the first run found.

    A project beside this one that cannot be read is told of, and gives a seal that says so.
    """
    chosen = [entry for entry in project.history() if entry.step == step_name(choose_protocol)]
    wanted = [digest(task), digest(dataset), digest(measure)]
    for entry in chosen:
        if _is_call(entry, wanted, seed) and (seals := _given(project, entry)) is not None:
            return seals
    own = [seal for entry in chosen if (seal := _seal_of(entry)) is not None]
    return tuple(dict.fromkeys([*own, *_beside(project)]))


def openings_of(project: Project, seal: str) -> tuple[Opening, ...]:
    """Every look at the rows under this seal, here and in the projects beside, by time."""
    found = list(project.openings(seal))
    for folder in projects_beside(project.folder):
        others = _read_from(project, folder, lambda other: other.openings(seal))
        found += () if isinstance(others, Seal) else others
    return tuple(sorted(found, key=lambda opening: opening.opened_utc))


@step(version=2)
def known_seal(desk: Desk, source: Source, *, name: str, columns: tuple[str, ...], project: str) -> Seal:
    """A seal made in another project, its rows' digests kept in this one.

    Args:
        source: a table of digests, as `sealed_before` brings it. project: the other's name.
    """
    digests = np.ascontiguousarray(polars.read_parquet(desk.read(source.file)).to_numpy())
    kept = desk.keep(digests, "array")
    return Seal(name=name, digests=kept, columns=columns, rows=len(digests), project=project)


@step(version=1)
def unread_seal(desk: Desk, *, project: str, why: str) -> Seal:
    """Stands for what was sealed in another project that cannot be read, and says so."""
    desk.note(f"what was sealed in the project {project} beside is not known: it cannot be read ({why})")
    nothing = desk.keep(np.empty((0, 0), dtype=np.uint64), "array")
    return Seal(name="", digests=nothing, columns=(), rows=0, project=project, unread=why)


def _is_call(entry: Entry, wanted: list[str], seed: int) -> bool:
    """Whether the entry is of this very protocol, as this version chooses it."""
    current = entry.version == step_version(choose_protocol)
    return current and json.loads(entry.inputs)[:3] == wanted and json.loads(entry.choices)["seed"] == seed


def _given(project: Project, entry: Entry) -> tuple[Seal, ...] | None:
    """The seals that a protocol was chosen with; None where they are not all on the ledger."""
    wanted: list[str] = json.loads(entry.inputs)[3]
    known: dict[str, Any] = {}
    for other in project.history():
        made = _seal_of(other)
        if made is not None:
            known[digest(made)] = made
    return tuple(known[each] for each in wanted) if all(each in known for each in wanted) else None


def _seal_of(entry: Entry) -> Seal | None:
    """The seal that a step made, if it made one."""
    if entry.record_kind not in (Protocol.__name__, Seal.__name__):
        return None
    return entry.record.seal if isinstance(entry.record, Protocol) else entry.record


def _beside(project: Project) -> Iterator[Seal]:
    """The seals of the other projects in the same folder."""
    for folder in projects_beside(project.folder):
        seals = _read_from(project, folder, _seals_in)
        if isinstance(seals, Seal):
            yield seals
            continue
        for one, digests in seals:
            source = project.adopt({f"{place}": column for place, column in enumerate(digests.T)})
            yield project.run(known_seal, source, name=one.name, columns=one.columns, project=folder.name)


def _seals_in(other: Project) -> list[tuple[Seal, NDArray[np.uint64]]]:
    """The seals made in a project, each with its rows' digests.

    Raises:
        ProjectError: they are of another version.
    """
    entries = [entry for entry in other.history() if entry.step == step_name(choose_protocol)]
    seals = [seal for entry in entries if (seal := _seal_of(entry)) is not None]
    found = [(seal, other.read(seal.digests)) for seal in seals]
    if any(digests.shape != (seal.rows, len(seal.columns)) for seal, digests in found):
        raise ProjectError(
            where=str(other.folder),
            expected="a digest of every sealed cell",
            received="digests of another version of modelwright",
            do_this="Run that project again with this version.",
        )
    return found


def _read_from(project: Project, folder: Path, read: Callable[[Project], Found]) -> Found | Seal:
    """What another project says; where it cannot be read, what stands for its seals and says so."""
    try:
        with Project.open(folder) as other:
            return read(other)
    except UNREADABLE as error:
        why = error.received if isinstance(error, ModelwrightError) else str(error)
        return project.run(unread_seal, project=folder.name, why=why)
