"""Real trained models, shipped and held to their own answers."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars
import pytest

from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.engine.columns import columns_of, targets_of
from modelwright.engine.model import Model, save
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.target import Target
from modelwright.engine.training import train
from modelwright.errors import ParityError, ReleaseError
from modelwright.exporters import onnx as onnx_module
from modelwright.records import (
    Bench,
    Blob,
    Column,
    ColumnPlan,
    Constraints,
    Dataset,
    Estimate,
    Final,
    Ingest,
    Input,
    Measure,
    Plan,
    Protocol,
    Recipe,
    Run,
    Study,
    Task,
    TaskKind,
    Verdict,
)
from modelwright.serving.release import Release as Served

ROWS = 240
WORDS = ("free", "win", "hello", "tomorrow", "call", "\U0001f600", "\u05e9\u05dc\u05d5\u05dd", "meeting")
Family = Literal["linear", "trees", "network"]


@dataclass(frozen=True, slots=True)
class Confirmed:
    bench: Bench
    study: Study
    model: Model


def table(kind: TaskKind) -> polars.DataFrame:
    draw = np.random.default_rng(3)
    age = draw.normal(40, 12, ROWS).round(1)
    colours = draw.choice(["red", "green", "blue"], ROWS)
    notes = [" ".join(draw.choice(WORDS, 6)) for _ in range(ROWS)]
    days = draw.integers(0, 20_000, ROWS)
    score = age / 40 + (colours == "red") + np.array(["free" in note for note in notes]) + days / 10_000
    columns: dict[str, Any] = {
        "age": [None if place % 11 == 0 else value for place, value in enumerate(age.tolist())],
        "colour": [None if place % 7 == 0 else value for place, value in enumerate(colours.tolist())],
        "joined": polars.Series((days * 86_400_000_000).astype(np.int64)).cast(polars.Datetime("us")),
        "note": notes,
    }
    if kind == "vector_regression":
        return polars.DataFrame(columns | {"left": score, "right": -3 * score})
    if kind == "regression":
        return polars.DataFrame(columns | {"left": 1000 * score})
    cuts = [score.mean()] if kind == "binary" else np.quantile(score, [0.3, 0.7]).tolist()
    return polars.DataFrame(columns | {"left": [f"class {place}" for place in np.digitize(score, cuts)]})


def confirmed(
    desk: Any, kind: TaskKind = "binary", family: Family = "linear", **task_changes: Any
) -> Confirmed:
    frame = table(kind)
    targets = ("left", "right") if kind == "vector_regression" else ("left",)
    classes = tuple(sorted(set(frame["left"]))) if kind in ("binary", "multiclass") else ()
    blob = desk.keep(frame, "table")
    dataset = Dataset(
        rows=ROWS,
        columns=(
            _column("age", "numeric", "number", missing=22, missing_tokens=("?", "-999")),
            _column("colour", "categorical", "string", missing=35, missing_tokens=("none",)),
            _column("joined", "date", "date", date_format="%d.%m.%Y"),
            _column("note", "text", "string"),
            *(_column(name, "target", "string" if classes else "number") for name in targets),
        ),
        table=blob,
        lines=blob,
        classes=classes,
        ingest=Ingest(format="csv", rows_in=ROWS, rows_kept=ROWS),
    )
    task = Task(
        question="Which?", source="rows.csv", targets=targets, kind=kind, kind_reason="said", **task_changes
    )
    plan = Plan(
        columns=(
            ColumnPlan(name="age", treatment="number", reason="number"),
            ColumnPlan(name="colour", treatment="category", reason="few values"),
            ColumnPlan(name="joined", treatment="date", reason="date"),
            ColumnPlan(name="note", treatment="text", reason="text"),
        )
    )
    measure = Measure(name="accuracy", title="Accuracy", goal="maximise", reads="label", reason="said")
    protocol = Protocol(
        kind="holdout",
        folds=1,
        repeats=1,
        seed=0,
        test=blob,
        splits=blob,
        units=blob,
        rows=ROWS,
        test_rows=60,
        reason="said",
        test_reason="said",
    )
    bench = Bench(task=task, dataset=dataset, measure=measure, plan=plan, protocol=protocol)
    model = _trained(frame, bench, family)
    return Confirmed(bench, _study(desk, model, kind), model)


def _column(name: str, role: Any, dtype: Any, *, missing: int = 0, **more: Any) -> Column:
    return Column(name=name, role=role, dtype=dtype, reason="said", missing=missing, unique=9, **more)


def _trained(frame: polars.DataFrame, bench: Bench, family: Family) -> Model:
    columns, rows = columns_of(frame, bench.dataset), np.arange(ROWS, dtype=np.int64)
    preparation = fit_preparation(bench.plan, columns, rows)
    target = Target(kind=bench.task.kind, classes=bench.dataset.classes, names=bench.task.targets)
    choices: dict[str, Any] = {"linear": {}, "trees": {"trees": 20}, "network": {"epochs": 2}}[family]
    recipe = Recipe(family=family, name=family, choices=choices)
    prepared = prepare_rows(preparation, columns, rows)
    trained = train(recipe, target, prepared, targets_of(frame, bench.dataset, bench.task))
    return Model(preparation=preparation, trained=trained)


def _study(desk: Any, model: Model, kind: TaskKind) -> Study:
    score = Estimate(value=0.8, low=0.7, high=0.9, method="said")
    predictions = desk.keep(np.zeros((60, 1)), "array")
    final = Final(
        recipe=model.trained.recipe,
        model=desk.keep(save(model), "bytes"),
        rows=180,
        test_rows=60,
        test_score=score,
        validation_score=score,
        baseline_score=score,
        kept_promise=True,
        promise="kept",
        threshold=0.4 if kind == "binary" else None,
        predictions=predictions,
    )
    run = Run(recipe=model.trained.recipe, score=score, predictions=predictions)
    verdict = Verdict(question="Kept?", answer="yes", reason="kept")
    return Study(question="Kept?", bench="", runs=(run,), chosen=0, verdict=verdict, final=final)


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        ("binary", "linear"),
        ("multiclass", "linear"),
        ("regression", "linear"),
        ("vector_regression", "linear"),
        ("binary", "trees"),
        ("regression", "trees"),
        pytest.param("multiclass", "network", marks=pytest.mark.slow),
        pytest.param("regression", "network", marks=pytest.mark.slow),
    ],
)
def test_a_release_answers_a_thousand_raw_rows_as_the_model_does(
    desk: Any, tmp_path: Path, kind: TaskKind, family: Family
) -> None:
    made = confirmed(desk, kind, family)
    release = ship(desk, made.bench, made.study, name="which colour?")
    assert release.name.startswith("which-colour-")
    assert release.parity_rows == 1_000
    assert 0 <= release.parity_max_difference <= 1e-5
    write_release(desk.read, release, tmp_path / "release")
    served = Served.load(tmp_path / "release")
    rows = [{"age": 41.5, "colour": "red", "joined": "01.02.2003", "note": "free win"}]
    seconds = np.array([1_044_057_600.0])
    arrays = {
        "age": np.array([41.5]),
        "colour": np.array(["red"], dtype=object),
        "joined": seconds,
        "note": np.array(["free win"], dtype=object),
    }
    columns = replace(columns_of(desk.read(made.bench.dataset.table)[:1], made.bench.dataset), values=arrays)
    expected = made.model.predict_columns(columns)
    unit = 1.0 if made.bench.dataset.classes else np.abs(expected).max()
    assert np.abs(served.predict(rows).outputs - expected).max() <= 1e-5 * unit


def test_the_same_model_gives_the_same_release(desk: Any) -> None:
    made = confirmed(desk)
    assert ship(desk, made.bench, made.study) == ship(desk, made.bench, made.study)


def test_a_graph_that_answers_otherwise_is_not_shipped(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made, other = confirmed(desk), confirmed(desk, family="trees")
    honest = onnx_module.export
    monkeypatch.setattr(onnx_module, "export", lambda _: honest(other.model))
    with pytest.raises(ParityError) as caught:
        ship(desk, made.bench, made.study)
    assert '"colour"' in caught.value.where


def test_a_release_larger_than_allowed_is_refused(desk: Any) -> None:
    made = confirmed(desk, constraints=Constraints(max_size_megabytes=0.001))
    with pytest.raises(ReleaseError, match="max_size_megabytes"):
        ship(desk, made.bench, made.study)


def test_nothing_unconfirmed_is_shipped(desk: Any) -> None:
    made = confirmed(desk)
    with pytest.raises(ReleaseError, match="confirm"):
        ship(desk, made.bench, replace(made.study, final=None))


def test_latency_is_said_but_never_recorded(desk: Any) -> None:
    made = confirmed(desk, constraints=Constraints(max_latency_milliseconds=1e-6))
    ship(desk, made.bench, made.study)
    assert any("MORE THAN" in message for message, _ in desk.notes)


def test_the_manifest_says_what_production_must_know(desk: Any) -> None:
    made = confirmed(desk, inputs=(Input(name="note", may_be_missing=True),))
    release = ship(desk, made.bench, made.study)
    manifest = json.loads(desk.read(release.files["manifest.json"]))
    assert (manifest["format"], manifest["threshold"]) == ("modelwright-release/1", 0.4)
    assert manifest["positive_class"] == "class 1"
    assert {one["name"]: one["required"] for one in manifest["inputs"]} == {
        "age": False,
        "colour": False,
        "joined": True,
        "note": False,
    }
    assert manifest["inputs"][0]["missing_tokens"] == ["?", "-999"]
    to_edit = {"Dockerfile", ".dockerignore", "compose.yaml", "kubernetes.yaml", "kserve.yaml"}
    assert set(manifest["digests"]) == set(release.files) - {"manifest.json"} - to_edit
    assert to_edit <= set(release.files)
    assert release.size_bytes == sum(blob.size_bytes for blob in release.files.values())


def test_a_release_of_sensitive_data_gives_no_row_away(desk: Any) -> None:
    made = confirmed(desk, constraints=Constraints(sensitive=True))
    release = ship(desk, made.bench, made.study)
    golden = json.loads(desk.read(release.files["golden.json"]))
    assert len(golden["rows"]) == 5
    assert not {row["note"] for row in golden["rows"]} & set(table("binary")["note"])


def test_the_written_folder_answers_a_file_alone(desk: Any, tmp_path: Path) -> None:
    made = confirmed(desk)
    write_release(desk.read, ship(desk, made.bench, made.study), tmp_path / "release")
    frame = desk.read(made.bench.dataset.table)
    frame.with_columns(polars.col("joined").dt.strftime("%d.%m.%Y")).write_csv(tmp_path / "rows.csv")
    command = [sys.executable, "-I", str(tmp_path / "release" / "predict.py"), str(tmp_path / "rows.csv")]
    run = subprocess.run(
        [*command, "--out", str(tmp_path / "out.csv")], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    answers = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    served = np.array([float(row["probability_class 1"]) for row in answers])
    expected = made.model.predict_columns(columns_of(frame, made.bench.dataset))[:, 1]
    assert np.abs(served - expected).max() <= 1e-5
    assert [row["prediction"] for row in answers] == [f"class {int(yes)}" for yes in expected >= 0.4]


def test_a_written_release_keeps_its_blobs(desk: Any, tmp_path: Path) -> None:
    made = confirmed(desk)
    release = ship(desk, made.bench, made.study)
    assert all(isinstance(blob, Blob) and blob.kind == "bytes" for blob in release.files.values())
    write_release(desk.read, release, tmp_path / "release")
    assert (tmp_path / "release" / "model.onnx").read_bytes() == desk.read(release.files["model.onnx"])
