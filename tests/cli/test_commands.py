"""Commands take what a person types and hand back exit codes, words and JSON."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from modelwright import __version__, workflow
from modelwright.cli import COMMANDS, SHORT_HELP, modelwright
from modelwright.cli.answer import release_folder
from modelwright.cli.failing import told
from modelwright.define.task_file import read_task

Captured = pytest.CaptureFixture[str]


def call(*arguments: str) -> int:
    return told(modelwright, list(arguments))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A clean little table."""
    chance = random.Random(0)
    lines = ["size,colour,part,label"]
    for number in range(120):
        size, colour = chance.gauss(50, 10), chance.choice(["red", "green", "blue"])
        label = "yes" if size + 8 * (colour == "red") + chance.gauss(0, 6) > 53 else "no"
        lines.append(f"{size:.3f},{colour},{'test' if number % 5 == 0 else 'train'},{label}")
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `workflow.run` was called with; it is then interrupted, as by Ctrl-C."""
    calls: list[dict[str, Any]] = []

    def interrupted(data: Any, **choices: Any) -> None:
        calls.append({"data": data, **choices})
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "run", interrupted)
    return calls


def made(rows: Path, tmp_path: Path, capsys: Captured, *options: str) -> Path:
    """A project with its task framed."""
    project = tmp_path / "p"
    assert call("new", str(project), "--data", str(rows), "--predict", "label", "--yes", *options) == 0
    capsys.readouterr()
    return project


def test_every_command_has_help_in_short_and_in_full(capsys: Captured) -> None:
    assert call("--help") == 0
    overview = capsys.readouterr().out
    assert list(COMMANDS) == list(SHORT_HELP)
    for name in COMMANDS:
        assert f"  {name} " in overview
        assert call(name, "--help") == 0
        assert "Usage: modelwright" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys: Captured) -> None:
    assert call("--version") == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("fly",), ("run",), ("run", "rows.csv", "--fly"), ("check",)])
def test_what_is_typed_wrongly_ends_with_2(arguments: tuple[str, ...], capsys: Captured) -> None:
    assert call(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_ctrl_c_in_a_run_ends_with_130(asked: list[dict[str, Any]], capsys: Captured) -> None:
    assert call("run", "rows.csv", "--predict", "label") == 130
    assert "the same command goes on where it was" in capsys.readouterr().err
    assert asked[0]["data"] == "rows.csv"


def test_options_reach_the_workflow_as_they_were_meant(asked: list[dict[str, Any]]) -> None:
    typed = "run d.csv --predict a,b --predict c --ignore x,y --test-column part=t=1 --trials 3"
    call(*typed.split(), *["--model", "n.py:one", "--model", "n.py:two", "--seed", "7", "--positive", "yes"])
    (given,) = asked
    assert given["predict"] == ("a", "b", "c")
    assert given["ignore"] == ("x", "y")
    assert (given["test_column"], given["test_value"]) == ("part", "t=1")
    assert given["models"] == ("n.py:one", "n.py:two")
    assert (given["trials"], given["seconds"], given["seed"]) == (3, None, 7)
    assert given["positive_class"] == "yes"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a", ("a",)),
        (" a , b,", ("a", "b")),
        ('"Income, total",b', ("Income, total", "b")),
        ('a, "b, c"', ("a", "b, c")),
        ('size 5" pipe', ('size 5" pipe',)),
        ("", ()),
    ],
)
def test_columns_are_parted_at_commas_except_between_quotes(
    typed: str, meant: tuple[str, ...], asked: list[dict[str, Any]]
) -> None:
    call("run", "d.csv", "--predict", "y", "--ignore", typed)
    assert asked[0]["ignore"] == meant


@pytest.mark.parametrize("typed", ["part", "=test", ""])
def test_a_test_column_without_a_value_or_name_is_refused(
    typed: str, asked: list[dict[str, Any]], capsys: Captured
) -> None:
    assert call("run", "rows.csv", "--predict", "label", "--test-column", typed, "--json") == 2
    assert json.loads(capsys.readouterr().out)["where"] == "--test-column"
    assert asked == []


@pytest.mark.parametrize(
    "wrong",
    [("--seconds", "9", "--trials", "2"), ("--trials", "0"), ("--seconds", "0"), ("--seed", "one")],
)
def test_budgets_that_make_no_sense_are_refused(
    wrong: tuple[str, ...], asked: list[dict[str, Any]], capsys: Captured
) -> None:
    assert call("run", "rows.csv", *wrong, "--json") == 2
    assert all(json.loads(capsys.readouterr().out).values())
    assert asked == []


def test_new_writes_a_task_and_says_where(rows: Path, tmp_path: Path, capsys: Captured) -> None:
    project = tmp_path / "p"
    assert call("new", str(project), "--data", str(rows), "--predict", "label") == 0
    said = capsys.readouterr().out
    assert str(project / "task.toml") in said
    assert "binary" in said
    assert read_task(project / "task.toml").targets == ("label",)


def test_new_as_json_is_the_task(rows: Path, tmp_path: Path, capsys: Captured) -> None:
    call("new", str(tmp_path / "p"), "--data", str(rows), "--predict", "label", "--ignore", "part", "--json")
    task = json.loads(capsys.readouterr().out)
    assert (task["targets"], task["ignore"]) == (["label"], ["part"])


def test_new_never_overwrites_a_task(rows: Path, tmp_path: Path, capsys: Captured) -> None:
    project = made(rows, tmp_path, capsys)
    path = project / "task.toml"
    path.write_text(path.read_text() + "\n# a person's remark\n")
    assert call("new", str(project), "--data", str(rows), "--predict", "label", "--yes") == 2
    assert "# a person's remark" in path.read_text()


def test_check_ends_with_0_on_clean_data_and_1_on_findings(
    rows: Path, tmp_path: Path, capsys: Captured
) -> None:
    project = made(rows, tmp_path, capsys, "--ignore", "part")
    assert call("check", str(project), "--json") == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    text = rows.read_text().splitlines()
    rows.write_text("\n".join([f"{text[0]},copy", *(f"{line},{line.split(',')[-1]}" for line in text[1:])]))
    leaking = tmp_path / "leaking"
    assert call("new", str(leaking), "--data", str(rows), "--predict", "label", "--yes") == 0
    capsys.readouterr()
    assert call("check", str(leaking)) == 1
    said = capsys.readouterr().out
    assert "copy" in said
    assert "do this:" in said


@pytest.mark.parametrize("command", ["check", "log", "show", "report", "run"])
def test_a_folder_that_is_not_there_is_an_error_in_four_parts(
    command: str, tmp_path: Path, capsys: Captured
) -> None:
    absent = str(tmp_path / "absent")
    project = ("--project", str(tmp_path / "p")) if command == "run" else ()
    assert call(command, absent, *project) == 2
    said = capsys.readouterr().err
    assert "expected  " in said
    assert "do this   " in said
    assert "Traceback" not in said


def test_log_and_show_tell_what_was_done(rows: Path, tmp_path: Path, capsys: Captured) -> None:
    project = str(made(rows, tmp_path, capsys))
    assert call("log", project, "--json") == 0
    steps = [entry["step"] for entry in json.loads(capsys.readouterr().out)]
    assert any(step.endswith("frame") for step in steps)
    assert call("log", project) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(steps)
    assert call("show", project, "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) == set(steps)
    assert call("show", project, "frame") == 0
    assert "targets:\n" in capsys.readouterr().out


def test_show_names_the_steps_that_were_done(rows: Path, tmp_path: Path, capsys: Captured) -> None:
    project = str(made(rows, tmp_path, capsys))
    assert call("show", project, "tune", "--json") == 2
    assert "frame" in json.loads(capsys.readouterr().out)["expected"]


def test_report_says_where_it_lies_and_that_there_is_none_yet(
    rows: Path, tmp_path: Path, capsys: Captured
) -> None:
    project = made(rows, tmp_path, capsys)
    assert call("report", str(project)) == 2
    capsys.readouterr()
    (project / "report.html").write_text("<html>")
    assert call("report", str(project)) == 0
    assert capsys.readouterr().out.strip() == str(project / "report.html")


def test_a_project_stands_for_the_release_inside_it(tmp_path: Path) -> None:
    assert release_folder(str(tmp_path)) == tmp_path
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "manifest.json").write_text("{}")
    assert release_folder(str(tmp_path)) == tmp_path / "release"


@pytest.mark.parametrize("command", ["predict", "serve"])
def test_a_folder_without_a_release_is_refused(command: str, tmp_path: Path, capsys: Captured) -> None:
    more = ("rows.csv", "--out", str(tmp_path / "out.csv")) if command == "predict" else ()
    assert call(command, str(tmp_path), *more) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert str(tmp_path) in said
    assert not (tmp_path / "out.csv").exists()


NETS = """
import keras
from keras import layers

