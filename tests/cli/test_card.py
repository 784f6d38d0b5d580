"""The command that writes the cards says where they lie and what nobody has said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelwright.cli import modelwright
from modelwright.cli.failing import told
from modelwright.project import Project
from modelwright.workflow import Wishes, define_task
from modelwright.workflow.chapter import understand_data

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    data = tmp_path / "orders.csv"
    lines = [f"{at / 4},{'yes' if at % 2 else 'no'}" for at in range(60)]
    data.write_text("\n".join(["size,late", *lines]) + "\n", encoding="utf-8")
    with Project.create(tmp_path / "orders") as project:
        task, snap = define_task(project, data, Wishes(predict=("late",)))
        understand_data(project, task, snap)
    return tmp_path / "orders"


def test_what_is_known_is_written_and_what_is_not_is_named(orders: Path, capsys: Captured) -> None:
    options = ["--creator", "Somebody", "--published", "2026-01-31"]
    assert told(modelwright, ["card", str(orders), *options]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(orders / "croissant.json")]
    assert "license, url" in said.err
    written = json.loads((orders / "croissant.json").read_text(encoding="utf-8"))
    assert written["creator"]["name"] == "Somebody"
    assert written["datePublished"] == "2026-01-31"


def test_the_answer_as_json_says_the_same(orders: Path, capsys: Captured) -> None:
    assert told(modelwright, ["card", str(orders), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["model_card"] is None
    assert Path(said["data_card"]).exists()
    assert said["unknown"] == ["license", "creator", "url", "datePublished"]


def test_a_project_without_data_is_refused_in_four_parts(tmp_path: Path, capsys: Captured) -> None:
    Project.create(tmp_path / "empty").close()
    assert told(modelwright, ["card", str(tmp_path / "empty"), "--json"]) == 2
    assert "has taken its data in" in json.loads(capsys.readouterr().out)["expected"]
