"""The border between underfitting and overfitting is told from luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.develop import overfit as overfit_module
from modelwright.develop.evaluating import OutOfTimeError
from modelwright.develop.overfit import BACK, LADDER, _turn, overfit
from modelwright.engine.budget import budget
from modelwright.errors import ModelError
from modelwright.records import Estimate, Recipe, Run, Study, digest

CURVES = 500
FALSE_ALARMS = 0.03
"""Measured on 500 flat curves each: 2.0 % at most; the rule before (2 % above the lowest) gave 42 to 98 %."""


def turned(losses: NDArray[np.float32]) -> bool:
    return _turn(losses) is not None


def curves(validation: NDArray[np.float64], training_end: float = 0.5) -> NDArray[np.float32]:
    """Losses (epochs, 2) with a training loss that falls from 1."""
    training = np.linspace(1.0, training_end, len(validation))
    return np.stack([training, validation], axis=1).astype(np.float32)


def fall(epochs: int) -> NDArray[np.float64]:
    return 0.5 + 0.5 * np.exp(-6 * np.linspace(0, 1, epochs))


def u_shape(epochs: int) -> NDArray[np.float64]:
    return fall(epochs) + 0.35 * np.linspace(0, 1, epochs) ** 2


@pytest.mark.parametrize("epochs", [15, 40])
def test_a_curve_that_only_falls_has_notturned(epochs: int) -> None:
    assert not turned(curves(fall(epochs)))


@pytest.mark.parametrize("epochs", [15, 40])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_curve_that_turns_has_turned_with_noise_and_without(epochs: int, noise: float) -> None:
    generator = np.random.default_rng(2)
    found = [
        turned(curves(u_shape(epochs) * (1 + noise * generator.standard_normal(epochs)))) for _ in range(100)
    ]
    assert np.mean(found) > 0.95


@pytest.mark.parametrize("epochs", [15, 40])
@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
def test_flat_noise_is_rarely_taken_for_overfitting(epochs: int, noise: float) -> None:
    generator = np.random.default_rng(0)
    fooled = [turned(curves(1 + noise * generator.standard_normal(epochs))) for _ in range(CURVES)]
    assert np.mean(fooled) <= FALSE_ALARMS


def test_one_bad_epoch_at_the_end_is_no_turn() -> None:
    validation = fall(20)
    validation[-1] += 0.05
    assert not turned(curves(validation))


def test_a_validation_loss_that_rises_with_training_loss_is_no_overfitting() -> None:
    assert not turned(curves(u_shape(30), training_end=3.0))


@pytest.mark.parametrize("epochs", [0, 1, 2, 3])
def test_hardly_any_epochs_say_nothing(epochs: int) -> None:
    assert not turned(curves(np.linspace(0.1, 9.0, epochs)))


class Ladder:
    """Stands for `evaluate`: each rung's curve is given, and the rungs climbed are remembered."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.climbed: list[str] = []

    def __call__(self, desk: Any, bench: Any, recipe: Recipe, *, splits: int) -> Run:
        assert splits == 1
        self.climbed.append(recipe.name)
        outcome = self.outcomes[len(self.climbed) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        score = Estimate(value=float(outcome[:, 1].min()), low=0, high=9, method="")
        predictions = desk.keep(np.zeros(1), "array")
        return Run(recipe=recipe, score=score, predictions=predictions, curves=desk.keep(outcome, "array"))


def climb(desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch, ladder: Ladder) -> Study:
    monkeypatch.setattr(overfit_module, "evaluate", ladder)
    monkeypatch.setattr(desk, "once", lambda work, *records, **choices: work(desk, *records, **choices))
    bench = laid.bench(desk, laid.table())
    run = Run(
        recipe=laid.prior,
        score=Estimate(value=0.7, low=0.6, high=0.8, method=""),
        predictions=desk.keep(np.zeros(1), "array"),
    )
    return overfit(desk, bench, laid.study(bench, run))


def test_the_ladder_is_climbed_until_validation_loss_turns(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = [curves(fall(20) + 0.01 * way) for way in (3, 1, 2, 4)]
    ladder = Ladder(curves(fall(20)), curves(u_shape(20)), *back)
    study = climb(desk, laid, monkeypatch, ladder)
    assert ladder.climbed[:2] == ["network 1 x 16", "network 2 x 32"]
    assert study.verdict.answer == "yes"
    assert "network 2 x 32 overfits" in study.verdict.reason
    assert ladder.climbed[2:] == [f"network 2 x 32, {name}" for name, _ in BACK]
    assert "regularised with dropout 0.5 its lowest is 0.51" in study.verdict.reason


def test_a_ladder_that_never_turns_says_that_more_may_help(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = climb(desk, laid, monkeypatch, Ladder(*[curves(fall(20))] * len(LADDER)))
    assert study.verdict.answer == "no"
    assert len(study.runs) == len(LADDER)


def test_a_rung_that_diverges_is_a_failure_and_the_next_is_climbed(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ModelError(where="w", expected="e", received="diverged", do_this="d")
    study = climb(
        desk, laid, monkeypatch, Ladder(broken, curves(u_shape(20)), *[curves(fall(20))] * len(BACK))
    )
    assert [failure.recipe.name for failure in study.failures] == ["network 1 x 16"]
    assert study.runs[0].recipe.name == "network 2 x 32"


@pytest.mark.parametrize("seconds", [0, 600])
def test_without_a_finished_rung_the_baseline_stands_and_the_answer_is_unclear(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    ladder = Ladder(OutOfTimeError())
    with budget(seconds):
        study = climb(desk, laid, monkeypatch, ladder)
    assert len(ladder.climbed) == (1 if seconds else 0)
    assert study.verdict.answer == "unclear"
    assert study.best.recipe.family == "prior"


def test_the_same_curves_come_to_the_same_record(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies = [
        climb(desk, laid, monkeypatch, Ladder(curves(u_shape(20)), *[curves(fall(20))] * len(BACK)))
        for _ in range(2)
    ]
    assert digest(studies[0]) == digest(studies[1])
