"""A search is reproducible by trials, ends with its budget, and keeps the best so far."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from modelwright.develop import tune as tune_module
from modelwright.develop.evaluating import OutOfTimeError, evaluate
from modelwright.develop.tune import tune
from modelwright.engine.budget import budget, remaining_seconds
from modelwright.records import Estimate, Failure, Recipe, Run, Study, digest


@pytest.fixture(autouse=True)
def _without_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network takes seconds to compile; the search is the same without."""
    monkeypatch.setattr(tune_module, "FAMILIES", ["linear", "trees"])
    monkeypatch.setattr(
        tune_module, "_defaults", lambda _, seed: (Recipe(family="trees", name="trees", seed=seed),)
    )


class Bar:
    """A bench with its baseline: the prior is the bar, the linear model a candidate."""

    def __init__(self, desk: Any, laid: Any) -> None:
        self.desk = desk
        self.bench = laid.bench(desk, laid.table())
        runs = [evaluate(desk, self.bench, recipe) for recipe in (laid.prior, laid.linear)]
        self.baseline: Study = laid.study(self.bench, *runs)

    def tune(self, **choices: Any) -> Study:
        return tune(self.desk, self.bench, self.baseline, self.baseline, **choices)


@pytest.fixture
def bar(desk: Any, laid: Any) -> Bar:
    return Bar(desk, laid)


class Faked:
    """Stands for `evaluate_or_fail`: takes a while, and scores as told."""

    def __init__(self, bar: Bar, scores: list[Any], seconds: float = 0.0) -> None:
        self.bar, self.scores, self.seconds = bar, scores, seconds
        self.tried: list[Recipe] = []

    def __call__(self, desk: Any, bench: Any, recipe: Recipe) -> Run | Failure:
        self.tried.append(recipe)
        time.sleep(self.seconds)
        if remaining_seconds() <= 0:
            raise OutOfTimeError
        score = self.scores[min(len(self.tried), len(self.scores)) - 1]
        if score is None:
            return Failure(recipe=recipe, reason="broken")
        predictions = self.bar.desk.read(self.bar.baseline.runs[1].predictions)
        return Run(
            recipe=recipe,
            score=Estimate(value=score, low=score, high=score, method=""),
            predictions=self.bar.desk.keep(predictions, "array"),
        )


def faked(bar: Bar, monkeypatch: pytest.MonkeyPatch, scores: list[Any], seconds: float = 0.0) -> Faked:
    fake = Faked(bar, scores, seconds)
    monkeypatch.setattr(tune_module, "evaluate_or_fail", fake)
    return fake


def test_the_same_trials_and_seed_come_to_the_same_records_and_another_seed_to_others(bar: Bar) -> None:
    first = digest(bar.tune(trials=4, seed=1))
    bar.desk.done.clear()
    assert digest(bar.tune(trials=4, seed=1)) == first
    assert digest(bar.tune(trials=4, seed=2)) != first


def test_the_baselines_linear_model_is_a_candidate_and_common_sense_is_not(bar: Bar) -> None:
    study = bar.tune(trials=1)
    assert [run.recipe.name for run in study.runs] == ["linear", "trees"]
    assert study.comparisons[0].champion == "prior"
    assert study.verdict.answer == "yes"


@pytest.mark.parametrize("trials", [1, 2, 3, 7])
def test_as_many_candidates_are_tried_as_said(bar: Bar, monkeypatch: pytest.MonkeyPatch, trials: int) -> None:
    fake = faked(bar, monkeypatch, [0.5])
    bar.tune(trials=trials)
    assert len(fake.tried) == trials
    assert len({recipe.name for recipe in fake.tried}) == trials


