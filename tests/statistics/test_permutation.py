"""Chance is called chance 19 times in 20."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from modelwright.statistics.measures import BUILT_IN, Score, measure_function
from modelwright.statistics.permutation import ALPHA, Association, association

ROWS, CANDIDATES = 300, 4


def score_of(name: str) -> Score:
    values = BUILT_IN[name].reads == "value"
    return measure_function(BUILT_IN[name].chosen(""), () if values else ("no", "yes"))


def outputs(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    probabilities = 1 / (1 + np.exp(-scores))
    return np.column_stack([1 - probabilities, probabilities])


def the_best(seed: int, auc: float, *, each: int = 1, permutations: int = 99) -> Association:
    """Rows (in units of `each`) whose positive ones one candidate ranks higher, as an AUC of so much says."""
    random = np.random.default_rng(seed)
    units = np.repeat(np.arange(ROWS // each), each)
    targets = (random.random(ROWS // each) < 0.4).astype(np.int64)[units]
    distance = np.sqrt(2) * float(ndtri(auc))
    scores = [random.normal(size=ROWS // each)[units] for _ in range(CANDIDATES)]
    scores[0] = scores[0] + distance * targets
    return association(
        score_of("roc_auc"),
        targets,
        [outputs(one) for one in scores],
        goal="maximise",
        units=units,
        seed=seed,
        permutations=permutations,
    )


@pytest.mark.parametrize("each", [1, 6])
def test_chance_is_called_something_once_in_twenty_times(each: int) -> None:
    alarms = [the_best(seed, 0.5, each=each).chance <= 0.05 for seed in range(200)]
    assert np.mean(alarms) <= 0.085  # 0.05 and two standard errors


def test_the_chance_of_a_clear_case_is_as_small_as_it_can_be() -> None:
    found = the_best(0, 0.9)
    assert found.chance == pytest.approx(0.01)
    assert found.observed > 0.85 > found.usual


def test_series_that_only_look_alike_because_they_last_are_not_called_related() -> None:
    alarms = {True: [], False: []}
    for seed in range(60):
        random = np.random.default_rng(seed)
        one, other = (np.cumsum(random.normal(size=400)) for _ in range(2))
        for in_order, told in alarms.items():
            found = association(
                score_of("rmse"),
                one,
                [other[:, None]],
                goal="minimise",
                units=np.arange(400),
                seed=seed,
                in_order=in_order,
                permutations=99,
            )
            told.append(found.chance <= 0.05)
    assert np.mean(alarms[True]) <= 0.15 < np.mean(alarms[False])


def test_errors_are_better_small() -> None:
    random = np.random.default_rng(3)
    targets = random.normal(size=200)
    found = association(
        score_of("rmse"),
        targets,
        [(targets + random.normal(size=200))[:, None]],
        goal="minimise",
        units=np.arange(200),
        seed=0,
    )
    assert found.chance == pytest.approx(1 / 200)
    assert found.observed < found.border < found.usual


def test_rows_that_answer_each_other_are_called_something_oftener_unless_that_is_told(smoother: Any) -> None:
    alarms = {True: 0, False: 0}
    for seed in range(200):
        targets, smoothed = smoother(seed)
        for mutual in alarms:
            found = association(
                score_of("roc_auc"),
                targets,
                [outputs(smoothed)],
                goal="maximise",
                units=np.arange(100),
                seed=seed,
                mutual=mutual,
                permutations=99,
            )
            alarms[mutual] += found.chance <= ALPHA
    assert alarms[True] <= 13  # 3%, and the 13 that 200 draws of it exceed once in a hundred times
    assert alarms[False] > alarms[True] + 5
