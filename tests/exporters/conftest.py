"""Real problems with their strangest rows, and how a file's answers are held to its model's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars
import pytest

from modelwright.engine.columns import Columns
from modelwright.engine.model import Model
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.target import Target
from modelwright.engine.training import train
from modelwright.exporters.onnx import export
from modelwright.records import ColumnPlan, Plan, Recipe

TOLERANCE = 1e-6
BATCHES = (1, 7, 32)


@dataclass(frozen=True, kw_only=True)
class Problem:
    plan: Plan
    columns: Columns
    answers: Any
    target: Target
    strange: Columns
    done: dict[str, Model] = field(default_factory=dict[str, Model])

    def fitted(self, family: str, code: str = "", function: str = "", **choices: Any) -> Model:
        name = f"{family} {function} {choices}"
        if name not in self.done:
            self.done[name] = self._fit(family, code, function, choices)
        return self.done[name]

    def _fit(self, family: str, code: str, function: str, choices: dict[str, Any]) -> Model:
        rows = np.arange(0, self.columns.rows, 2)
        preparation = fit_preparation(self.plan, self.columns, rows)
        recipe = Recipe(family=family, name=family, choices=choices, code=code, function=function)  # type: ignore[arg-type]
        training = prepare_rows(preparation, self.columns, rows)
        return Model(
            preparation=preparation, trained=train(recipe, self.target, training, self.answers[rows])
        )

    def assert_same(self, model: Model) -> None:
        """The file answers as the model does, on real and strange rows, in batches of every size."""
        session = session_of(model)
        scale = model.trained.arrays.get("scale", 1.0)
        for columns in (self.columns, self.strange):
            batches = [np.arange(1, 1 + count) % columns.rows for count in BATCHES]
            for rows in [*batches, np.arange(columns.rows)]:
                expected = model.predict_columns(columns, rows)
                (received,) = session.run(None, feed_of(model, columns, rows))
                assert received.shape == expected.shape
                assert np.isfinite(received).all()
                # Absurd inputs make a network's answers large; there float32 is no finer than so.
                allowed = TOLERANCE * np.maximum(scale, np.abs(expected).max())
                assert (np.abs(received - expected) <= allowed).all()

    def answers_of(self, model: Model, columns: Columns) -> Any:
        """The file's answers for all rows of some columns."""
        (received,) = session_of(model).run(None, feed_of(model, columns, np.arange(columns.rows)))
        return received


def session_of(model: Model) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(export(model), options)


def feed_of(model: Model, columns: Columns, rows: Any) -> dict[str, Any]:
    feed: dict[str, Any] = {}
    for position, plan in enumerate(model.preparation.columns):
        values = columns.values[plan.name][rows]
        if values.dtype == object:
            values = np.array(["" if value is None else value for value in values], dtype=object)
        feed[f"column_{position}"] = values
    return feed


def problem(table: Any, treatments: dict[str, Any], target: Target, answers: Any, strange: Any) -> Problem:
    plans = tuple(
        ColumnPlan(name=name, treatment=kind, reason="")  # type: ignore[arg-type]
        for name, kind in treatments.items()
    )
    values = {plan.name: cells(table[plan.name].to_list(), plan.treatment) for plan in plans}
    columns = Columns(values=values, rows=table.height)
    odd = {plan.name: cells(strange[plan.name], plan.treatment) for plan in plans}
    rows = len(next(iter(odd.values())))
    return Problem(
        plan=Plan(columns=plans, max_terms=2_000),
        columns=columns,
        answers=answers,
        target=target,
        strange=Columns(values=odd, rows=rows),
    )


def cells(values: list[Any], treatment: str) -> Any:
    if treatment in ("category", "text"):
        return np.array([None if value is None else str(value) for value in values], dtype=object)
    return np.array([math.nan if value is None else float(value) for value in values])


ODD_TEXTS = [
    *(
        "",
        None,
        "   ",
        "😀😀 win £100 now!!",
        "مرحبا بالعالم free",
        "שלום 123",
        "你好世界 Mr.",
        "É À Ç ñ İ ı ß",
    ),
    *(
        "a" * 5_000,
        "nul\x00inside\ttab\nline",
        "free " * 5_000,
        "!" * 10_000,
        "don’t “quote” — me…",
        "\u200f\u202e",
    ),
]


@pytest.fixture(scope="module")
def titanic() -> Problem:
    table = polars.read_csv(data("titanic") / "titanic_kaggle_train.csv.gz")
    count = len(ODD_TEXTS)
    strange: dict[str, Any] = {
        "Pclass": [None, 1e300, -1e300, *[3.0] * (count - 3)],
        "Age": [None] * count,
        "Fare": [0.1 * n for n in range(count)],
        "Sex": [None, "", "unseen", "😀", "MALE", *["male"] * (count - 5)],
        "Embarked": ["S", *ODD_TEXTS[1:]],
        "Name": ODD_TEXTS,
    }
    treatments = {
        "Pclass": "number",
        "Age": "number",
        "Fare": "number",
        "Sex": "category",
        "Embarked": "category",
        "Name": "text",
    }
    target = Target(kind="binary", classes=("died", "lived"), names=("Survived",))
    return problem(table, treatments, target, table["Survived"].to_numpy().astype(np.int64), strange)


@pytest.fixture(scope="module")
def sms() -> Problem:
    table = polars.read_csv(data("sms_spam") / "sms_spam.csv.gz")[:1_500]
    target = Target(kind="binary", classes=("ham", "spam"), names=("label",))
    answers = (table["label"] == "spam").to_numpy().astype(np.int64)
    return problem(table, {"text": "text"}, target, answers, {"text": ODD_TEXTS})


@pytest.fixture(scope="module")
def bikes() -> Problem:
    table = polars.read_csv(data("bike_sharing_hourly") / "hour.csv.gz")[:3_000]
    day = polars.col("dteday").cast(polars.String).str.to_datetime("%Y%m%d").dt.epoch("s")
    table = table.with_columns((day + polars.col("hr") * 3_600).alias("when"))
    moments = [None, 0.0, -1.0, 1e18, -1e18, 951_782_400.0, -2_203_891_200.5, 4e9, 253_402_300_799.0]
    strange: dict[str, Any] = {
        "when": moments,
        "temp": [None, *[0.5] * 8],
        "season": [None, "5", *["1"] * 7],
    }
    answers = table.select("casual", "registered").to_numpy().astype(np.float64)
    target = Target(kind="vector_regression", names=("casual", "registered"))
    treatments = {"when": "date", "temp": "number", "season": "category"}
    return problem(table, treatments, target, answers, strange)


@pytest.fixture(scope="module")
def classes(bikes: Problem) -> Problem:
    target = Target(kind="multiclass", classes=("few", "some", "many"), names=("casual",))
    answers = np.digitize(bikes.answers[:, 0], [5, 30])
    return Problem(
        plan=bikes.plan, columns=bikes.columns, answers=answers, target=target, strange=bikes.strange
    )


def data(name: str) -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / name
    if not folder.is_dir():
        pytest.skip("the shared data sets are not beside this checkout")
    return folder


@pytest.fixture
def make_problem() -> type[Problem]:
    return Problem