def test_a_persons_own_recipes_come_first(bar: Bar, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = faked(bar, monkeypatch, [0.5])
    own = Recipe(family="yours", name="mine", code="code", function="mine")
    bar.tune(trials=2, recipes=(own,))
    assert [recipe.name for recipe in fake.tried] == ["mine", "trees"]


def test_a_family_that_cannot_go_where_the_model_must_run_is_left_out_and_told(
    bar: Bar, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = faked(bar, monkeypatch, [0.5])
    study = bar.tune(trials=12, left_out={"trees": "a device has no operator for a tree"})
    assert len(fake.tried) == 12
    assert {recipe.family for recipe in fake.tried} == {"linear"}  # of the two that this file searches
    (failure,) = study.failures
    assert (failure.recipe.family, "no operator" in failure.reason) == ("trees", True)


def test_the_best_is_chosen_wherever_it_came_and_a_failure_never(
    bar: Bar, monkeypatch: pytest.MonkeyPatch
) -> None:
    faked(bar, monkeypatch, [0.9, None, 0.01, 0.5])
    study = bar.tune(trials=4)
    assert study.best.score.value == 0.01
    assert len(study.failures) == 1
    assert len(study.runs) == 4, "three of the four trials, and the baseline's linear model"


def test_where_every_candidate_fails_the_linear_model_stands(
    bar: Bar, monkeypatch: pytest.MonkeyPatch
) -> None:
    faked(bar, monkeypatch, [None])
    study = bar.tune(trials=5)
    assert study.best.recipe.name == "linear"
    assert len(study.failures) == 5


def test_where_nothing_was_trained_at_all_common_sense_is_no_better_than_itself(
    bar: Bar, monkeypatch: pytest.MonkeyPatch, laid: Any
) -> None:
    faked(bar, monkeypatch, [None])
    bar.baseline = laid.study(bar.bench, bar.baseline.runs[0])
    study = bar.tune(trials=2)
    assert study.best.recipe.family == "prior"
    assert study.verdict.answer == "no"


def test_the_search_ends_with_the_budget_and_keeps_the_best_so_far(
    bar: Bar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune_module, "RESERVED_SECONDS", 0.0)
    fake = faked(bar, monkeypatch, [0.9, 0.1, 0.9], seconds=0.1)
    started = time.monotonic()
    with budget(1.0):
        study = bar.tune(seconds=1.0)
    assert time.monotonic() - started < 2.0
    assert 3 <= len(fake.tried) < 10
    assert study.best.score.value == 0.1


def test_part_of_the_budget_is_kept_for_what_comes_after(bar: Bar, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []

    def looks(desk: Any, bench: Any, recipe: Recipe) -> Failure:
        left.append(remaining_seconds())
        return Failure(recipe=recipe, reason="")

    monkeypatch.setattr(tune_module, "evaluate_or_fail", looks)
    with budget(100.0):
        bar.tune(trials=1)
    assert 75 < left[0] <= 100 * (1 - tune_module.RESERVED_SHARE) - tune_module.RESERVED_SECONDS


def test_without_any_time_the_baseline_is_what_was_found(bar: Bar) -> None:
    with budget(0):
        study = bar.tune(seconds=0)
    assert [run.recipe.name for run in study.runs] == ["linear"]
    assert study.failures == ()


def test_a_family_that_would_take_too_long_is_passed_over_for_one_that_would_not(
    bar: Bar, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = faked(bar, monkeypatch, [0.5])
    search = tune_module._Search(seconds={"trees": 50.0, "linear": 0.01})
    trees, linear = Recipe(family="trees", name="t"), Recipe(family="linear", name="l")
    with budget(5.0):
        assert tune_module._try(bar.desk, bar.bench, trees, search)
        assert fake.tried == []
        assert tune_module._try(bar.desk, bar.bench, linear, search)
    assert [recipe.name for recipe in fake.tried] == ["l"]


def test_the_proposals_come_from_every_family(bar: Bar, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = faked(bar, monkeypatch, list(np.linspace(0.9, 0.5, 12)))
    bar.tune(trials=12)
    assert {recipe.family for recipe in fake.tried} == {"linear", "trees"}
    strengths = [r.choices["penalty_strength"] for r in fake.tried if r.family == "linear"]
    assert len(set(strengths)) == len(strengths)
