"""The whole chapter as one page: from a data file to a confirmed, explained and released model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.hypotheses import judge_hypotheses
from modelwright.define.measure import choose_measure
from modelwright.define.snapshot import snapshot
from modelwright.define.task_file import read_task, update_hypotheses, write_task
from modelwright.define.understand import understand
from modelwright.deploy.explain import explain
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.develop.baseline import beat_baseline
from modelwright.develop.confirm import confirm
from modelwright.develop.overfit import overfit
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.develop.tune import tune
from modelwright.engine.budget import budget
from modelwright.errors import UsageError
from modelwright.project import Listener, Project
from modelwright.records import (
    Bench,
    Card,
    Dataset,
    Hypothesis,
    Recipe,
    Release,
    Snapshot,
    Study,
    Task,
    Verdict,
)

TASK_FILE = "task.toml"
REPORT_FILE = "report.html"
RELEASE_FOLDER = "release"
DEFAULT_SECONDS = 120.0
"""A run's time budget where neither seconds nor trials are given."""

WAIT_SECONDS = 10.0
"""How long a second process waits for the first to finish with a project before it is told so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person may say when a project starts; afterwards task.toml says it.

    Args:
        predict: the target column, or several for vector regression.
        ignore: columns no model may read. group, time: see `Task`.
        test_file: a second file whose rows are the sealed test part.
        test_column, test_value: rows where the column has the value are the sealed test part.
        measure: a built-in measure's name, or ``FILE.py:NAME``.
        existing: ``column:NAME`` or ``FILE.py:NAME``, today's solution.
    """

    predict: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    test_file: str | None = None
    test_column: str | None = None
    test_value: str | None = None
    measure: str | None = None
    question: str | None = None
    positive_class: str | None = None
    existing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run of the whole workflow came to. `release` is None where machine learning did not help."""

    folder: Path
    task: Task
    dataset: Dataset
    findings: Verdict
    bench: Bench
    baseline: Study
    overfitted: Study
    tuned: Study
    confirmed: Study | None
    hypotheses: tuple[Hypothesis, ...]
    card: Card
    release: Release | None
    report_path: Path
    release_path: Path | None

    def _repr_html_(self) -> str:
        from html import escape

        facts = "".join(f"<li>{escape(fact)}</li>" for fact in self.card.facts)
        return (
            f"<p><b>{escape(self.card.headline)}</b></p><ul>{facts}</ul>"
            f"<p>report: {escape(str(self.report_path))}</p>"
        )


def run(
    data: Any,
    *,
    predict: str | Sequence[str] = (),
    project: str | Path | None = None,
    seconds: float | None = None,
    trials: int | None = None,
    models: Sequence[str] = (),
    seed: int = 0,
    listener: Listener | None = None,
    **wishes: Any,
) -> Outcome:
    """Carry data through the whole workflow: define the task, develop a model, deploy it.

    Args:
        data: a CSV, Parquet or JSON Lines file; a DataFrame or dict of arrays; or a project folder.
        predict: the target column, or several.
        project: the project's folder; by default named after the file, in the working folder.
        seconds: time budget of the whole run; trials: or the number of candidates (reproducible).
        models: the user's own Keras models, each ``FILE.py:NAME``.
        wishes: the other fields of `Wishes`.

    Raises:
        ModelwrightError: in four parts, for whatever is wrong with the data, task or folder.
    """
    wanted = Wishes(predict=(predict,) if isinstance(predict, str) else tuple(predict), **wishes)
    folder = project_folder(data, project)
    if seconds is None and trials is None:
        seconds = DEFAULT_SECONDS
    with budget(seconds), _opened(data, folder, listener) as opened, opened.writing(WAIT_SECONDS):
        task, snap = define_task(opened, data, wanted)
        return develop_and_deploy(
            opened, task, snap, models=models, trials=trials, seconds=seconds, seed=seed
        )


def define_task(
    project: Project,
    data: Any,
    wishes: Wishes,
    interview: Callable[[Task], Task] | None = None,
) -> tuple[Task, Snapshot]:
    """Take the data in and frame the task; a task.toml already there is read, never overwritten."""
    path = project.folder / TASK_FILE
    if path.exists():
        task = read_task(path)
        _refuse_contradictions(task, wishes, path)
        snap = project.run(snapshot, project.adopt(_data_of(data, task, project)))
        return task, snap
    if not wishes.predict:
        raise UsageError(
            where="--predict",
            expected="the column to predict",
            received="none, and the project has no task.toml yet",
            do_this="Say which column holds the answer: --predict COLUMN.",
        )
    source = project.adopt(data)
    snap = project.run(snapshot, source)
    named = {name: getattr(wishes, name) for name in Wishes.__dataclass_fields__}
    task = project.run(frame, snap, **named, source_name=source.name)
    task = replace(task, source=_source_text(data, project))
    if interview is not None:
        task = interview(task)
    write_task(task, path)
    return read_task(path), snap


def understand_data(project: Project, task: Task, snap: Snapshot) -> tuple[Dataset, Verdict]:
    """Cast the snapshot under the task's schema, and look for what a person should know."""
    working = _working(task)
    test = None
    if task.test.file is not None:
        test = project.run(snapshot, project.adopt(_beside(project, task.test.file)))
    dataset = project.run(collect, working, snap, test)
    return dataset, project.run(understand, working, dataset)


