"""A picture taken again is known; pictures of different things are not."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.checks import profiles
from modelwright.checks.profiles import like_profiles


def pictures(count: int, seed: int = 0, numbers: int = 100) -> np.ndarray:
    return np.random.default_rng(seed).normal(50, 10, size=(count, numbers)).astype(np.float32)


def test_a_picture_under_another_lamp_is_a_twin() -> None:
    own = pictures(50)
    mean = own.mean(axis=0)
    darker = mean + 0.6 * (own[:5] - mean) - 8 + np.random.default_rng(1).normal(0, 0.5, (5, 100))
    pairs = like_profiles(np.concatenate([own, darker.astype(np.float32)]))
    assert pairs.tolist() == [[place, 50 + place] for place in range(5)]


def test_pictures_of_their_own_are_no_twins() -> None:
    assert not len(like_profiles(pictures(500)))


def test_missing_numbers_count_as_their_columns_mean() -> None:
    own = pictures(50)
    again = own[:5].copy()
    again[:, 7] = np.nan
    assert len(like_profiles(np.concatenate([own, again]))) == 5


def test_rows_without_anything_that_varies_are_alike_to_nothing() -> None:
    assert not len(like_profiles(np.ones((10, 80), dtype=np.float32)))
    assert not len(like_profiles(np.full((10, 80), np.nan, dtype=np.float32)))
    assert not len(like_profiles(np.empty((0, 80), dtype=np.float32)))


def test_rows_are_compared_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "ROWS_AT_ONCE", 7)
    own = pictures(30)
    pairs = like_profiles(np.concatenate([own, own[[0, 13, 29]] + 0.01]))
    assert sorted(pairs.tolist()) == [[0, 30], [13, 31], [29, 32]]
