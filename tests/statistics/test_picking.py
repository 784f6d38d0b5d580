"""The best of many looks better than it is, and the correction takes that back."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure
from modelwright.records import Estimate
from modelwright.statistics.intervals import bootstrap
from modelwright.statistics.measures import BUILT_IN, Score, measure_function
from modelwright.statistics.picking import corrected_for_picking

CANDIDATES = 100
WORLDS = 60
"""Simulated data sets: their mean errors are then known to about 0.2 points of the accuracy."""


def score_of(name: str) -> Score:
    values = BUILT_IN[name].reads == "value"
    return measure_function(BUILT_IN[name].chosen(""), () if values else ("no", "yes"))


def answers(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Outputs for targets that are all 1."""
    return np.column_stack([~right, right]).astype(np.float64)


def world(
    generator: np.random.Generator, rows: int, abilities: NDArray[np.float64], alike: float
) -> list[NDArray[np.float64]]:
    """Candidates that are right with their abilities, and wrong together as far as they are alike."""
    hardness = generator.random(rows)
    own = generator.random((len(abilities), rows))
    together = generator.random((len(abilities), rows)) < alike
    return [
        answers(np.where(same, hardness, one) < ability)
        for ability, one, same in zip(abilities, own, together, strict=True)
    ]


def errors(abilities: NDArray[np.float64], rows: int, alike: float) -> tuple[float, float, float]:
    """Mean error of the raw best score and of the corrected one, and how often its interval held."""
    score, units, targets = score_of("accuracy"), np.arange(rows), np.ones(rows, dtype=np.int64)
    raw_errors, corrected_errors, held = [], [], 0
    for seed in range(WORLDS):
        candidates = world(np.random.default_rng(seed), rows, abilities, alike)
        scores = [score(targets, one) for one in candidates]
        best = int(np.argmax(scores))
        raw = bootstrap(score, targets, candidates[best], units=units, seed=seed, resamples=200)
        found = corrected_for_picking(
            score, targets, candidates, raw=raw, goal="maximise", units=units, seed=seed, resamples=200
        )
        raw_errors.append(raw.value - abilities[best])
        corrected_errors.append(found.value - abilities[best])
        held += found.low <= abilities[best] <= found.high
    return float(np.mean(raw_errors)), float(np.mean(corrected_errors)), held / WORLDS


def test_of_a_hundred_equal_candidates_the_best_is_corrected_to_what_all_are() -> None:
    raw, corrected, held = errors(np.full(CANDIDATES, 0.8), 400, 0.3)
    assert raw >= 0.02
    assert abs(corrected) <= 0.003
    assert held >= 0.95


def test_candidates_that_differ_are_corrected_by_less_than_they_differ() -> None:
    raw, corrected, held = errors(np.linspace(0.6, 0.8, CANDIDATES), 400, 0.3)
    assert raw >= 0.01
    assert -0.012 <= corrected <= 0.003
    assert held >= 0.93


def test_one_candidate_is_not_corrected() -> None:
    score, targets = score_of("accuracy"), np.ones(300, dtype=np.int64)
    (one,) = world(np.random.default_rng(0), 300, np.array([0.8]), 0.0)
    raw = bootstrap(score, targets, one, units=np.arange(300), seed=0)
    found = corrected_for_picking(
        score, targets, [one], raw=raw, goal="maximise", units=np.arange(300), seed=0
    )
    assert found.value == pytest.approx(raw.value, abs=0.003)


def test_an_error_is_corrected_upwards() -> None:
    score, units, raws, corrected = score_of("rmse"), np.arange(200), [], []
    for seed in range(20):
        generator = np.random.default_rng(seed)
        targets = generator.normal(size=200)
        candidates = [(targets + generator.normal(size=200))[:, None] for _ in range(CANDIDATES)]
        best = min(candidates, key=lambda one: score(targets, one))
        raw = bootstrap(score, targets, best, units=units, seed=seed, resamples=200)
        found = corrected_for_picking(
            score, targets, candidates, raw=raw, goal="minimise", units=units, seed=seed, resamples=200
        )
        raws.append(raw.value)
        corrected.append(found.value)
    assert np.mean(raws) < 0.9
    assert np.mean(corrected) == pytest.approx(1.0, abs=0.015)


def test_rows_of_one_group_are_drawn_together() -> None:
    """Ten rows of each of 30 groups, right or wrong together: as few as 30 rows."""
    generator, score = np.random.default_rng(2), score_of("accuracy")
    groups, targets = np.repeat(np.arange(30), 10), np.ones(300, dtype=np.int64)
    candidates = [answers(np.repeat(generator.random(30) < 0.7, 10)) for _ in range(CANDIDATES)]
    best = max(candidates, key=lambda one: score(targets, one))

    def corrected(units: NDArray[np.int64]) -> Estimate:
        raw = bootstrap(score, targets, best, units=units, seed=0)
        return corrected_for_picking(
            score, targets, candidates, raw=raw, goal="maximise", units=units, seed=0
        )

    assert score(targets, best) > 0.85
    assert corrected(groups).value == pytest.approx(0.7, abs=0.05)
    assert corrected(np.arange(300)).value > 0.8


def test_rows_of_one_class_give_a_ranking_no_value() -> None:
    score, targets = score_of("roc_auc"), np.array([1] + [0] * 9)
    outputs = np.tile([0.4, 0.6], (10, 1))
    raw = Estimate(value=0.5, low=0.1, high=0.9, level=0.95, method="made up")
    with pytest.raises(UndefinedMeasure, match="of 200 resamples"):
        corrected_for_picking(
            score,
            targets,
            [outputs],
            raw=raw,
            goal="maximise",
            units=np.zeros(10, dtype=np.int64),
            seed=0,
            resamples=200,
        )
