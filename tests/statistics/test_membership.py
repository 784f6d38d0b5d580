"""Guesses about membership: nothing is told where nothing is, and never more than there is."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.statistics.membership import certainty, epsilon_of, membership


def test_of_rows_none_of_which_was_trained_on_nothing_is_told() -> None:
    inside, shown = [], []
    for seed in range(200):
        random = np.random.default_rng(seed)
        told = membership(random.random(400) < 0.5, (random.normal(size=400),), seed=seed)
        inside.append(told.area.low <= 0.5 <= told.area.high)
        shown.append(told.epsilon > 0)
    assert np.mean(inside) >= 0.91  # 95%, and the 8 of 200 that go astray once in a hundred times
    assert np.mean(shown) <= 0.08


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_the_epsilon_shown_is_seldom_above_what_randomised_answers_leak(epsilon: float) -> None:
    """Each row's score says whether it was trained on, and lies with the chance that epsilon allows."""
    above, shown = [], []
    for seed in range(200):
        random = np.random.default_rng(seed)
        members = random.random(1_000) < 0.5
        honest = random.random(1_000) < np.exp(epsilon) / (1 + np.exp(epsilon))
        scores = np.where(members == honest, 1.0, -1.0) + 0.01 * random.random(1_000)
        told = membership(members, (scores,), seed=seed)
        above.append(told.epsilon > epsilon)
        shown.append(told.epsilon)
    assert np.mean(above) <= 0.08
    assert np.median(shown) >= 0.6 * epsilon


def test_all_members_found_is_as_much_as_can_be_told() -> None:
    members = np.arange(1_000) < 500
    told = membership(members, (members + 0.0,), seed=0)
    assert (told.area.value, told.found.value, told.right) == (1.0, 1.0, told.guessed)
    assert told.epsilon > 4


def test_the_attacker_who_shows_most_is_reported() -> None:
    random = np.random.default_rng(0)
    members = random.random(1_000) < 0.5
    blind, seeing = random.normal(size=1_000), members + random.normal(size=1_000)
    both = membership(members, (blind, seeing), seed=0)
    alone = membership(members, (seeing,), seed=0)
    assert both.area == alone.area
    assert 0 < both.epsilon <= alone.epsilon


def test_epsilon_grows_with_right_guesses_and_is_never_negative() -> None:
    shown = [epsilon_of(100, right) for right in (0, 50, 70, 90, 100)]
    assert shown[:2] == [0.0, 0.0]
    assert shown == sorted(shown)
    assert epsilon_of(100, 100) == pytest.approx(np.log(0.05 ** (1 / 100) / (1 - 0.05 ** (1 / 100))))


def test_a_model_is_surer_of_what_it_answers_better() -> None:
    outputs = np.array([[0.9, 0.1], [0.4, 0.6], [0.0, 1.0]])
    sure = certainty(np.array([0, 0, 1]), outputs)
    assert sure[2] > sure[0] > 0 > sure[1]
    assert np.isfinite(sure).all()
    far = certainty(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.5], [5.0]]))
    assert far[0] > far[1] > far[2]
