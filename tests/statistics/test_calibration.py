"""A model is called wrong about itself when it is, and as seldom as is said when it is not."""

from __future__ import annotations

import numpy as np

from modelwright.statistics.calibration import FEWEST, calibration


def test_groups_are_those_that_a_hand_would_make() -> None:
    said = np.repeat([0.003, 0.25, 0.83], [20, 40, 30])
    happened = np.zeros(90, dtype=bool)
    happened[20:28] = happened[60:75] = True
    never, some, often = calibration(said, happened, np.arange(90))
    assert [never.rows, some.rows, often.rows] == [20, 40, 30]
    assert (never.happened.value, some.happened.value, often.happened.value) == (0, 0.2, 0.5)
    assert [never.off, some.off, often.off] == [False, False, True]


def test_too_few_rows_make_no_group() -> None:
    assert calibration(np.full(FEWEST - 1, 0.5), np.ones(FEWEST - 1, dtype=bool), np.arange(FEWEST - 1)) == ()


def test_copies_do_not_prove_anything() -> None:
    said, happened = np.full(200, 0.5), np.arange(200) % 10 < 7
    assert calibration(said, happened, np.arange(200))[0].off
    assert not calibration(said, happened, np.arange(200) // 20)[0].off


def test_an_honest_model_is_called_off_in_at_most_one_of_twenty_worlds() -> None:
    random, called = np.random.default_rng(11), 0
    for _ in range(600):
        said = random.beta(0.6, 1.5, 1_500)
        happened = random.random(1_500) < said
        called += any(group.off for group in calibration(said, happened, np.arange(1_500)))
    assert called / 600 <= 0.05
