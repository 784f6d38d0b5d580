"""Agreement is what a reference implementation and a worked example say, and its intervals hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure
from modelwright.statistics.agreement import (
    alpha,
    alpha_estimate,
    alpha_of_values,
    alpha_of_values_estimate,
    cohen_kappa,
    fleiss_kappa,
)
from modelwright.statistics.votes import Votes, votes_of

NONE = -1

# Rows are annotators. The expected values are those of the PyPI package krippendorff 0.9.0.
HOLES = [
    [1, NONE, 2, 2, 2, NONE, NONE, 2, NONE, NONE, 1, 1, 0, NONE, 1, NONE, 0, NONE, 3, NONE, NONE, NONE, 3,
     1, NONE, 1, 1, 3, NONE, 2, NONE, NONE, NONE, 3, NONE, NONE, 3, 1, NONE, 3],
    [NONE, 0, NONE, 2, 2, 1, 0, 2, 1, NONE, NONE, NONE, 0, 2, NONE, 2, NONE, 2, 1, 2, NONE, NONE, 1, NONE,
     NONE, 0, 1, 3, 1, 0, 2, 3, 2, 3, NONE, NONE, 3, NONE, 2, 3],
    [NONE, 3, NONE, 2, NONE, 1, 3, 3, NONE, 3, 2, 1, 0, 2, 0, 2, 2, NONE, 3, NONE, 2, 3, NONE, 3, NONE, 0,
     1, 3, 2, 1, 2, NONE, 1, 3, 2, NONE, 3, 1, 3, NONE],
    [1, NONE, NONE, 2, NONE, 1, 0, 2, 2, 3, 2, 1, 0, 2, 1, 2, 3, 3, 3, 2, 2, 2, 3, NONE, 3, 0, 0, 3, 1, 0,
     NONE, 3, 2, 3, 2, 3, 3, 2, 1, NONE],
    [NONE, NONE, 0, 2, 0, 1, 0, 2, 1, 3, 2, NONE, 2, 2, 0, NONE, 3, NONE, 0, NONE, 2, 3, 3, 3, 2, 0, 1, 3,
     NONE, NONE, 2, 3, NONE, 0, 2, 1, NONE, 1, NONE, 0],
]  # fmt: skip
MANY = [
    [NONE, 1, 1, 1, 1, NONE, NONE, 2, NONE, 1, 2, 2, 1, 0, NONE, 1, NONE, 2, 2, 2, 0, NONE, 1, NONE,
     NONE],
    [NONE, 1, 2, NONE, NONE, NONE, NONE, NONE, 2, 1, 2, NONE, 1, NONE, 1, 1, 1, NONE, 1, NONE, 0, 0, 1, 1,
     2],
    [NONE, NONE, 1, NONE, NONE, 0, NONE, NONE, NONE, NONE, 2, 1, NONE, NONE, 2, 0, 1, NONE, 2, 2, 0, 0, 1,
     1, NONE],
    [1, 1, 1, NONE, 1, 0, 2, 2, 2, NONE, 1, 2, 0, 0, 2, 2, NONE, 2, NONE, 2, 1, 0, 1, NONE, 0],
    [1, NONE, 1, NONE, 1, NONE, 2, NONE, 2, 2, 2, NONE, 1, NONE, 2, 1, NONE, 2, 2, NONE, 0, NONE, 0, NONE,
     NONE],
    [1, 0, NONE, 0, NONE, 0, 2, 2, NONE, 1, 2, 2, 1, NONE, 1, 1, 1, 1, 2, NONE, 0, NONE, NONE, NONE, 0],
    [1, 1, NONE, NONE, 1, 0, 2, 2, 2, 1, NONE, NONE, 1, 0, 2, NONE, 1, 0, 2, 2, 0, NONE, 1, 1, 2],
    [1, 1, 1, 0, 0, NONE, NONE, 2, NONE, 1, 2, 2, NONE, 0, NONE, 0, 1, NONE, NONE, 2, 0, NONE, 2, NONE,
     0],
    [1, 1, 1, NONE, 1, 0, 2, NONE, 2, 1, 2, NONE, 0, NONE, 2, NONE, NONE, NONE, 2, NONE, 1, 0, 1, NONE,
     NONE],
    [1, 1, 1, NONE, 2, 0, 2, 2, 0, 1, 2, NONE, 1, NONE, 2, 1, 1, 2, 2, NONE, 1, 0, 1, NONE, NONE],
    [1, NONE, NONE, 2, 1, 0, 2, NONE, NONE, 2, NONE, 2, 1, 0, 2, NONE, NONE, 2, NONE, 1, NONE, 0, NONE, 1,
     1],
    [1, 1, 1, NONE, NONE, 0, 2, NONE, 2, NONE, 2, 2, 1, 2, 1, 1, 1, 1, 2, 2, 0, NONE, NONE, NONE, 1],
]  # fmt: skip
VALUES = [
    [84.28, -0.66, 68.02, 52.95, NONE, 65.33, 66.71, 18.69, NONE, 46.0, 17.62, 12.91, NONE, 27.69, -1.61,
     NONE, NONE, 46.97, NONE, 109.59],
    [88.58, 21.62, 54.41, 73.57, NONE, 55.27, 55.15, 33.27, 18.29, 68.62, NONE, 23.49, 30.22, 37.27,
     -23.4, NONE, -16.31, 74.57, 52.07, 125.0],
    [97.13, 33.55, 55.72, NONE, 74.09, NONE, 63.71, 20.79, NONE, 71.16, 8.27, 13.87, 1.14, 37.54, 4.5,
     8.88, NONE, 36.39, 75.52, 102.98],
    [97.57, NONE, 12.65, NONE, 79.13, 81.13, 65.05, 30.25, NONE, NONE, NONE, 11.11, 9.38, 15.87, 5.02,
     42.0, 9.55, NONE, 68.74, NONE],
]  # fmt: skip

EXPECTED = {
    "nominal": (0.43819512881880907, 0.5387329168119128),
    "ordinal": (0.3877305672170883, 0.5956784226771537),
    "interval": (0.37119503945885, 0.592963942963943),
}
EXPECTED_OF_VALUES = 0.8347345107212629

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: four observers, twelve
# units, five values, missing data. He works alpha out to 0.743 (nominal), 0.815 (ordinal), 0.849 (interval).
PAPER = [
    [0, 1, 2, 2, 1, 0, 3, 0, 1, NONE, NONE, NONE],
    [0, 1, 2, 2, 1, 1, 3, 0, 1, 4, NONE, 2],
    [NONE, 2, 2, 2, 1, 2, 3, 1, 1, 4, 0, NONE],
    [0, 1, 2, 2, 1, 3, 3, 0, 1, 4, 0, NONE],
]


def votes(table: list[list[int]]) -> Votes:
    return votes_of(np.array(table), max(map(max, table)) + 1)


def long(table: list[list[Any]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    array = np.array(table, dtype=np.float64)
    annotators, items = np.nonzero(array != NONE)
    return items.astype(np.int64), array[annotators, items]


@pytest.mark.parametrize("scale", ["nominal", "ordinal"])
def test_alpha_of_classes_is_the_references(scale: Any) -> None:
    found = [alpha(votes(table), scale) for table in (HOLES, MANY)]
    assert found == pytest.approx(EXPECTED[scale], abs=1e-9)


def test_alpha_of_numbers_is_the_references() -> None:
    found = [alpha_of_values(*long(table)) for table in (HOLES, MANY)]
    assert found == pytest.approx(EXPECTED["interval"], abs=1e-9)
    assert alpha_of_values(*long(VALUES)) == pytest.approx(EXPECTED_OF_VALUES, abs=1e-9)


def test_alpha_is_what_krippendorff_works_out_by_hand() -> None:
    assert round(alpha(votes(PAPER)), 3) == 0.743
    assert round(alpha(votes(PAPER), "ordinal"), 3) == 0.815
    assert round(alpha_of_values(*long(PAPER)), 3) == 0.849


def test_cohens_kappa_is_what_two_by_two_gives() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5, so 0.4.
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    found = cohen_kappa(votes([list(row) for row in zip(*pairs, strict=True)]), 0, 1)
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high


def test_fleiss_kappa_is_what_fleiss_own_data_give() -> None:
    # Fleiss 1971, table 1, as worked out in textbooks: ten subjects, fourteen raters, five classes, 0.210.
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    table = np.array([np.repeat(np.arange(5), row) for row in counts]).T
    assert round(fleiss_kappa(votes_of(table, 5)).value, 3) == 0.21


def test_fleiss_kappa_wants_as_many_answers_to_each_item() -> None:
    with pytest.raises(UndefinedMeasure, match="same number of answers"):
        fleiss_kappa(votes(HOLES))


def test_one_answer_an_item_has_no_agreement() -> None:
    with pytest.raises(UndefinedMeasure, match="two answers"):
        alpha(votes([[0, 1, 1, NONE], [NONE, NONE, NONE, 0]]))


def test_one_class_only_has_no_agreement() -> None:
    with pytest.raises(UndefinedMeasure, match="one class only"):
        alpha(votes_of(np.zeros((3, 10), dtype=np.int64), 2))


def test_agreement_without_exception_is_not_certain() -> None:
    few, many = (votes_of(np.tile(np.arange(n) % 2, (2, 1)), 2) for n in (20, 400))
    small, large = alpha_estimate(few), alpha_estimate(many)
    assert small.value == large.value == 1
    assert small.low < large.low < 1
    assert small.low == pytest.approx(1 - 3 / 20 / 0.5)  # three of 20 items, half of answers differ by chance


def drawn(items: int, seed: int) -> Votes:
    """Three annotators of different skill, each item answered by all."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, items)
    right = random.random((3, items)) < np.array([0.9, 0.8, 0.6])[:, None]
    return votes_of(np.where(right, truth, random.integers(0, 3, (3, items))), 3)


def test_intervals_of_alpha_hold_the_truth_95_times_in_100() -> None:
    # 120 draws know a coverage of 95% to 4 points either side.
    truth = alpha(drawn(200_000, seed=0))
    held = [
        one.low <= truth <= one.high for one in (alpha_estimate(drawn(80, seed)) for seed in range(1, 121))
    ]
    assert 0.91 <= np.mean(held) <= 0.99


def test_intervals_of_alpha_of_numbers_hold_the_truth() -> None:
    def numbers(items: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        random = np.random.default_rng(seed)
        values = random.normal(size=items) + random.normal(scale=[[0.5], [0.8]], size=(2, items))
        return np.tile(np.arange(items), 2), values.ravel()

    truth = alpha_of_values(*numbers(200_000, 0))
    found = [alpha_of_values_estimate(*numbers(80, seed)) for seed in range(1, 121)]
    assert 0.91 <= np.mean([one.low <= truth <= one.high for one in found]) <= 0.99
