"""Whatever a person feeds it, it answers clearly: four parts, exit code 2, never a traceback."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from modelwright.cli import modelwright
from modelwright.cli.failing import told

HEADER = "age,colour,label\n"


def rows(count: int, seed: int = 0) -> str:
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        age, colour = chance.randint(18, 80), chance.choice(["red", "blue", "green"])
        label = "yes" if age + chance.gauss(0, 10) + 15 * (colour == "red") > 55 else "no"
        lines.append(f"{age},{colour},{label}\n")
    return "".join(lines)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Run a command that must fail clearly; its error as JSON."""
    code = told(modelwright, [*arguments, "--json"])
    captured = capsys.readouterr()
    assert code == 2, captured.out
    assert "Traceback" not in captured.out + captured.err
    error = json.loads(captured.out)
    assert set(error) == {"error", "where", "expected", "received", "do_this"}
    assert all(error.values())
    assert "modelwright itself" not in error["where"], error
    assert "nan" not in json.dumps(error).lower().split()
    return error


FILES: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "SourceError"),
    "a header only": (HEADER.encode(), "SourceError|DataError"),
    "one row": ((HEADER + "30,red,yes\n").encode(), "DataError"),
    "three rows": ((HEADER + "30,red,yes\n31,blue,no\n40,red,yes\n").encode(), "DataError"),
    "one class": ((HEADER + rows(60).replace(",no\n", ",yes\n")).encode(), "DataError"),
    "an all-null target": ((HEADER + "30,red,\n" * 60).encode(), "DataError"),
    "a binary file": (bytes(range(256)) * 40, "SourceError"),
    "a truncated gzip": (gzip.compress((HEADER + rows(500)).encode())[:700], "SourceError"),
    "a quote that never closes and takes all": (('"' + HEADER + rows(50)).encode(), "SourceError|UsageError"),
}


@pytest.mark.parametrize(("content", "kind"), FILES.values(), ids=FILES.keys())
def test_a_file_that_cannot_be_learnt_from_is_refused_clearly(
    content: bytes, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / ("rows.csv.gz" if content[:2] == b"\x1f\x8b" else "rows.csv")
    path.write_bytes(content)
    arguments = ["run", str(path), "--predict", "label", "--project", str(tmp_path / "p")]
    assert refused(arguments, capsys)["error"] in kind.split("|")


def test_a_constant_number_to_predict_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,price\n" + "".join(f"{i},3.5\n" for i in range(100)))
    arguments = ["run", str(path), "--predict", "price", "--project", str(tmp_path / "p")]
    assert refused(arguments, capsys)["error"] == "DataError"


def test_an_absent_file_suggests_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "messages.csv").write_text(HEADER + rows(50))
    arguments = ["run", str(tmp_path / "mesages.csv"), "--predict", "label", "--project", str(tmp_path / "p")]
    error = refused(arguments, capsys)
    assert "messages.csv" in error["do_this"] + error["expected"] + error["received"]
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("flag", ["--predict", "--ignore", "--group", "--time"])
def test_a_wrong_column_name_suggests_the_nearest(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + rows(80))
    wanted = ["--predict", "label"] if flag != "--predict" else []
    arguments = ["run", str(path), *wanted, flag, "colou", "--project", str(tmp_path / "p")]
    error = refused(arguments, capsys)
    assert "colour" in error["do_this"] + error["expected"]


def test_a_malformed_task_file_is_named_with_line_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + rows(80))
    assert (
        told(modelwright, ["new", str(tmp_path / "p"), "--data", str(path), "--predict", "label", "--yes"])
        == 0
    )
    capsys.readouterr()
    task = tmp_path / "p" / "task.toml"
    lines = task.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("kind ="))
    lines[at] = 'kind = "binray"'
    task.write_text("\n".join(lines), encoding="utf-8")
    error = refused(["run", str(tmp_path / "p")], capsys)
    assert error["error"] == "TaskFileError"
    assert f"line {at + 1}" in error["where"]
    assert "kind" in error["where"] + error["expected"]


def test_what_the_command_says_may_not_contradict_the_task_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + rows(80))
    assert (
        told(modelwright, ["new", str(tmp_path / "p"), "--data", str(path), "--predict", "label", "--yes"])
        == 0
    )
    capsys.readouterr()
    arguments = ["run", str(path), "--predict", "colour", "--project", str(tmp_path / "p")]
    assert "task.toml" in refused(arguments, capsys)["do_this"]


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    assert refused(["check", str(tmp_path / "photos")], capsys)["error"] == "ProjectError"


def test_a_file_in_the_way_of_the_project_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + rows(80))
    (tmp_path / "p").write_text("in the way")
    arguments = ["run", str(path), "--predict", "label", "--project", str(tmp_path / "p")]
    assert refused(arguments, capsys)["error"] in ("ProjectError", "StorageError")
