from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import quantile_test

from modelwright.statistics.medians import median


@pytest.mark.parametrize("count", [6, 7, 15, 16, 41, 100])
def test_the_interval_is_scipys(count: int) -> None:
    values = np.random.default_rng(count).lognormal(size=count)
    found, reference = median(values), quantile_test(values, p=0.5).confidence_interval(0.95)
    assert (found.low, found.high) == (reference.low, reference.high)
    assert found.value == np.median(values)


def test_too_few_values_give_all_their_range() -> None:
    found = median(np.array([3.0, 1.0, 2.0]))
    assert (found.low, found.value, found.high) == (1.0, 2.0, 3.0)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    draws = [median(random.exponential(size=15)) for _ in range(2_000)]
    held = np.mean([one.low <= np.log(2) <= one.high for one in draws])
    assert 0.95 <= held <= 0.985  # 96.5% by the binomial: the next pair of values would hold less than 95%