def small(input_shape, output_shape, units=4):
    first, last = layers.Dense(units), layers.Dense(1, activation="sigmoid")
    return keras.Sequential([keras.Input(input_shape), first, last])

def large(input_shape, output_shape):
    return small(input_shape, output_shape, units=64)
"""


def test_compare_says_a_verdict_of_each_model_and_leaves_pictures(
    rows: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(rows, tmp_path, capsys)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    short = ["--seeds", "2", "--epochs", "3", "--batch-size", "16"]
    assert call("compare", str(project), "nets.py:small", "nets.py:large", *short) == 0
    said = capsys.readouterr().out
    assert "nets.py:small: more training" in said
    assert sorted(path.name for path in project.glob("*.svg")) == [
        "lab-nets-large.svg",
        "lab-nets-small.svg",
        "lab.svg",
    ]
    assert call("compare", str(project), "nets.py:small", "nets.py:large", *short, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [model["recipe"]["name"] for model in answer["lab"]["models"]] == [
        "nets.py:small",
        "nets.py:large",
    ]
    assert len(answer["pictures"]) >= 3


def test_compare_of_no_model_and_of_no_file_is_told(rows: Path, tmp_path: Path, capsys: Captured) -> None:
    project = made(rows, tmp_path, capsys)
    assert call("compare", str(project)) == 2
    assert call("compare", str(project), "nowhere.py:small") == 2
    assert "nowhere.py" in capsys.readouterr().err
