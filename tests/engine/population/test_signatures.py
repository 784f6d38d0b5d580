from __future__ import annotations

import numpy as np
import pytest

from modelwright.engine.keras_backend import keras
from modelwright.engine.population.signatures import lasting, signature_of, told_apart


def model(units: int = 4, l2: float = 0.0, loss="mse"):
    penalty = keras.regularizers.L2(l2)
    found = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, kernel_regularizer=penalty)])
    found.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    return found


def cost(targets, outputs):
    return keras.ops.mean(keras.ops.abs(targets - outputs), axis=-1)


def test_names_weights_and_lifted_numbers_do_not_tell_models_apart() -> None:
    assert signature_of(model(l2=0.1), "") == signature_of(model(l2=0.3), "")
    assert signature_of(model(units=4), "") != signature_of(model(units=5), "")
    assert signature_of(model(loss="mse"), "") != signature_of(model(loss="mae"), "")


@pytest.mark.parametrize("value", [np.arange(3000.0), keras.regularizers.L2(0.1), [1, "a", None]])
def test_equal_choices_are_told_alike_whatever_object_holds_them(value) -> None:
    again = np.array(value) if isinstance(value, np.ndarray) else value
    if isinstance(value, keras.regularizers.Regularizer):
        again = keras.regularizers.L2(0.1)
    assert told_apart({"choice": value}) == told_apart({"choice": again})


def test_arrays_that_print_alike_are_told_apart() -> None:
    first, second = np.zeros(3000), np.zeros(3000)
    second[1500] = 1.0
    assert repr(first) == repr(second)
    assert told_apart({"table": first}) != told_apart({"table": second})


def test_what_names_a_checkpoint_holds_no_address() -> None:
    signature = signature_of(model(loss=cost), "")
    assert str(id(cost)) in signature
    assert str(id(cost)) not in lasting(signature)
    assert "cost" in lasting(signature)
