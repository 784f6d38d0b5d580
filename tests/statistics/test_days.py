"""A day's count lies inside its interval as often as is said."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.statistics.days import on_a_day

DAYS = 4_000


@pytest.mark.parametrize(("rows", "cases"), [(500, 1_000), (2_000, 10_000), (20_000, 1_000), (5_000, 300)])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
def test_a_day_lies_inside_in_93_to_97_of_100(rows: int, cases: int, share: float) -> None:
    random = np.random.default_rng([rows, cases, int(1000 * share)])
    seen = random.binomial(rows, share, DAYS)
    counts, place = np.unique(seen, return_inverse=True)
    interval = on_a_day(counts.astype(np.float64), rows, cases)[place]
    day = random.binomial(cases, share, DAYS)
    inside = np.mean((interval[:, 1] <= day) & (day <= interval[:, 2]))
    assert 0.93 <= inside <= 0.975  # counts are whole: an interval of few of them holds a little more


def test_of_what_never_happened_some_may_happen() -> None:
    expected, low, high = on_a_day(np.array([0.0]), 100, 1_000)[0]
    assert (expected, low) == (0, 0)
    assert 10 <= high <= 40


def test_more_rows_make_the_interval_no_narrower_than_a_days_own_luck() -> None:
    _, low, high = on_a_day(np.array([1e7]), 1e8, 1_000)[0]
    assert 78 <= low <= 84  # 100 plus and minus 1.96 times the root of 90
    assert 116 <= high <= 122


def test_copies_count_once() -> None:
    alone, twice = (on_a_day(np.array([50.0]), 500, 1_000, worth=worth)[0] for worth in (500, 250))
    assert twice[2] - twice[1] > alone[2] - alone[1]
