"""What does a project's ledger hold for a page? Records, as they are."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelwright.define.task_file import read_task
from modelwright.deploy.deciding import Weighed, weighed_of
from modelwright.deploy.report.development import comparison_words
from modelwright.project import Entry, Project, is_project
from modelwright.records import (
    Dataset,
    Decision,
    Finding,
    Measure,
    Optimised,
    Protocol,
    Release,
    Study,
    Task,
    summary,
)
from modelwright.workbench.journey import QUESTIONS
from modelwright.workbench.leaderboard import Board, board
from modelwright.workbench.rows import Asked, Found, find_rows
from modelwright.workflow.places import TASK_FILE

STAGES = ("develop.beat_baseline", "develop.overfit", "develop.tune")
"""The searches, in the order of chapter 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one search came to.

    Args:
        answer: in a sentence. told: what was compared, a sentence each.
    """

    step: str
    question: str
    answer: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A project opened to be read."""

    project: Project

    def latest(self) -> list[Entry]:
        """The last entry of each step done, parts of steps left out."""
        names = dict.fromkeys(entry.step for entry in self.project.history() if entry.parent is None)
        return [entry for name in names if (entry := self.project.entry(name)) is not None]

    @property
    def task(self) -> Task | None:
        """The task as its file says it now; None before it is framed."""
        file = self.project.folder / TASK_FILE
        return read_task(file) if file.exists() else None

    @property
    def sensitive(self) -> bool:
        """Whether the task says that its rows are nobody's to look at."""
        task = self.task
        return task is not None and task.constraints.sensitive

    @property
    def dataset(self) -> Dataset | None:
        """The rows."""
        return self.project.last("define.collect")

    def findings(self) -> tuple[Finding, ...]:
        """What the checks saw, and which labels a simple model doubts."""
        verdicts = [self.project.last(step) for step in ("define.understand", "develop.doubt_labels")]
        return tuple(finding for verdict in verdicts if verdict is not None for finding in verdict.findings)

    def rows(self, asked: Asked) -> Found | None:
        """A page of rows; None as long as it is not known which of them are sealed."""
        dataset, protocol = self.dataset, self.project.last("develop.choose_protocol")
        if dataset is None or not isinstance(protocol, Protocol):
            return None
        lines = np.asarray(self.project.read(dataset.lines), dtype=np.int64)
        sealed = np.asarray(self.project.read(protocol.test), dtype=np.int64)
        return find_rows(self.project.table_file(dataset.table), lines, sealed, asked)

    def walk(self) -> tuple[Stage, ...]:
        """From common sense over what overfits to what was chosen: what each stage came to, and beat."""
        measure = self.project.last("define.choose_measure")
        found = ((name, self.project.last(name)) for name in STAGES)
        return tuple(
            Stage(
                step=name,
                question=QUESTIONS[name],
                answer=summary(study),
                told=tuple(comparison_words(one, measure.title) for one in study.comparisons),
            )
            for name, study in found
            if isinstance(study, Study) and measure is not None
        )

    def board(self) -> tuple[Board, Measure] | None:
        """The candidates of the last search; None before anything was tried."""
        measure = self.project.last("define.choose_measure")
        studies: list[Study | None] = [self.project.last(step) for step in STAGES]
        benches = [study.bench for study in studies if study is not None]
        if measure is None or not benches:
            return None
        on_last = [study if study is not None and study.bench == benches[-1] else None for study in studies]
        runs = (entry for entry in self.project.history() if entry.record_kind == "Run")
        took = {entry.record_digest: entry.seconds for entry in runs}
        return board(on_last, measure, self.project.read, took), measure

    def shipped(self) -> tuple[Release, Optimised | None] | None:
        """The release, and what was looked at to make it smaller and faster; None before it was made."""
        release = self.project.last("deploy.ship")
        return None if release is None else (release, self.project.last("deploy.optimise"))

    def decision(self) -> tuple[Decision, Weighed] | None:
        """What each threshold means on a day; None where there is none to choose."""
        made = self.project.last("deploy.weigh_thresholds")
        return None if made is None else (made, weighed_of(self.project.read, made))

    def page(self, step: str) -> bytes | None:
        """The self-contained page that a step made."""
        card = self.project.last(step)
        return None if card is None else self.project.read(card.report)


@contextmanager
def reading(folder: Path) -> Generator[Shelf | None]:
    """The project to be read; None where the folder is no project yet."""
    if not is_project(folder):
        yield None
        return
    with Project.open(folder) as project:
        yield Shelf(project)


def plain(record: Any) -> Any:
    """A record as plain data."""
    import msgspec

    def listed(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.tolist()
        raise NotImplementedError

    return msgspec.to_builtins(record, str_keys=True, enc_hook=listed)
