from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from modelwright.engine.columns import Columns
from modelwright.engine.model import Model, load, save
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.target import Target
from modelwright.engine.trained import Trained
from modelwright.errors import ExportError
from modelwright.exporters.onnx import export
from modelwright.records import ColumnPlan, Plan, Recipe

FITS: dict[str, dict[str, Any]] = {"prior": {}, "linear": {}, "trees": {"trees": 60}}


@pytest.mark.parametrize("family", FITS)
@pytest.mark.parametrize("name", ["titanic", "sms", "bikes", "classes"])
def test_the_file_answers_as_the_model_does(name: str, family: str, request: pytest.FixtureRequest) -> None:
    problem = request.getfixturevalue(name)
    problem.assert_same(problem.fitted(family, **FITS[family]))


@pytest.mark.parametrize("family", FITS)
def test_a_batch_of_empty_texts_answers_like_any_other(sms: Any, family: str) -> None:
    empty = Columns(values={"text": np.array(["", None, ""], dtype=object)}, rows=3)
    model = sms.fitted(family, **FITS[family])
    assert sms.answers_of(model, empty) == pytest.approx(model.predict_columns(empty), abs=1e-6)


def test_the_same_model_makes_the_same_bytes_also_after_a_save(titanic: Any) -> None:
    model = titanic.fitted("linear")
    assert export(model) == export(load(save(model)))


@pytest.mark.parametrize("family", ["linear", "trees"])
def test_a_model_trained_on_one_constant_column_is_written(make_problem: Any, family: str) -> None:
    columns = Columns(values={"a": np.full(10, 7.0)}, rows=10)
    constant = make_problem(
        plan=Plan(columns=(ColumnPlan(name="a", treatment="number", reason=""),)),
        columns=columns,
        answers=np.arange(10.0)[:, None],
        target=Target(kind="regression", names=("y",)),
        strange=Columns(values={"a": np.array([math.nan, 0.0, 1e308])}, rows=3),
    )
    constant.assert_same(constant.fitted(family, **FITS[family]))


@pytest.mark.parametrize("family", ["linear", "trees"])
def test_texts_without_any_term_are_written(make_problem: Any, family: str) -> None:
    texts = np.array(["", None, "once", "", "again", ""], dtype=object)
    others = np.array(["x y", "x y", "x", "y", "x", "z"], dtype=object)
    columns = Columns(values={"t": texts, "u": others}, rows=6)
    problem = make_problem(
        plan=Plan(columns=tuple(ColumnPlan(name=name, treatment="text", reason="") for name in ("t", "u"))),
        columns=columns,
        answers=np.arange(6) // 2 % 2,
        target=Target(kind="binary", classes=("a", "b"), names=("y",)),
        strange=columns,
    )
    problem.assert_same(problem.fitted(family, **FITS[family]))


def test_a_model_that_reads_no_column_is_refused() -> None:
    preparation = fit_preparation(Plan(columns=()), Columns(values={}, rows=0), np.arange(0))
    trained = Trained(
        recipe=Recipe(family="prior", name="prior"),
        target=Target(kind="regression", names=("y",)),
        arrays={"answer": np.zeros(1)},
    )
    with pytest.raises(ExportError, match="at least one column"):
        export(Model(preparation=preparation, trained=trained))
