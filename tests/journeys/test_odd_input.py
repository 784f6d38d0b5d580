"""Odd but usable data comes to a valid, explained result; every kind of task comes to a served model."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from modelwright.cli import modelwright
from modelwright.cli.failing import told
from modelwright.serving.release import Release

pytestmark = pytest.mark.slow


def outcome(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run a command that must succeed; its JSON, in which no number is NaN or infinite."""
    code = told(modelwright, [*arguments, "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.out + captured.err

    def finite(text: str) -> float:
        raise AssertionError(f"{text} shown as a number")

    return json.loads(captured.out, parse_constant=finite)


def shop_rows(count: int, seed: int = 3) -> list[dict[str, str]]:
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        size, place = chance.uniform(20, 200), chance.choice(["harbour", "old town", "station"])
        rent = 12 * size + 300 * (place == "harbour") + chance.gauss(0, 120)
        kind = "villa" if size > 130 else "flat" if size > 60 else "studio"
        kind = chance.choice(["villa", "flat", "studio"]) if chance.random() < 0.1 else kind
        rows.append(
            {
                "size": f"{size:.1f}",
                "place": place,
                "listed": f"2023-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
                "rent": f"{rent:.0f}",
                "power": f"{size * 0.9 + chance.gauss(0, 9):.1f}",
                "kind": kind,
                "dear": "yes" if rent > 1400 else "no",
            }
        )
    return rows


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


TASKS = {
    "binary": (["--predict", "dear", "--ignore", "rent"], "binary"),
    "multiclass": (["--predict", "kind"], "multiclass"),
    "regression": (["--predict", "rent", "--ignore", "dear"], "regression"),
    "vector regression": (["--predict", "rent,power", "--ignore", "dear"], "vector_regression"),
}


@pytest.mark.parametrize(("options", "kind"), TASKS.values(), ids=TASKS.keys())
def test_every_kind_of_task_comes_to_a_release_that_answers(
    options: list[str], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "homes.csv", shop_rows(300))
    project = tmp_path / "p"
    done = outcome(["run", str(data), *options, "--trials", "2", "--project", str(project)], capsys)
    assert done["kind"] == kind
    assert done["verdict"]["answer"] == "yes"
    assert done["sealed_test"]["low"] <= done["sealed_test"]["value"] <= done["sealed_test"]["high"]
    assert Path(done["report"]).stat().st_size < 2_000_000
    release = Release.load(project / "release")
    row = {"size": 80.0, "place": "a place never seen", "listed": None, "power": 70.0, "kind": "flat"}
    row |= {"rent": 900, "dear": "no"}
    asked = {field.name for field in release.manifest.inputs}
    answers = release.predict([{name: cell for name, cell in row.items() if name in asked}])
    assert all(math.isfinite(value) for value in answers.outputs.ravel())


def test_missing_targets_are_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = shop_rows(200)
    for row in rows[:17]:
        row["dear"] = ""
    data = write(tmp_path / "homes.csv", rows)
    options = ["--predict", "dear", "--ignore", "rent", "--trials", "1", "--project", str(tmp_path / "p")]
    outcome(["run", str(data), *options], capsys)
    dataset = json.loads(shown(tmp_path / "p", "collect", capsys))
    assert dataset["unlabelled_rows"] == 17
    assert dataset["rows"] == 183


def test_odd_columns_are_survived_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = shop_rows(220)
    for number, row in enumerate(rows):
        row["nothing"] = ""
        row["always"] = "same"
        row["wild"] = "inf" if number % 50 == 0 else f"{number % 7}"
        row["<b>bold</b> & 🦊 שלום"] = f"{number % 5}"
    rows[3]["size"] = "many"
    data = write(tmp_path / "homes.csv", rows)
    options = ["--predict", "rent", "--ignore", "dear", "--trials", "1", "--project", str(tmp_path / "p")]
    done = outcome(["run", str(data), *options], capsys)
    roles = {c["name"]: c["role"] for c in json.loads(shown(tmp_path / "p", "collect", capsys))["columns"]}
    assert roles["nothing"] == "ignored"
    assert roles["wild"] == "numeric"
    assert "MW105" in {finding["code"] for finding in done["findings"]}
    report = Path(done["report"]).read_text(encoding="utf-8")
    assert "<b>bold</b>" not in report
    assert "&lt;b&gt;bold" in report


def test_a_class_only_in_the_test_part_is_survived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = shop_rows(240)
    test = [dict(row) for row in rows[180:]]
    test[0]["kind"], test[1]["kind"] = "castle", "castle"
    data, held = write(tmp_path / "homes.csv", rows[:180]), write(tmp_path / "test.csv", test)
    options = ["--predict", "kind", "--test", str(held), "--trials", "1", "--project", str(tmp_path / "p")]
    done = outcome(["run", str(data), *options], capsys)
    assert done["sealed_test"] is not None


def test_what_cannot_be_learnt_ends_with_the_seal_unbroken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(5)
    lines = [
        f"{chance.gauss(0, 1):.3f},{chance.choice('ab')},{chance.choice(['yes', 'no'])}" for _ in range(200)
    ]
    data = tmp_path / "noise.csv"
    data.write_text("x,letter,answer\n" + "\n".join(lines) + "\n")
    options = ["--predict", "answer", "--trials", "1", "--project", str(tmp_path / "p")]
    done = outcome(["run", str(data), *options], capsys)
    assert done["verdict"]["answer"] in ("no", "unclear")
    assert done["sealed_test"] is None
    assert done["release"] is None
    steps = {entry["step"] for entry in json.loads(shown_log(tmp_path / "p", capsys))}
    assert not [step for step in steps if "confirm" in step or "open_test" in step]
    hypotheses = (tmp_path / "p" / "task.toml").read_text(encoding="utf-8")
    assert 'status = "held"' not in hypotheses


def test_a_second_opening_of_the_sealed_test_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "homes.csv", shop_rows(240))
    options = ["--predict", "dear", "--ignore", "rent", "--project", str(tmp_path / "p")]
    outcome(["run", str(data), *options, "--trials", "1"], capsys)
    mine = tmp_path / "nets.py"
    mine.write_text(OWN_MODEL)
    code = told(modelwright, ["run", str(data), *options, "--trials", "9", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert (code, answer.get("error")) == (2, "SealError") or answer["model"]["recipe"]["name"] == "trees"


OWN_MODEL = """
import keras


def build(input_shape, output_shape):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(output_shape[0]),
        ]
    )


def rule(row):
    return 12 * row["size"]
"""


def test_a_persons_own_model_and_todays_solution_compete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "homes.csv", shop_rows(260))
    own = tmp_path / "nets.py"
    own.write_text(OWN_MODEL)
    options = [
        "--predict",
        "rent",
        "--ignore",
        "dear,kind",
        "--trials",
        "1",
        "--project",
        str(tmp_path / "p"),
    ]
    options += ["--model", f"{own}:build", "--existing", f"{own}:rule"]
    done = outcome(["run", str(data), *options], capsys)
    assert done["baseline"]["name"] == "existing solution"
    study = json.loads(shown(tmp_path / "p", "tune", capsys))
    assert "nets.py:build" in {run["recipe"]["name"] for run in study["runs"]}


def shown(project: Path, step: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert told(modelwright, ["show", str(project), step, "--json"]) == 0
    return capsys.readouterr().out


def shown_log(project: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert told(modelwright, ["log", str(project), "--json"]) == 0
    return capsys.readouterr().out
