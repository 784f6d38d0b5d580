"""What can be learnt is called so, what cannot is not, and what rows are too few to tell is left open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.develop.evaluating import evaluate
from modelwright.develop.learnable import judge_learnable
from modelwright.records import Bench, Recipe, Run

TREES = Recipe(family="trees", name="trees", choices={"trees": 200})


def unrelated(rows: int, seed: int = 0) -> polars.DataFrame:
    """Labels and prices that have nothing to do with the size and the colour."""
    random = np.random.default_rng(seed)
    return polars.DataFrame(
        {
            "size": random.normal(50, 10, rows),
            "colour": random.choice(["red", "green", "blue"], rows),
            "label": random.choice(["yes", "no"], rows),
            "price": random.normal(500, 100, rows),
            "rule": random.choice(["yes", "no"], rows),
        }
    )


def single_split(desk: Any, bench: Bench) -> Bench:
    splits = desk.read(bench.protocol.splits)[:1]
    return replace(
        bench, protocol=replace(bench.protocol, kind="holdout", folds=1, splits=desk.keep(splits, "array"))
    )


def runs(desk: Any, bench: Bench, *recipes: Recipe) -> tuple[Run, ...]:
    return tuple(evaluate(desk, bench, recipe) for recipe in recipes)


def test_a_label_that_follows_from_the_inputs_can_be_learnt(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    found = judge_learnable(desk, bench, runs(desk, bench, laid.linear, TREES))
    assert found.answer == "yes"
    assert "best of 2 models" in found.reason


@pytest.mark.parametrize(("target", "measure"), [("label", "roc_auc"), ("price", "rmse")])
def test_of_many_unrelated_rows_it_is_said_that_nothing_can_be_learnt_and_what_would_have_been_found(
    target: str, measure: str, desk: Any, laid: Any
) -> None:
    bench = laid.bench(desk, unrelated(6_000), target=target, measure=measure)
    found = judge_learnable(desk, bench, runs(desk, bench, laid.linear, TREES))
    assert found.answer == "no"
    assert "would have been found with 95% probability" in found.reason


def test_of_few_unrelated_rows_it_is_left_open(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, unrelated(120), measure="roc_auc")
    found = judge_learnable(desk, bench, runs(desk, bench, laid.linear, TREES))
    assert found.answer == "unclear"


def test_what_a_single_split_told_when_to_stop_is_not_asked(desk: Any, laid: Any) -> None:
    bench = single_split(desk, laid.bench(desk, laid.table()))
    (trees,) = runs(desk, bench, TREES)
    assert judge_learnable(desk, bench, (trees,)).reason == "no model was trained on all splits"
    (linear,) = runs(desk, bench, laid.linear)
    assert judge_learnable(desk, bench, (trees, linear)).answer == "yes"


def test_the_first_of_each_family_is_asked_and_no_untrained_one(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    again = replace(laid.linear, name="linear 2", choices={"penalty_strength": 3.0})
    found = judge_learnable(desk, bench, runs(desk, bench, laid.prior, laid.linear, again))
    assert "the one model asked" in found.reason
