"""Confirmed models of real and made-up rows, trained on the spot: what shipping starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars
import pytest

from modelwright.define.task_file import read_task
from modelwright.engine.columns import columns_of, targets_of
from modelwright.engine.model import Model, save
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.target import Target
from modelwright.engine.training import train
from modelwright.project import Project
from modelwright.records import Bench, Constraints, Estimate, Final, Recipe, Run, Study, Verdict, digest
from modelwright.workflow.chapter import define_task, prepare_bench, understand_data
from modelwright.workflow.wishes import Wishes

Family = Literal["linear", "trees", "network", "yours"]
CHOICES: dict[Family, dict[str, Any]] = {
    "linear": {},
    "trees": {"trees": 40},
    "network": {"epochs": 2},
    "yours": {"epochs": 2},
}


@dataclass(frozen=True, slots=True)
class Framed:
    """A project's bench, and models of any family confirmed on it without a search."""

    project: Project
    bench: Bench

    def confirmed(self, family: Family, code: str = "", function: str = "build") -> Study:
        """A model of the family, trained on all rows; `code` holds the `function` of one of one's own."""
        table = self.project.read(self.bench.dataset.table)
        columns, rows = columns_of(table, self.bench.dataset), np.arange(table.height, dtype=np.int64)
        preparation = fit_preparation(self.bench.plan, columns, rows)
        task = self.bench.task
        target = Target(kind=task.kind, classes=self.bench.dataset.classes, names=task.targets)
        function = function if code else ""
        recipe = Recipe(family=family, name=family, choices=CHOICES[family], code=code, function=function)
        prepared = prepare_rows(preparation, columns, rows)
        trained = train(recipe, target, prepared, targets_of(table, self.bench.dataset, task))
        return self.project.run(
            confirm_without_a_search,
            recipe=recipe.name,
            family=family,
            model=save(Model(preparation=preparation, trained=trained)).hex(),
            bench=digest(self.bench),
            binary=task.kind == "binary",
            code=code,
        )


def confirm_without_a_search(
    desk: Any, *, recipe: str, family: Family, model: str, bench: str, binary: bool, code: str
) -> Study:
    """What `confirm` would have said, had it chosen this model."""
    own = {"choices": CHOICES["yours"], "code": code, "function": "build"} if code else {}
    made, score = (
        Recipe(family=family, name=recipe, **own),
        Estimate(value=0.8, low=0.7, high=0.9, method="said"),
    )
    predictions = desk.keep(np.zeros((60, 1)), "array")
    final = Final(
        recipe=made,
        model=desk.keep(bytes.fromhex(model), "bytes"),
        rows=180,
        test_rows=60,
        test_score=score,
        validation_score=score,
        baseline_score=score,
        kept_promise=True,
        promise="kept",
        threshold=0.4 if binary else None,
        predictions=predictions,
    )
    run = Run(recipe=made, score=score, predictions=predictions)
    verdict = Verdict(question="Kept?", answer="yes", reason="kept")
    return Study(question="Kept?", bench=bench, runs=(run,), chosen=0, verdict=verdict, final=final)


def framed(folder: Path, rows: Any, predict: tuple[str, ...], **wishes: Any) -> Framed:
    project = Project.create(folder)
    task, snap = define_task(project, rows, Wishes(predict=predict, **wishes))
    dataset, _ = understand_data(project, task, snap)
    return Framed(project, prepare_bench(project, read_task(folder / "task.toml"), dataset, 0))


def orders(kind: str, rows: int = 240) -> polars.DataFrame:
    """Made-up rows with a number, a category, a date and a text."""
    draw = np.random.default_rng(3)
    age = draw.normal(40, 12, rows).round(1)
    colours = draw.choice(["red", "green", "Ünder", "blue"], rows)
    words = ("free", "WIN", "hello", "Élan", "call", "\U0001f600", "\u05e9\u05dc\u05d5\u05dd", "meeting")
    notes = [" ".join(draw.choice(words, 6)) + f" {row}" for row in range(rows)]
    days = [
        f"{draw.integers(1990, 2024)}-{draw.integers(1, 13):02d}-{draw.integers(1, 29):02d}" for _ in notes
    ]
    score = age / 40 + (colours == "red") + np.array(["free" in note for note in notes])
    columns: dict[str, Any] = {
        "age": [None if place % 11 == 0 else value for place, value in enumerate(age.tolist())],
        "colour": [None if place % 7 == 0 else value for place, value in enumerate(colours.tolist())],
        "joined": days,
        "note": notes,
    }
    if kind == "vector_regression":
        return polars.DataFrame(columns | {"left": score + draw.normal(0, 0.1, rows), "right": -3 * score})
    if kind == "regression":
        return polars.DataFrame(columns | {"left": 1000 * score + draw.normal(0, 1, rows)})
    cuts = [score.mean()] if kind == "binary" else np.quantile(score, [0.3, 0.7]).tolist()
    return polars.DataFrame(columns | {"left": [f"class {place}" for place in np.digitize(score, cuts)]})


@pytest.fixture
def frame_orders(tmp_path: Path) -> Any:
    def made(kind: str = "binary", **constraints: Any) -> Framed:
        targets = ("left", "right") if kind == "vector_regression" else ("left",)
        found = framed(tmp_path / "orders", orders(kind), targets)
        if constraints:
            task = replace(found.bench.task, constraints=Constraints(**constraints))
            found = Framed(found.project, replace(found.bench, task=task))
        return found

    return made


@pytest.fixture
def frame_rows(tmp_path: Path) -> Any:
    def made(rows: Any, *predict: str, **wishes: Any) -> Framed:
        return framed(tmp_path / "framed", rows, predict, **wishes)

    return made
