"""Files are found from any working folder, and named as task.toml names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.errors import ProjectError, SourceError, UsageError
from modelwright.project import Project
from modelwright.records import Card, Task
from modelwright.workflow import Wishes
from modelwright.workflow.places import (
    beside,
    code_of,
    data_of,
    located,
    opened,
    own_recipe,
    source_text,
    write_page,
)

TASK = Task(question="", source="../rows.csv", targets=("y",), kind="binary", kind_reason="")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p") as made:
        yield made


@pytest.mark.parametrize(
    ("data", "folder", "expected"),
    [
        ("data/messages.csv", None, "messages"),
        (Path("messages.2024.csv.gz"), None, "messages"),
        (".csv", None, "project"),
        ({"x": [1]}, None, "modelwright-project"),
        ("messages.csv", "elsewhere/deep", "elsewhere/deep"),
        ({"x": [1]}, "named", "named"),
    ],
)
def test_a_project_is_named_as_said_or_after_its_data(data: Any, folder: str | None, expected: str) -> None:
    if not isinstance(data, dict):
        Path(data).parent.mkdir(exist_ok=True)
        Path(data).write_text("x,y")
    with opened(data, folder, None) as project:
        assert project.folder == Path(expected)
        assert project.folder.is_dir()


def test_a_mistyped_file_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        opened(tmp_path / "mesages.csv", None, None)
    assert not (tmp_path / "mesages").exists()


def test_a_folder_given_as_data_must_be_a_project(project: Project, tmp_path: Path) -> None:
    with opened(tmp_path / "p", None, None) as again:
        assert again.folder == project.folder
    (tmp_path / "photos").mkdir()
    with pytest.raises(ProjectError):
        opened("photos", None, None)
    assert list((tmp_path / "photos").iterdir()) == []


def test_the_project_folder_stands_for_the_file_its_task_names(project: Project, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x")
    assert data_of("p", TASK, project).resolve() == tmp_path / "rows.csv"
    assert data_of("other.csv", TASK, project) == "other.csv"
    frame = polars.DataFrame({"x": [1]})
    assert data_of(frame, TASK, project) is frame


def test_a_project_whose_data_was_a_data_frame_says_how_to_go_on(project: Project) -> None:
    with pytest.raises(UsageError, match="DataFrame") as error:
        data_of("p", replace(TASK, source=""), project)
    assert "source" in error.value.do_this


def test_a_source_is_told_relative_to_the_project_from_any_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert source_text("data/rows.csv", project) == "../data/rows.csv"
    assert source_text("p/rows.csv", project) == "rows.csv"
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert source_text("../data/rows.csv", project) == "../data/rows.csv"
    assert source_text(polars.DataFrame(), project) == ""


def test_files_in_wishes_are_located_and_names_left_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text("")
    (tmp_path / "test.csv").write_text("")
    wishes = Wishes(
        predict=("y",), test_file="test.csv", measure="rules.py:score", existing="rules.py:answer"
    )
    found = located(wishes, project)
    assert found.test_file == "../test.csv"
    assert found.measure == "../rules.py:score"
    assert found.existing == "../rules.py:answer"
    assert located(found, project) == found, "what task.toml says is said again as it stands"
    plain = Wishes(measure="f1", existing="column:rule", test_file="absent.csv")
    assert located(plain, project) == plain


def test_what_was_located_is_found_from_another_working_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules.py").write_text("def answer(row): ...")
    named = located(Wishes(existing="rules.py:answer"), project).existing
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    with Project.open(tmp_path / "p") as again:
        assert code_of(again, named) == "def answer(row): ..."


def test_what_lies_in_the_project_is_found_before_the_working_folder(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("outside")
    assert beside(project, "a.csv") == Path("a.csv")
    (tmp_path / "p" / "a.csv").write_text("inside")
    assert beside(project, "a.csv").read_text() == "inside"


def test_what_is_nowhere_is_looked_for_where_the_task_says(project: Project) -> None:
    assert beside(project, "../gone.csv") == project.folder / ".." / "gone.csv"


@pytest.mark.parametrize("name", [None, "f1", "column:rule"])
def test_what_is_no_file_has_no_code(project: Project, name: str | None) -> None:
    assert code_of(project, name) == ""


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"])
def test_code_that_cannot_be_read_is_refused(project: Project, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "rules.py").write_bytes(content)
    with pytest.raises(UsageError, match=r"rules\.py"):
        code_of(project, "rules.py:answer")
    with pytest.raises(UsageError, match=r"rules\.py"):
        own_recipe("rules.py:answer", 0)


def test_a_persons_model_is_a_recipe_with_its_code(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text("def small(): ...")
    recipe = own_recipe("nets.py:small", 5)
    assert (recipe.family, recipe.name, recipe.function, recipe.seed) == (
        "yours",
        "nets.py:small",
        "small",
        5,
    )
    assert recipe.code == "def small(): ..."


@pytest.mark.parametrize("model", ["nets.py", "nets.py:", ":small", ""])
def test_a_model_without_file_or_name_is_refused(model: str) -> None:
    with pytest.raises(UsageError, match=r"FILE\.py:NAME"):
        own_recipe(model, 0)


def test_an_unchanged_report_is_not_written_again(tmp_path: Path) -> None:
    class Stored:
        folder = tmp_path
        content = b"<html>one"

        def read(self, _: Any) -> bytes:
            return self.content

    stored: Any = Stored()
    card: Card = Card(report=None, headline="", facts=())  # type: ignore[arg-type]  # `Stored` reads none
    path = write_page(stored, card)
    first = path.stat().st_mtime_ns
    assert write_page(stored, card).stat().st_mtime_ns == first
    stored.content = b"<html>two"
    assert write_page(stored, card).read_bytes() == b"<html>two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
