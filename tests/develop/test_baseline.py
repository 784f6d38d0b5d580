"""Common sense is the bar, and only a difference that excludes zero passes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars
import pytest

from modelwright.develop import baseline as baseline_module
from modelwright.develop.baseline import beat_baseline
from modelwright.develop.common_sense import common_sense
from modelwright.engine.budget import budget
from modelwright.records import ExistingSolution, Failure, Recipe, digest

COLUMN = ExistingSolution(kind="column", name="rule")


def test_what_can_be_learnt_beats_common_sense(desk: Any, laid: Any) -> None:
    study = beat_baseline(desk, laid.bench(desk, laid.table()))
    assert study.verdict.answer == "yes"
    assert [run.recipe.family for run in study.runs] == ["prior", "linear"]
    assert study.best.recipe.family == "prior"
    assert study.comparisons[0].difference.low > 0


def test_noise_does_not_beat_common_sense(desk: Any, laid: Any) -> None:
    table = laid.table().with_columns(polars.col("label").shuffle(seed=1))
    study = beat_baseline(desk, laid.bench(desk, table))
    assert study.verdict.answer in ("no", "unclear")
    assert "does not exclude zero" in study.verdict.reason


def test_the_best_common_sense_answer_is_the_bar(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table(), measure="accuracy", existing=COLUMN)
    study = beat_baseline(desk, bench)
    assert [run.recipe.family for run in study.runs] == ["prior", "existing", "linear"]
    assert study.best.recipe.name == "existing solution"
    assert study.comparisons[0].champion == "existing solution"


def test_a_useless_existing_solution_is_no_bar(desk: Any, laid: Any) -> None:
    table = laid.table().with_columns(
        polars.when(polars.col("label") == "yes")
        .then(polars.lit("no"))
        .otherwise(polars.lit("yes"))
        .alias("rule")
    )
    study = beat_baseline(desk, laid.bench(desk, table, measure="accuracy", existing=COLUMN))
    assert study.best.recipe.family == "prior"


def test_a_broken_existing_function_is_a_failure_and_the_prior_the_bar(desk: Any, laid: Any) -> None:
    solution = ExistingSolution(kind="function", name="rules.py:answer")
    bench = laid.bench(desk, laid.table(), existing=solution)
    study = beat_baseline(desk, bench, existing_code="def answer(row):\n    raise ValueError('no rule')\n")
    assert [failure.recipe.name for failure in study.failures] == ["existing solution"]
    assert "no rule" in study.failures[0].reason
    assert study.best.recipe.family == "prior"
    assert study.verdict.answer == "yes"


def test_where_nothing_can_be_trained_the_answer_is_unclear(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = baseline_module.evaluate_or_fail

    def fails(desk: Any, bench: Any, recipe: Recipe) -> Any:
        return (
            Failure(recipe=recipe, reason="broken")
            if recipe.family == "linear"
            else whole(desk, bench, recipe)
        )

    monkeypatch.setattr(baseline_module, "evaluate_or_fail", fails)
    study = beat_baseline(desk, laid.bench(desk, laid.table()))
    assert study.verdict.answer == "unclear"
    assert study.comparisons == ()


def test_no_budget_is_too_short_for_a_bar(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    with budget(0):
        hurried = beat_baseline(desk, bench)
    assert digest(hurried) == digest(beat_baseline(desk, bench))


@pytest.mark.parametrize(("measure", "statistic"), [("mae", "median"), ("rmse", "mean")])
def test_the_constant_answer_is_the_one_that_the_measure_rewards(
    desk: Any, laid: Any, measure: str, statistic: str
) -> None:
    (prior,) = common_sense(laid.bench(desk, laid.table(), target="price", measure=measure))
    assert prior.choices["statistic"] == statistic
    assert prior.name == statistic


def test_the_code_of_a_function_is_part_of_its_recipe_and_a_columns_is_not(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table(), existing=COLUMN)
    assert common_sense(bench, "ignored")[1].code == ""
    function = ExistingSolution(kind="function", name="rules.py:answer")
    task = replace(bench.task, existing_solution=function)
    assert common_sense(replace(bench, task=task), "source")[1].code == "source"
