"""The whole chapter as one page: define the task, develop a model, deploy it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelwright.checks.registry import gravest_first
from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.hypotheses import judge_hypotheses
from modelwright.define.measure import choose_measure
from modelwright.define.profile import profile
from modelwright.define.snapshot import snapshot
from modelwright.define.task_file import read_task, update_hypotheses, write_task
from modelwright.define.understand import understand
from modelwright.deploy.deciding import weigh_thresholds
from modelwright.deploy.explain import explain
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.deploy.show_data import show_data
from modelwright.deploy.weak_slices import find_weak_slices
from modelwright.develop.account import count_looks
from modelwright.develop.baseline import beat_baseline
from modelwright.develop.compare import compare
from modelwright.develop.confirm import confirm, seal_of
from modelwright.develop.doubts import doubt_labels
from modelwright.develop.growth import would_more_help
from modelwright.develop.learnable import judge_learnable
from modelwright.develop.overfit import overfit
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.develop.tune import tune
from modelwright.engine.budget import budget
from modelwright.errors import UsageError
from modelwright.project import Listener, Project
from modelwright.records import (
    OUT_OF_REACH,
    Bench,
    Constraints,
    Dataset,
    Lab,
    Snapshot,
    Task,
    Verdict,
    digest,
)
from modelwright.workflow.cards import with_model_card, write_model_card
from modelwright.workflow.forms import form_shipped
from modelwright.workflow.looks import compared_on, runs_on
from modelwright.workflow.outcome import Outcome
from modelwright.workflow.places import (
    DATA_FILE,
    RELEASE_FOLDER,
    TASK_FILE,
    beside,
    code_of,
    data_of,
    located,
    opened,
    own_recipe,
    source_text,
    write_page,
)
from modelwright.workflow.sealed import openings_of, sealed_before
from modelwright.workflow.wishes import Wishes

DEFAULT_SECONDS = 120.0
"""A run's time budget where neither seconds nor trials are given."""

WAIT_SECONDS = 10.0
"""How long a second process waits for the first to finish with a project before it is told so."""


