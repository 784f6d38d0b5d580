"""The chapter as one call: a task is framed once, and everything before it was done is recalled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.errors import SourceError, UsageError
from modelwright.project import Project
from modelwright.records import Hypothesis, Task, digest
from modelwright.workflow import Outcome, Wishes, compare_models, define_task, run, understand_data
from modelwright.workflow.chapter import prepare_bench
from modelwright.workflow.places import TASK_FILE

WISHES = Wishes(predict=("label",))


def columns(count: int = 160) -> dict[str, Any]:
    chance = random.Random(4)
    size = [chance.gauss(50, 10) for _ in range(count)]
    colour = [chance.choice(["red", "green", "blue"]) for _ in range(count)]
    label = [
        "yes" if s + 9 * (c == "red") + chance.gauss(0, 3) > 53 else "no"
        for s, c in zip(size, colour, strict=True)
    ]
    return {"size": size, "colour": colour, "label": label}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    polars.DataFrame(columns()).write_csv(path)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p") as made:
        yield made


def test_a_task_is_framed_once_and_read_from_its_file_afterwards(project: Project, data: Path) -> None:
    task, snap = define_task(project, data, WISHES)
    path = project.folder / TASK_FILE
    path.write_text(path.read_text().replace(task.question, "Who will say yes?"))
    again, same = define_task(project, data, Wishes())
    assert again.question == "Who will say yes?"
    assert digest(same) == digest(snap)


def test_the_project_folder_alone_is_enough_the_second_time(project: Project, data: Path) -> None:
    task, snap = define_task(project, data, WISHES)
    assert task.source == "../rows.csv"
    again = define_task(project, project.folder, Wishes())
    assert (digest(again[0]), digest(again[1])) == (digest(task), digest(snap))


def test_wishes_that_contradict_the_file_leave_it_as_it_was(project: Project, data: Path) -> None:
    define_task(project, data, WISHES)
    before = (project.folder / TASK_FILE).read_bytes()
    with pytest.raises(UsageError, match="--predict"):
        define_task(project, data, Wishes(predict=("colour",)))
    assert (project.folder / TASK_FILE).read_bytes() == before


def test_without_a_target_nothing_is_adopted_or_written(project: Project, data: Path) -> None:
    with pytest.raises(UsageError, match="--predict"):
        define_task(project, data, Wishes())
    assert project.history() == []
    assert not (project.folder / TASK_FILE).exists()


def test_what_the_interview_answers_is_what_the_file_says(project: Project, data: Path) -> None:
    def answered(task: Task) -> Task:
        return replace(task, question="Asked and answered?")

    task, _ = define_task(project, data, WISHES, answered)
    assert task.question == "Asked and answered?"
    assert "Asked and answered?" in (project.folder / TASK_FILE).read_text()


def test_an_absent_file_is_refused_and_no_task_is_left(project: Project, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        define_task(project, tmp_path / "row.csv", WISHES)
    assert not (project.folder / TASK_FILE).exists()


def test_data_is_understood_once(project: Project, data: Path) -> None:
    task, snap = define_task(project, data, WISHES)
    first = understand_data(project, task, snap)
    entries = len(project.history())
    again = understand_data(project, task, snap)
    assert [digest(record) for record in again] == [digest(record) for record in first]
    assert len(project.history()) == entries


def test_how_bets_stand_and_where_the_file_lay_change_no_result(project: Project, data: Path) -> None:
    task, snap = define_task(project, data, WISHES)
    dataset, _ = understand_data(project, task, snap)
    bench = prepare_bench(project, task, dataset, 0)
    moved = replace(task, source="/elsewhere.csv", hypotheses=(Hypothesis(text="it works", status="held"),))
    entries = len(project.history())
    dataset, _ = understand_data(project, moved, snap)
    assert digest(prepare_bench(project, moved, dataset, 0)) == digest(bench)
    assert len(project.history()) == entries


def test_another_seed_is_another_bench(project: Project, data: Path) -> None:
    task, snap = define_task(project, data, WISHES)
    dataset, _ = understand_data(project, task, snap)
    assert digest(prepare_bench(project, task, dataset, 0)) != digest(
        prepare_bench(project, task, dataset, 1)
    )


def test_a_measure_of_ones_own_travels_with_its_code(project: Project, data: Path) -> None:
    own = data.with_name("scores.py")
    own.write_text("def hits(targets, predictions):\n    return float((targets == predictions).mean())\n")
    task, snap = define_task(project, data, replace(WISHES, measure=f"{own}:hits"))
    dataset, _ = understand_data(project, task, snap)
    bench = prepare_bench(project, task, dataset, 0)
    assert task.measure == "../scores.py:hits"
    assert "def hits" in bench.measure.code


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_budget_that_is_no_time_is_refused_before_anything_is_done(
    data: Path, tmp_path: Path, seconds: float
) -> None:
    with pytest.raises(UsageError, match="--seconds"):
        run(data, predict="label", project=tmp_path / "never", seconds=seconds)
    assert not (tmp_path / "never").exists()


def ran(data: Any, folder: Path) -> Outcome:
    return run(data, predict="label", project=folder, trials=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pandas", "polars", "arrays"])
def test_data_frames_and_arrays_come_to_a_model_as_files_do(kind: str, tmp_path: Path) -> None:
    values = columns()
    if kind == "pandas":
        pandas = pytest.importorskip("pandas")
        frame: Any = pandas.DataFrame(values)
    elif kind == "polars":
        frame = polars.DataFrame(values)
    else:
        frame = {name: np.array(column) for name, column in values.items()}
    outcome = ran(frame, tmp_path / "p")
    assert outcome.task.kind == "binary"
    assert outcome.tuned.verdict.answer == "yes"
    assert outcome.confirmed is not None
    assert outcome.report_path.is_file()
    assert outcome.release_path is not None
    again = ran(frame, tmp_path / "p")
    assert digest(again.confirmed) == digest(outcome.confirmed)
    with pytest.raises(UsageError, match="DataFrame"):
        run(tmp_path / "p")


NETS = """
import keras
def small(input_shape, output_shape):
    layers = keras.layers
    last = layers.Dense(1, activation="sigmoid")
    return keras.Sequential([keras.Input(input_shape), layers.Dense(4), last])
"""


@pytest.mark.slow
def test_a_comparison_made_on_the_bench_is_a_section_of_the_report(tmp_path: Path, data: Path) -> None:
    (tmp_path / "nets.py").write_text(NETS)
    first = run(data, predict="label", project=tmp_path / "p", trials=2)
    assert "Your models, side by side" not in first.report_path.read_text(encoding="utf-8")
    compare_models(tmp_path / "p", [f"{tmp_path / 'nets.py'}:small"], seeds=2, epochs=3, batch_size=16)
    again = run(tmp_path / "p", trials=2)
    page = again.report_path.read_text(encoding="utf-8")
    assert "Your models, side by side" in page
    assert "nets.py:small: more training" in page
    assert again.account.looks == first.account.looks + 1
    assert again.confirmed is not None
    assert first.confirmed is not None
    finals = [one.final for one in (first.confirmed, again.confirmed)]
    assert digest(finals[0].test_score) == digest(finals[1].test_score)
