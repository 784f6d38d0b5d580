"""Models of a user's own are compared on one split, and a model that breaks harms no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.develop.compare import compare
from modelwright.errors import UsageError
from modelwright.records import Lab, Recipe, digest

CODE = """
import keras
from keras import layers

def small(input_shape, output_shape):
    return keras.Sequential([keras.Input(input_shape), layers.Dense(2, activation="relu"), ANSWER])

def penalised(input_shape, output_shape):
    penalty = keras.regularizers.L2(0.5)
    hidden = layers.Dense(2, activation="relu", kernel_regularizer=penalty)
    return keras.Sequential([keras.Input(input_shape), hidden, ANSWER])

def broken(input_shape, output_shape):
    return 1 / 0
"""


def mine(*names: str, answer: str = 'layers.Dense(1, activation="sigmoid")') -> tuple[Recipe, ...]:
    code = CODE.replace("ANSWER", answer)
    return tuple(Recipe(family="yours", name=f"m.py:{name}", code=code, function=name) for name in names)


def compared(desk: Any, bench: Any, *names: str, **choices: Any) -> Lab:
    settings = {"seeds": 2, "epochs": 3, "batch_size": 16} | choices
    return compare(desk, bench, recipes=mine(*names), **settings)


def test_each_model_has_curves_of_every_seed_and_a_verdict_with_its_reason(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    lab = compared(desk, bench, "small", "penalised", "broken")
    assert [model.recipe.name for model in lab.models] == ["m.py:small", "m.py:penalised"]
    assert lab.bench == digest(bench)
    for model in lab.models:
        curves = desk.read(model.curves)
        assert curves.shape == (2, 3, 2)
        assert np.isfinite(curves).all()
        assert model.best_epoch.low <= model.best_epoch.value <= model.best_epoch.high
        assert len(model.best_epochs) == 2
        assert model.fit == "more training"  # three epochs say nothing else
        assert len(model.reason) > 20
    (failure,) = lab.failures
    assert "ZeroDivisionError" in failure.reason
    assert (lab.training_rows, lab.validation_rows) == (60, 30)


def test_the_penalty_is_not_part_of_what_is_compared(desk: Any, laid: Any) -> None:
    lab = compared(desk, laid.bench(desk, laid.table()), "penalised")
    assert desk.read(lab.models[0].curves)[:, 0, 1].max() < 1.5  # with its penalty the loss begins above 2


def test_the_same_comparison_comes_to_the_same_record(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    assert digest(compared(desk, bench, "small")) == digest(compared(desk, bench, "small"))


def test_a_share_to_validate_on_takes_none_of_the_sealed_rows(desk: Any, laid: Any) -> None:
    lab = compared(desk, laid.bench(desk, laid.table()), "small", validation=0.5)
    assert (lab.training_rows, lab.validation_rows) == (45, 45)
    assert laid.rows - laid.test_rows == 90


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 7.0])
def test_a_share_that_leaves_nothing_is_refused(desk: Any, laid: Any, share: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        compared(desk, laid.bench(desk, laid.table()), "small", validation=share)


def test_a_model_named_twice_is_refused(desk: Any, laid: Any) -> None:
    with pytest.raises(UsageError, match="small twice"):
        compared(desk, laid.bench(desk, laid.table()), "small", "small")


def test_regression_is_compared_in_standard_deviations(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table(), target="price", measure="mae")
    lab = compare(
        desk, bench, recipes=mine("small", answer="layers.Dense(1)"), seeds=1, epochs=3, batch_size=16
    )
    assert lab.loss == "mean squared error"
    assert desk.read(lab.models[0].curves)[0, -1, 1] < 4