def run(
    data: Any,
    *,
    predict: str | Sequence[str] = (),
    project: str | Path | None = None,
    seconds: float | None = None,
    trials: int | None = None,
    models: Sequence[str] = (),
    seed: int = 0,
    reopen: str | None = None,
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
        reopen: why the sealed test part, where it was opened before, is opened again.
        wishes: the other fields of `Wishes`.

    Raises:
        ModelwrightError: in four parts, for whatever is wrong with the data, task or folder.
    """
    wanted = Wishes(predict=(predict,) if isinstance(predict, str) else tuple(predict), **wishes)
    if seconds is None and trials is None:
        seconds = DEFAULT_SECONDS
    _require_time(seconds)
    with ExitStack() as held:
        held.enter_context(budget(seconds))
        door = held.enter_context(opened(data, project, listener))
        held.enter_context(door.writing(WAIT_SECONDS))
        if reopen is not None:
            held.enter_context(door.reopening(reopen))
        task, snap = define_task(door, data, wanted)
        return develop_and_deploy(door, task, snap, models=models, trials=trials, seconds=seconds, seed=seed)


def define_task(
    project: Project, data: Any, wishes: Wishes, interview: Callable[[Task], Task] | None = None
) -> tuple[Task, Snapshot]:
    """Take the data in and frame the task; a task.toml already there is read, never overwritten."""
    path, wishes = project.folder / TASK_FILE, located(wishes, project)
    if path.exists():
        task = read_task(path)
        wishes.require_agreement(task, path)
        return task, project.run(snapshot, project.adopt(data_of(data, task, project)))
    wishes.require_target()
    source = project.adopt(data)
    snap = project.run(snapshot, source)
    task = project.run(frame, snap, **wishes.as_choices(), source_name=source.name)
    task = replace(task, source=source_text(data, project))
    write_task(task if interview is None else interview(task), path)
    return read_task(path), snap


def understand_data(project: Project, task: Task, snap: Snapshot) -> tuple[Dataset, Verdict]:
    """Cast the snapshot under the task's schema, and look for what a person should know."""
    working, test = working_task(task), None
    if task.test.file is not None:
        test = project.run(snapshot, project.adopt(beside(project, task.test.file)))
    dataset = project.run(collect, working, snap, test)
    return dataset, project.run(understand, working, dataset)


def look_at_data(project: Project, task: Task, snap: Snapshot, *, seed: int = 0) -> Path:
    """A page that shows columns, time, places and rows; those of the test part are left out."""
    dataset, findings = understand_data(project, task, snap)
    bench = prepare_bench(project, task, dataset, seed)
    looks = project.run(profile, bench.task, dataset, bench.protocol)
    return write_page(project, project.run(show_data, to_ship(bench, task), findings, looks), DATA_FILE)


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
    bench = prepare_bench(project, task, dataset, seed)
    looks = project.run(profile, bench.task, dataset, bench.protocol)

    baseline = project.run(beat_baseline, bench, existing_code=_existing_code(project, task), seed=seed)
    findings = _together(findings, project.run(doubt_labels, bench, baseline))
    overfitted = project.run(overfit, bench, baseline, seed=seed)
    own = tuple(own_recipe(model, seed) for model in models)
    tuned = project.run(
        tune,
        bench,
        baseline,
        overfitted,
        recipes=own,
        trials=trials,
        seconds=seconds,
        seed=seed,
        left_out=out_of_reach(task.constraints),
    )
    helped = tuned.verdict.answer == "yes"
    runs = runs_on(project, bench)
    account = project.run(count_looks, bench, tuned, runs, compared=compared_on(project, bench))
    learnable = project.run(judge_learnable, bench, runs)
    growth = project.run(would_more_help, bench, tuned) if helped else None
    confirmed = project.run(confirm, bench, baseline, tuned, account) if helped else None
    binary = task.kind == "binary"
    decision = project.run(weigh_thresholds, bench, tuned, confirmed) if binary else None
    weaknesses = project.run(find_weak_slices, bench, tuned, confirmed) if helped else None
    hypotheses = judge_hypotheses(task, baseline, tuned, confirmed)
    update_hypotheses(project.folder / TASK_FILE, hypotheses)

    shipped = to_ship(bench, task)
    card = project.run(
        explain,
        shipped,
        findings,
        baseline,
        overfitted,
        tuned,
        confirmed,
        _latest_lab(project, bench),
        account,
        learnable,
        growth,
        looks,
        None,
        decision if helped else None,
        weaknesses,
        hypotheses=hypotheses,
        openings=() if confirmed is None else openings_of(project, seal_of(bench)),
    )
    release, release_path = None, None
    if confirmed is not None:
        form = form_shipped(project, confirmed)
        release = project.run(ship, shipped, confirmed, form, name=snap.name.split(".")[0])
        release_path = project.folder / RELEASE_FOLDER
        write_release(project.read, with_model_card(release, card), release_path)
        write_model_card(project, card)
    return Outcome(
        folder=project.folder,
        task=task,
        dataset=dataset,
        findings=findings,
        bench=bench,
        baseline=baseline,
        overfitted=overfitted,
        tuned=tuned,
        account=account,
        learnable=learnable,
        growth=growth,
        confirmed=confirmed,
        hypotheses=hypotheses,
        card=card,
        release=release,
        report_path=write_page(project, card),
        release_path=release_path,
    )


def _together(findings: Verdict, doubts: Verdict) -> Verdict:
    """What was seen in the data, and what a simple model doubts, the gravest first."""
    return replace(
        findings,
        findings=gravest_first((*findings.findings, *doubts.findings)),
        not_applicable=(*findings.not_applicable, *doubts.not_applicable),
    )


def _latest_lab(project: Project, bench: Bench) -> Lab | None:
    """The last comparison of models made on this bench, for the report."""
    lab: Any = project.last(compare)
    return lab if isinstance(lab, Lab) and lab.bench == digest(bench) else None


def prepare_bench(project: Project, task: Task, dataset: Dataset, seed: int) -> Bench:
    """All that candidates must share to be comparable."""
    working = working_task(task)
    measure = project.run(choose_measure, working, dataset, code=code_of(project, task.measure))
    before = sealed_before(project, working, dataset, measure, seed)
    protocol = project.run(choose_protocol, working, dataset, measure, before, seed=seed)
    plan = project.run(prepare, working, dataset)
    return Bench(task=working, dataset=dataset, measure=measure, plan=plan, protocol=protocol)


def _require_time(seconds: float | None) -> None:
    """Refuse at once what would be refused only when the search begins."""
    if seconds is not None and not 0 < seconds < float("inf"):
        raise UsageError(
            where="--seconds",
            expected="a number of seconds above 0",
            received=f"{seconds}",
            do_this="Give a time budget such as --seconds 120, or --trials for a number of candidates.",
        )


def _existing_code(project: Project, task: Task) -> str:
    solution = task.existing_solution
    return code_of(project, solution.name if solution and solution.kind == "function" else None)


def working_task(task: Task) -> Task:
    """The task as steps before shipping see it: without what changes none of their results (where the file
    lay, how bets stand, where the model shall run)."""
    return replace(task, source="", hypotheses=(), constraints=Constraints())


def out_of_reach(constraints: Constraints) -> dict[str, str]:
    """Families whose models cannot go where the task says that the model runs -> why."""
    return {
        family: f"the task says that the model runs on a {target} (runs_on), and {why}"
        for target in constraints.runs_on
        for family, why in OUT_OF_REACH.get(target, {}).items()
    }


def without_constraints(bench: Bench) -> Bench:
    """The bench as it was before `to_ship`."""
    return replace(bench, task=replace(bench.task, constraints=Constraints()))


def to_ship(bench: Bench, task: Task) -> Bench:
    """The bench as shipping sees it: under the constraints that the task states now."""
    return replace(bench, task=replace(bench.task, constraints=task.constraints))
