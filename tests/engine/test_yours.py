from __future__ import annotations

import textwrap

import numpy as np
import pytest

from modelwright.engine import networks
from modelwright.engine.model import Model, load, save
from modelwright.engine.predicting import predict
from modelwright.engine.training import train
from modelwright.errors import ModelError
from modelwright.records import Recipe

SEQUENTIAL = """
    import keras

    def build(input_shape, output_shape, units=8):
        return keras.Sequential([
            keras.layers.Dense(units, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(output_shape[0], activation="ACTIVATION"),
        ])
"""

FUNCTIONAL = """
    import keras

    def build(input_shape, output_shape, **choices):
        inputs = keras.Input(input_shape)
        hidden = keras.layers.Dense(choices.get("units", 8), activation="relu")(inputs)
        outputs = keras.layers.Dense(output_shape[0], activation="ACTIVATION")(hidden)
        model = keras.Model(inputs, outputs)
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="LOSS", metrics=["METRIC"])
        return model
"""

SUBCLASS = """
    from dataclasses import dataclass

    import keras

    @dataclass
    class Sizes:
        units: int

    class Mine(keras.Model):
        def __init__(self, sizes, outputs):
            super().__init__()
            self.hidden = keras.layers.Dense(sizes.units, activation="tanh")
            self.last = keras.layers.Dense(outputs, activation="ACTIVATION")

        def call(self, inputs, training=False):
            return self.last(self.hidden(inputs))

    def build(input_shape, output_shape, units=8):
        return Mine(Sizes(units), output_shape[0])
"""


def mine(
    code: str, *, activation="sigmoid", loss="binary_crossentropy", metric="accuracy", **choices
) -> Recipe:
    code = textwrap.dedent(code).replace("ACTIVATION", activation).replace("LOSS", loss)
    short = {"epochs": 12, "learning_rate": 0.01, "batch_size": 50}
    return Recipe(
        family="yours",
        name="mine.py:build",
        code=code.replace("METRIC", metric),
        function="build",
        choices=short | choices,
        seed=2,
    )


@pytest.mark.parametrize(
    "code", [SEQUENTIAL, FUNCTIONAL, SUBCLASS], ids=["sequential", "functional", "subclass"]
)
def test_a_users_model_competes_and_comes_back_bit_for_bit(made_up, code) -> None:
    data = made_up(330)
    preparation, prepared, (target, answers) = data.preparation(), data.prepared(), data.answers("binary")
    trained = train(mine(code, units=6), target, prepared, answers, validation=(prepared, answers))
    outputs = predict(trained, prepared)
    assert outputs.shape == (330, 2)
    assert (outputs.argmax(axis=1) == answers).mean() > 0.75
    saved = save(Model(preparation=preparation, trained=trained))
    loaded = load(saved)
    assert save(loaded) == saved
    np.testing.assert_array_equal(predict(loaded.trained, prepared), outputs)
    assert networks.keras_model(loaded.trained).count_params() >= trained.parameters > 0


@pytest.mark.parametrize(
    ("kind", "activation", "loss", "metric"),
    [
        ("multiclass", "softmax", "sparse_categorical_crossentropy", "accuracy"),
        ("multiclass", "softmax", "categorical_crossentropy", "accuracy"),
        ("vector_regression", "linear", "mean_absolute_error", "mse"),
    ],
)
def test_a_users_own_loss_is_respected(made_up, kind, activation, loss, metric) -> None:
    data = made_up(200)
    prepared, (target, answers) = data.prepared(), data.answers(kind)
    trained = train(
        mine(FUNCTIONAL, activation=activation, loss=loss, metric=metric), target, prepared, answers
    )
    outputs = predict(trained, prepared)
    assert outputs.shape == (200, target.outputs)
    if kind == "vector_regression":
        assert np.corrcoef(outputs[:, 0], answers[:, 0])[0, 1] > 0.6
    else:
        assert (outputs.argmax(axis=1) == answers).mean() > 0.5


@pytest.mark.parametrize(
    ("code", "where", "said"),
    [
        ("def build(a, b)\n    pass", "mine.py, line 1", "SyntaxError"),
        ("def build(a, b):\n    return 1 / 0", "mine.py, line 2, in build", "ZeroDivisionError"),
        ("import nowhere_to_be_found", "mine.py, line 1", "ModuleNotFoundError"),
        ("def other(a, b):\n    return None", "mine.py", "no such name"),
        ("build = 3", "mine.py", "int"),
        ("def build(a, b):\n    return 'model'", "mine.py, build", "str"),
        ("def build(a):\n    return a", "mine.py", "TypeError"),
        (SUBCLASS.replace("self.last(self.hidden", "self.lost(self.hidden"), "in call", "lost"),
        (SEQUENTIAL.replace("output_shape[0]", "5"), "mine.py, build", "shape (1, 5)"),
        (SEQUENTIAL.replace("ACTIVATION", "linear"), "mine.py, build", "answers from"),
    ],
)
def test_code_that_fails_is_said_with_its_place(made_up, code, where, said) -> None:
    data = made_up(120)
    target, answers = data.answers("binary")
    with pytest.raises(ModelError) as caught:
        train(mine(code), target, data.prepared(), answers)
    assert where in caught.value.where
    assert said in caught.value.received
    if said == "answers from":
        assert "activation='sigmoid'" in caught.value.do_this


def test_choices_go_to_the_function_or_to_training(made_up) -> None:
    code = """
    import keras
    def build(input_shape, output_shape, learning_rate, depth):
        assert (learning_rate, depth) == (0.5, 3)
        return keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
    """
    data = made_up(60)
    target, answers = data.answers("binary")
    recipe = mine(code, learning_rate=0.5, depth=3, epochs=2)
    assert train(recipe, target, data.prepared(), answers).best_epochs == 2


def test_a_models_own_training_step_is_used(made_up) -> None:
    code = (
        SUBCLASS
        + """
    class Frozen(Mine):
        def train_step(self, state, data):
            logs, after = super().train_step(state, data)
            return logs, (state[0], *after[1:])

    def build(input_shape, output_shape):
        return Frozen(Sizes(4), output_shape[0])
    """
    )
    data = made_up(60)
    prepared, (target, answers) = data.prepared(), data.answers("binary")
    trained = train(mine(code, max_epochs=3), target, prepared, answers, validation=(prepared, answers))
    assert trained.curves is not None
    np.testing.assert_array_equal(trained.curves[:, 1], trained.curves[0, 1])  # it learns nothing
    assert "Frozen has a train_step of its own" in trained.notes[0]
