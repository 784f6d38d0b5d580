"""A candidate is judged on rows it did not see; a broken one harms no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.develop import evaluating
from modelwright.develop.evaluating import (
    OutOfTimeError,
    best_index,
    compare,
    evaluate,
    evaluate_or_fail,
)
from modelwright.engine.budget import budget
from modelwright.errors import ModelError
from modelwright.records import Failure, Recipe, Run, digest


def poisoned(table: polars.DataFrame, sealed: int) -> polars.DataFrame:
    """The sealed rows with absurd features and swapped answers."""
    here = polars.int_range(table.height) >= table.height - sealed
    swapped = polars.when(polars.col("label") == "yes").then(polars.lit("no")).otherwise(polars.lit("yes"))
    return table.with_columns(
        polars.when(here).then(1e9).otherwise(polars.col("size")).alias("size"),
        polars.when(here).then(polars.lit("poison")).otherwise(polars.col("colour")).alias("colour"),
        polars.when(here).then(swapped).otherwise(polars.col("label")).alias("label"),
    )


@pytest.mark.parametrize("family", ["prior", "linear", "trees"])
def test_the_sealed_rows_are_never_read(desk: Any, laid: Any, family: Any) -> None:
    recipe = Recipe(family=family, name=family)
    table = laid.table()
    clean = evaluate(desk, laid.bench(desk, table), recipe)
    dirty = evaluate(desk, laid.bench(desk, poisoned(table, laid.test_rows)), recipe)
    assert digest(clean) == digest(dirty)


def test_the_same_recipe_comes_to_the_same_run(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    recipe = Recipe(family="trees", name="trees", seed=3)
    assert digest(evaluate(desk, bench, recipe)) == digest(evaluate(desk, bench, recipe))


def test_predictions_stand_where_a_row_was_validated_and_nowhere_else(desk: Any, laid: Any) -> None:
    run = evaluate(desk, laid.bench(desk, laid.table()), laid.linear)
    predictions = desk.read(run.predictions)
    assert predictions.shape == (laid.rows, 1, 2)
    developed = laid.rows - laid.test_rows
    assert np.isfinite(predictions[:developed]).all()
    assert np.isnan(predictions[developed:]).all()
    assert np.allclose(predictions[:developed].sum(axis=-1), 1)


def test_a_run_tells_each_folds_score_and_that_of_training(desk: Any, laid: Any) -> None:
    run = evaluate(desk, laid.bench(desk, laid.table()), laid.linear)
    assert len(run.fold_scores) == laid.folds
    assert run.train_score is not None
    assert run.score.low < run.score.value < run.score.high
    assert min(run.fold_scores) <= run.score.value <= max(run.fold_scores)


def test_the_first_split_only_validates_a_third(desk: Any, laid: Any) -> None:
    run = evaluate(desk, laid.bench(desk, laid.table()), laid.linear, splits=1)
    predicted = np.isfinite(desk.read(run.predictions)[:, 0, 0])
    assert np.array_equal(np.flatnonzero(predicted), np.arange(0, laid.rows - laid.test_rows, 3))
    assert len(run.fold_scores) == 1


def test_a_candidate_that_breaks_becomes_a_failure_with_its_reason(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    broken = Recipe(family="linear", name="off", choices={"penalty_strength": "much"})
    outcome = evaluate_or_fail(desk, bench, broken)
    assert isinstance(outcome, Failure)
    assert outcome.recipe == broken
    assert "penalty_strength" in outcome.reason
    assert isinstance(evaluate_or_fail(desk, bench, laid.linear), Run)


def test_a_failure_of_another_kind_is_not_hidden(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(evaluating, "train_parts", breaks)
    with pytest.raises(ZeroDivisionError):
        evaluate_or_fail(desk, laid.bench(desk, laid.table()), laid.linear)


def test_out_of_time_nothing_half_done_is_recorded(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    with budget(0), pytest.raises(OutOfTimeError):
        evaluate_or_fail(desk, bench, Recipe(family="trees", name="trees"))
    assert desk.done == {}


@pytest.mark.slow
def test_a_users_model_that_raises_is_a_failure_naming_its_line(desk: Any, laid: Any) -> None:
    code = "def build(input_shape, output_shape):\n    return 1 / 0\n"
    own = Recipe(family="yours", name="build", code=code, function="build")
    outcome = evaluate_or_fail(desk, laid.bench(desk, laid.table()), own)
    assert isinstance(outcome, Failure)
    assert "ZeroDivisionError" in outcome.reason


def test_a_model_is_not_better_than_itself(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    run = evaluate(desk, bench, laid.linear)
    comparison = compare(desk, bench, run, run)
    assert not comparison.better
    assert comparison.difference.value == comparison.difference.low == comparison.difference.high == 0


@pytest.mark.parametrize(
    ("target", "measure"), [("label", "log_loss"), ("label", "accuracy"), ("price", "rmse"), ("price", "r2")]
)
def test_what_learns_is_better_than_what_does_not_whichever_way_the_measure_points(
    desk: Any, laid: Any, target: str, measure: str
) -> None:
    bench = laid.bench(desk, laid.table(), target=target, measure=measure)
    linear, prior = evaluate(desk, bench, laid.linear), evaluate(desk, bench, laid.prior)
    assert compare(desk, bench, linear, prior).better
    assert not compare(desk, bench, prior, linear).better
    assert compare(desk, bench, prior, linear).difference.value < 0
    assert best_index(bench, [prior, linear]) == 1


def test_of_equal_runs_the_first_is_best(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    run = evaluate(desk, bench, laid.prior)
    assert best_index(bench, [run, replace(run, recipe=laid.linear)]) == 0


def test_a_model_error_keeps_its_four_parts_inside_the_failure(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ModelError(where="here", expected="this", received="that", do_this="Do it.")

    monkeypatch.setattr(evaluating, "train_parts", breaks)
    outcome = evaluate_or_fail(desk, laid.bench(desk, laid.table()), laid.linear)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "here: expected this; received that. Do it."
