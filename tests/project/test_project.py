"""Does a project recall what was done, do what was not, and tell of both?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.errors import CorruptError, ProjectBusy, ProjectError, SealError, UsageError
from modelwright.project import Event, Project, StepFinished, StepNoted, StepStarted, WaitingForWriter
from modelwright.records import Card, Desk, Estimate, Source, Verdict, digest, step

done: list[str] = []


@step(version=1)
def look(desk: Desk, source: Source, *, rows: int = 3) -> Card:
    done.append("look")
    desk.note("looking", done=1, total=2, rows=rows)
    kept = desk.keep(np.arange(rows), "array")
    return Card(report=kept, headline=source.name)


def part(desk: Desk, number: int) -> int:
    done.append(f"part {number}")
    return number


@step(version=1)
def add(desk: Desk, *, numbers: tuple[int, ...], stop_at: int | None = None) -> Verdict:
    total = 0
    for number in numbers:
        if number == stop_at:
            raise KeyboardInterrupt
        total += desk.once(part, number)
    return Verdict(question="how much?", answer="yes", reason=str(total))


@step(version=1)
def unknown(desk: Desk) -> Estimate:
    return Estimate(value=float("nan"), low=0.0, high=1.0, method="none")


def seal_of(source: Source, model: Card) -> str:
    return source.file.digest


@step(version=1, opens=seal_of)
def open_test(desk: Desk, source: Source, model: Card) -> Card:
    done.append("open_test")
    if model.facts == ("interrupt",) and done.count("open_test") == 1:
        raise KeyboardInterrupt
    return model


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    done.clear()


@pytest.fixture
def project(tmp_path: Path) -> Any:
    with Project.create(tmp_path / "spam") as project:
        yield project


@pytest.fixture
def source(project: Project, tmp_path: Path) -> Source:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    return project.adopt(tmp_path / "rows.csv")


def test_a_recorded_step_is_not_run_again(project: Project, source: Source) -> None:
    first = project.run(look, source)
    assert project.run(look, source) == first
    assert done == ["look"]


def test_it_is_not_run_again_by_the_next_process_either(project: Project, source: Source) -> None:
    first = project.run(look, source)
    project.close()
    with Project.open(project.folder) as again:
        assert again.run(look, source) == first
    assert done == ["look"]


def test_other_choices_run_it_again_and_a_stated_default_does_not(project: Project, source: Source) -> None:
    project.run(look, source)
    project.run(look, source, rows=4)
    project.run(look, source, rows=np.int64(3))
    assert done == ["look", "look"]


def test_a_raised_version_runs_it_again(
    project: Project, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run(look, source)
    monkeypatch.setattr(look, "__step_version__", 2)
    project.run(look, source)
    assert done == ["look", "look"]


def test_renaming_the_folder_runs_nothing_again(project: Project, source: Source, tmp_path: Path) -> None:
    first = project.run(look, source)
    project.close()
    moved = project.folder.rename(tmp_path / "ham")
    with Project.open(moved) as again:
        assert again.run(look, source) == first
        assert again.read(first.report).tolist() == [0, 1, 2]
    assert done == ["look"]


def test_an_interrupted_step_resumes_at_its_last_completed_part(project: Project) -> None:
    with pytest.raises(KeyboardInterrupt):
        project.run(add, numbers=(1, 2, 3), stop_at=3)
    assert project.run(add, numbers=(1, 2, 3)).reason == "6"
    assert done == ["part 1", "part 2", "part 3"]
    assert project.entry("add").parent is None
    parents = {entry.parent for entry in project.history() if entry.step.endswith(".part")}
    assert None not in parents


def test_a_step_whose_blob_is_gone_is_done_again(project: Project, source: Source) -> None:
    card = project.run(look, source)
    stored = next(project.folder.rglob(card.report.digest))
    stored.unlink()
    with pytest.raises(CorruptError, match="run again"):
        project.read(card.report)
    assert project.run(look, source) == card
    assert project.read(card.report).tolist() == [0, 1, 2]


def test_a_source_whose_blob_is_gone_can_be_adopted_again(
    project: Project, source: Source, tmp_path: Path
) -> None:
    next(project.folder.rglob(source.file.digest)).unlink()
    assert project.adopt(tmp_path / "rows.csv") == source
    assert project.read(source.file).read_text() == "a,b\n1,2\n"


def test_adopting_known_content_copies_nothing(
    project: Project, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = project.read(source.file)
    before = stored.stat().st_ino
    monkeypatch.setattr(project._work.blobs, "_place", None)
    assert project.adopt(tmp_path / "rows.csv") == source
    assert stored.stat().st_ino == before
    assert len(project.history()) == 1


@pytest.mark.parametrize("name", ["row.csv", ".", "rows.csv/x"])
def test_a_path_that_is_no_file_is_refused(
    project: Project, source: Source, tmp_path: Path, name: str
) -> None:
    with pytest.raises(Exception, match="a data file") as caught:
        project.adopt(tmp_path / name)
    if name == "row.csv":
        assert "rows.csv" in caught.value.do_this


def test_a_frame_and_a_dict_of_arrays_are_adopted_as_parquet(project: Project) -> None:
    pytest.importorskip("modelwright.sources.frames")
    adopted = project.adopt({"a": np.array([1.5, 2.5])})
    assert adopted.name.endswith(".parquet")
    assert project.read(adopted.file).read_bytes()[:4] == b"PAR1"
    assert project.adopt({"a": np.array([1.5, 2.5])}) == adopted


def test_last_is_what_the_latest_call_came_to_also_when_recalled(project: Project, source: Source) -> None:
    three = project.run(look, source, rows=3)
    four = project.run(look, source, rows=4)
    assert project.last("look") == project.last(look) == four
    project.run(look, source, rows=3)
    assert project.last("look") == three
    assert project.last("develop.tune") is None


def test_a_record_can_be_walked_back_to_the_rows_it_came_from(project: Project, source: Source) -> None:
    project.run(look, source)
    adopted, looked = project.history()
    assert json.loads(looked.inputs) == [adopted.record_digest] == [digest(source)]
    assert json.loads(looked.origins) == [adopted.sequence]
    assert looked.plain()["record"]["headline"] == "rows.csv"


def test_the_listener_hears_what_happens(tmp_path: Path, source: Source, project: Project) -> None:
    heard: list[Event] = []
    project.close()
    with Project.open(project.folder, listener=heard.append) as listened:
        card = listened.run(look, source)
        listened.run(look, source)
    name = heard[0].step
    assert heard[0] == StepStarted(step=name)
    assert heard[1] == StepNoted(step=name, message="looking", done=1, total=2, facts={"rows": 3})
    finished = [event for event in heard if isinstance(event, StepFinished)]
    assert [(event.recalled, event.record) for event in finished] == [(False, card), (True, card)]


def test_a_nan_in_a_record_is_refused_not_written(project: Project) -> None:
    with pytest.raises(UsageError, match="NaN"):
        project.run(unknown)
    assert project.history() == []


def test_a_function_without_a_name_of_its_own_is_refused(project: Project) -> None:
    with pytest.raises(UsageError, match="def"):
        project.run(lambda desk: None)


def test_a_closure_is_refused_unless_marked_because_its_key_cannot_say_what_it_captures(
    project: Project,
) -> None:
    captured = 1

    def plain(desk: Desk) -> int:
        return captured

    with pytest.raises(UsageError, match="captures"):
        project.run(plain)
    assert project.run(step(version=1)(plain)) == 1


def test_a_seal_is_opened_for_one_model_only_whatever_happens(
    project: Project, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Card(report=source.file, headline="one", facts=("interrupt",))
    with pytest.raises(KeyboardInterrupt):
        project.run(open_test, source, model)
    project.close()
    with Project.open(project.folder) as again:
        with pytest.raises(SealError, match="second look"):
            again.run(open_test, source, Card(report=source.file, headline="other"))
        assert again.run(open_test, source, model) == model
        monkeypatch.setattr(open_test, "__step_version__", 2)
        assert again.run(open_test, source, model) == model
    assert done == ["open_test"] * 3


def test_a_wrong_choice_names_the_nearest(project: Project, source: Source) -> None:
    with pytest.raises(UsageError, match="Did you mean 'rows'"):
        project.run(look, source, row=3)


def test_opening_what_is_no_project_names_the_nearest(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"Did you mean .*spam"):
        Project.open(tmp_path / "span")
    with pytest.raises(ProjectError, match="without a ledger"):
        Project.open(tmp_path)


def test_creating_where_a_file_is_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spam").write_text("")
    for folder in (tmp_path / "spam", tmp_path / "spam" / "inner"):
        with pytest.raises(ProjectError, match="the file"):
            Project.create(folder)


def test_a_notebook_shows_the_ledger_escaped(tmp_path: Path) -> None:
    with Project.create(tmp_path / "<b>") as project:
        project.run(add, numbers=(1,))
        page = project._repr_html_()
    assert "&lt;b&gt;" in page
    assert "Verdict" in page
    assert "<b><b>" not in page


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_task_file_goes_to_git_and_the_ledger_does_not(project: Project) -> None:
    (project.folder / "task.toml").write_text("")
    subprocess.run(["git", "init", "-q", project.folder], check=True)
    command = ["git", "-C", project.folder, "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "?? task.toml\n"


def test_a_second_writer_is_told_whom_it_waits_for_and_then_that_it_is_busy(project: Project) -> None:
    heard: list[Event] = []
    with (
        Project.open(project.folder, listener=heard.append) as second,
        project.writing(),
        pytest.raises(ProjectBusy, match=str(os.getpid())),
        second.writing(wait_seconds=0.2),
    ):
        pass
    assert isinstance(heard[0], WaitingForWriter)
    assert heard[0].pid == os.getpid()


def test_reading_is_possible_while_another_writes(project: Project, source: Source) -> None:
    card = project.run(look, source)
    with project.writing(), Project.open(project.folder) as reader:
        assert reader.last("look") == card


def test_the_front_door_loads_no_heavy_library() -> None:
    program = (
        "import sys, modelwright.project\n"
        "heavy = {'numpy', 'polars', 'keras', 'jax', 'sklearn', 'scipy', 'click', 'rich'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