def develop_and_deploy(
    project: Project,
    task: Task,
    snap: Snapshot,
    *,
    models: Sequence[str] = (),
    trials: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
) -> Outcome:
    """From a framed task to a released model, or to an honest no."""
    dataset, findings = understand_data(project, task, snap)
    working = _working(task)
    measure = project.run(choose_measure, working, dataset, code=_code(project, task.measure))
    protocol = project.run(choose_protocol, working, dataset, measure, seed=seed)
    plan = project.run(prepare, working, dataset)
    bench = Bench(task=working, dataset=dataset, measure=measure, plan=plan, protocol=protocol)

    solution = task.existing_solution
    existing = _code(project, solution.name if solution and solution.kind == "function" else None)
    baseline = project.run(beat_baseline, bench, existing_code=existing, seed=seed)
    overfitted = project.run(overfit, bench, baseline, seed=seed)
    own = tuple(_own_recipe(model, seed) for model in models)
    tuned = project.run(
        tune, bench, baseline, overfitted, recipes=own, trials=trials, seconds=seconds, seed=seed
    )
    helped = tuned.verdict.answer == "yes"
    confirmed = project.run(confirm, bench, baseline, tuned) if helped else None
    hypotheses = judge_hypotheses(task, baseline, tuned, confirmed)
    update_hypotheses(project.folder / TASK_FILE, hypotheses)

    card = project.run(
        explain, bench, findings, baseline, overfitted, tuned, confirmed, hypotheses=hypotheses
    )
    report_path = write_report(project, card)
    release, release_path = None, None
    if confirmed is not None:
        release = project.run(ship, bench, confirmed, name=snap.name.split(".")[0])
        release_path = project.folder / RELEASE_FOLDER
        write_release(project.read, release, release_path)
    return Outcome(
        folder=project.folder,
        task=task,
        dataset=dataset,
        findings=findings,
        bench=bench,
        baseline=baseline,
        overfitted=overfitted,
        tuned=tuned,
        confirmed=confirmed,
        hypotheses=hypotheses,
        card=card,
        release=release,
        report_path=report_path,
        release_path=release_path,
    )


def write_report(project: Project, card: Card) -> Path:
    """Put the report into the project folder, whole or not at all."""
    path = project.folder / REPORT_FILE
    report: bytes = project.read(card.report)
    if not path.exists() or path.read_bytes() != report:
        temporary = path.with_suffix(".html.new")
        temporary.write_bytes(report)
        temporary.replace(path)
    return path


def project_folder(data: Any, project: str | Path | None) -> Path:
    """Where the project lives: as said, the folder itself, or named after the data file."""
    if project is not None:
        return Path(project)
    if not isinstance(data, str | Path):
        return Path("modelwright-project")
    path = Path(data)
    return path if path.is_dir() else Path(path.name.split(".")[0] or "project")


def _opened(data: Any, folder: Path, listener: Listener | None) -> Project:
    is_project = isinstance(data, str | Path) and Path(data).is_dir()
    return (
        Project.open(folder, listener=listener) if is_project else Project.create(folder, listener=listener)
    )


def _working(task: Task) -> Task:
    """The task as steps see it: without what changes no result (where the file lay, how bets stand)."""
    return replace(task, source="", hypotheses=())


def _data_of(data: Any, task: Task, project: Project) -> Any:
    """The data given, or, where the project folder itself was given, the file its task names."""
    if isinstance(data, str | Path) and Path(data).resolve() == project.folder.resolve():
        return _beside(project, task.source)
    return data


def _source_text(data: Any, project: Project) -> str:
    """How task.toml names the data file: relative to the project folder where that is possible."""
    if not isinstance(data, str | Path):
        return ""
    import os.path

    return os.path.relpath(Path(data).resolve(), project.folder.resolve())


def _beside(project: Project, name: str) -> Path:
    """A path in task.toml: relative to the project folder, or as it stands."""
    beside = project.folder / name
    return beside if beside.exists() else Path(name)


def _code(project: Project, name: str | None) -> str:
    """The source text behind ``FILE.py:NAME``; empty for anything else."""
    if name is None or ".py:" not in name:
        return ""
    return _read_code(_beside(project, name.rpartition(":")[0]), name)


def _own_recipe(model: str, seed: int) -> Recipe:
    file, _, function = model.rpartition(":")
    if not file or not function:
        raise UsageError(
            where=f"--model {model}",
            expected="FILE.py:NAME",
            received=model,
            do_this="Name the file and the function in it that builds the model: --model nets.py:small.",
        )
    return Recipe(
        family="yours", name=function, code=_read_code(Path(file), model), function=function, seed=seed
    )


def _read_code(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            where=name,
            expected="a Python file that can be read",
            received=f"{path}: {error.strerror}",
            do_this="Check the path; it is looked up from the working folder and the project folder.",
        ) from error


def _refuse_contradictions(task: Task, wishes: Wishes, path: Path) -> None:
    """What is said now must agree with what task.toml says: a task changes in its file only."""
    said = {
        "--predict": (wishes.predict, task.targets),
        "--ignore": (wishes.ignore, tuple(n for n in task.ignore if n in wishes.ignore)),
        "--group": (wishes.group, task.group),
        "--time": (wishes.time, task.time),
        "--measure": (wishes.measure, task.measure),
        "--test-column": (wishes.test_column, task.test.column),
    }
    for flag, (now, then) in said.items():
        if now and now != then:
            raise UsageError(
                where=flag,
                expected=f"{then!r}, as in {path}",
                received=f"{now!r}",
                do_this="Edit task.toml to change the task, or start another project with --project FOLDER.",
            )


__all__ = [
    "DEFAULT_SECONDS",
    "Outcome",
    "Wishes",
    "define_task",
    "develop_and_deploy",
    "project_folder",
    "run",
    "understand_data",
]
