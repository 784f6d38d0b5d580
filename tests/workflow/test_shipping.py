from __future__ import annotations

from pathlib import Path

import pytest

from modelwright.errors import ProjectError
from modelwright.project import Project
from modelwright.workflow import Wishes, define_task, ship_project


def test_what_was_never_confirmed_is_not_shipped(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        rows = {"size": list(range(60)), "label": ["yes", "no"] * 30}
        define_task(project, rows, Wishes(predict=("label",)))
    with pytest.raises(ProjectError, match="modelwright run"):
        ship_project(tmp_path / "p", to=["server"])
    assert not (tmp_path / "p" / "release").exists()


def test_what_is_no_project_is_not_shipped(tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        ship_project(tmp_path / "nowhere")
