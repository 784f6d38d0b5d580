"""Every look at validation is counted, and the best score is corrected for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modelwright.develop.account import count_looks
from modelwright.develop.evaluating import evaluate
from modelwright.records import Recipe, Run, digest


@pytest.fixture
def bench(desk: Any, laid: Any) -> Any:
    return laid.bench(desk, laid.table())


def test_the_best_of_many_is_worth_less_than_its_score(desk: Any, laid: Any, bench: Any) -> None:
    runs = tuple(guessing(desk, bench, seed) for seed in range(40))
    best = min(runs, key=lambda run: run.score.value)
    found = count_looks(desk, bench, laid.study(bench, best), runs)
    assert (found.looks, found.candidates) == (40, 40)
    assert found.bench == digest(bench)
    assert found.corrected.value > found.raw.value == best.score.value, "log loss: more is worse"


def test_a_single_candidate_keeps_its_score(desk: Any, laid: Any, bench: Any) -> None:
    run = evaluate(desk, bench, laid.linear)
    found = count_looks(desk, bench, laid.study(bench, run), (run, run))
    assert (found.looks, found.candidates) == (1, 1)
    assert found.corrected.value == pytest.approx(run.score.value, rel=0.02)


def test_a_candidate_judged_on_some_splits_is_counted_and_not_picked_from(
    desk: Any, laid: Any, bench: Any
) -> None:
    whole = evaluate(desk, bench, laid.linear)
    part = evaluate(desk, bench, laid.prior, splits=1)
    found = count_looks(desk, bench, laid.study(bench, whole), (part, whole), compared=3)
    assert (found.looks, found.candidates) == (5, 1)


def guessing(desk: Any, bench: Any, seed: int) -> Run:
    """A candidate that knows nothing, with the predictions of one that guesses."""
    run = evaluate(desk, bench, Recipe(family="prior", name="guess"))
    outputs = np.array(desk.read(run.predictions))
    chance = np.random.default_rng(seed).uniform(0.3, 0.7, len(outputs))
    outputs[:, 0, :] = np.where(np.isnan(outputs[:, 0, :]), np.nan, np.column_stack([1 - chance, chance]))
    guessed = replace(run, recipe=Recipe(family="prior", name=f"guess {seed}", seed=seed))
    rows = np.flatnonzero(np.isfinite(outputs[:, 0, 0]))
    answers = (desk.read(bench.dataset.table)["label"] == "yes").to_numpy()[rows]
    loss = -np.log(np.where(answers, chance[rows], 1 - chance[rows])).mean()
    score = replace(run.score, value=float(loss), low=float(loss) - 0.05, high=float(loss) + 0.05)
    return replace(guessed, predictions=desk.keep(outputs, "array"), score=score)
