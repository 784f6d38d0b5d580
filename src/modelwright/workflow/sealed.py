"""What was sealed and opened before: in this project, and in those beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import polars

from modelwright.develop.protocol import choose_protocol
from modelwright.errors import ModelwrightError
from modelwright.project import Project, projects_beside
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
)


def sealed_before(
    project: Project, task: Task, dataset: Dataset, measure: Measure, seed: int
) -> tuple[Seal, ...]:
    """The seals made before this very protocol was first chosen: a rerun finds what the first run found."""
    wanted = [digest(task), digest(dataset), digest(measure)]
    own: list[Seal] = []
    until = datetime.now(UTC).isoformat()
    for entry in project.history():
        if entry.step != step_name(choose_protocol) or not isinstance(entry.record, Protocol):
            continue
        if json.loads(entry.inputs)[:3] == wanted and json.loads(entry.choices)["seed"] == seed:
            until = entry.started_utc
            break
        if entry.record.seal is not None:
            own.append(entry.record.seal)
    return tuple(dict.fromkeys([*own, *_beside(project, until)]))


def openings_of(project: Project, seal: str) -> tuple[Opening, ...]:
    """Every look at the rows under this seal, here and in the projects beside, by time."""
    found = list(project.openings(seal))
    for other in _opened_beside(project):
        found += other.openings(seal)
    return tuple(sorted(found, key=lambda opening: opening.opened_utc))


@step(version=1)
def known_seal(desk: Desk, source: Source, *, name: str, columns: tuple[str, ...]) -> Seal:
    """A seal made in another project, its rows' digests kept in this one.

    Args:
        source: a table of digests, as `sealed_before` brings it.
    """
    digests = polars.read_parquet(desk.read(source.file)).to_numpy()
    return Seal(name=name, digests=desk.keep(digests, "array"), columns=columns, rows=len(digests))


def _beside(project: Project, until: str) -> Iterator[Seal]:
    """The seals of other projects in the same folder, made before a moment."""
    for other in _opened_beside(project):
        for entry in other.history():
            if entry.step != step_name(choose_protocol) or entry.started_utc >= until:
                continue
            seal = entry.record.seal if isinstance(entry.record, Protocol) else None
            if seal is not None:
                digests = other.read(seal.digests)
                source = project.adopt({"read": digests[:, 0], "every": digests[:, 1]})
                yield project.run(known_seal, source, name=seal.name, columns=seal.columns)


def _opened_beside(project: Project) -> Iterator[Project]:
    """The projects beside this one that can be read."""
    for folder in projects_beside(project.folder):
        with suppress(ModelwrightError), Project.open(folder) as other:  # broken, or of a newer version
            yield other
