from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.engine.folds import Part
from modelwright.engine.keras_backend import keras
from modelwright.engine.predicting import predict
from modelwright.engine.pruning import GradualPruning, is_pruned, largest, prune, sparsity_of
from modelwright.engine.target import Target
from modelwright.engine.training import train
from modelwright.records import Recipe

BINARY = Target(kind="binary", classes=("ham", "spam"), names=("label",))
SMALL = {"layers": 2, "units": 64, "embedding_units": 8, "learning_rate": 0.01, "batch_size": 64, "epochs": 6}
OWN = """
import keras

def build(input_shape, output_shape):
    hidden = keras.layers.Dense(64, activation="relu")
    middle = keras.layers.Dense(64, activation="relu")
    model = keras.Sequential([keras.Input(input_shape), hidden, middle, keras.layers.Dense(*output_shape)])
    model.compile(optimizer="sgd", loss=keras.losses.Huber())
    return model
"""


def fitted(made_up: Any, kind: str, recipe: Recipe) -> tuple[Any, Part]:
    data = made_up(800)
    target, answers = data.answers(kind)
    part = Part(training=data.prepared(), answers=answers)
    return train(recipe, target, part.training, answers), part


def learnt(trained: Any, part: Part) -> float:
    """Share of right classes, or of the variance explained."""
    outputs = predict(trained, part.training)
    if trained.target.classifies:
        return float((outputs.argmax(axis=1) == part.answers).mean())
    return float(1 - np.var(outputs - part.answers) / np.var(part.answers))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
def test_nine_weights_in_ten_go_and_what_was_learnt_stays(made_up: Any, kind: str) -> None:
    trained, part = fitted(made_up, kind, Recipe(family="network", name="n", choices=SMALL, seed=1))
    pruned = prune(trained, part, 0.9)
    assert sparsity_of(trained) < 0.01
    assert sparsity_of(pruned) == pytest.approx(0.9, abs=0.001)
    assert learnt(pruned, part) > learnt(trained, part) - 0.05


def test_a_users_own_model_is_pruned_with_the_loss_it_was_compiled_with(made_up: Any) -> None:
    recipe = Recipe(family="yours", name="own.py:build", code=OWN, function="build", choices={"epochs": 8})
    trained, part = fitted(made_up, "regression", recipe)
    pruned = prune(trained, part, 0.8)
    assert sparsity_of(pruned) == pytest.approx(0.8, abs=0.001)
    assert learnt(pruned, part) > learnt(trained, part) - 0.05


def test_biases_and_small_kernels_are_left_alone(made_up: Any) -> None:
    trained, part = fitted(made_up, "binary", Recipe(family="network", name="n", choices=SMALL))
    pruned = prune(trained, part, 0.9)
    small = [one for one in pruned.arrays.values() if one.ndim < 2 or one.size < 1_000]
    assert small
    assert all((one != 0).mean() > 0.9 for one in small)


def test_pruning_starts_from_the_trained_weights_and_leaves_them_as_they_were(made_up: Any) -> None:
    trained, part = fitted(made_up, "binary", Recipe(family="network", name="n", choices=SMALL))
    before = {name: array.copy() for name, array in trained.arrays.items()}
    prune(trained, part, 0.9)
    assert all((trained.arrays[name] == array).all() for name, array in before.items())


def test_the_same_training_prunes_to_the_same_weights(made_up: Any) -> None:
    trained, part = fitted(made_up, "binary", Recipe(family="network", name="n", choices=SMALL))
    first, second = prune(trained, part, 0.9), prune(trained, part, 0.9)
    assert all((first.arrays[name] == array).all() for name, array in second.arrays.items())


@pytest.mark.parametrize(("sparsity", "kept"), [(0.0, 10), (0.25, 8), (0.9, 1), (1.0, 0)])
def test_the_smallest_go_and_the_largest_stay(sparsity: float, kept: int) -> None:
    weights = np.array([[3, -1, 4, -1.5, 5], [-9, 2, 6, 5.5, -3.5]], dtype=np.float32)
    mask = np.asarray(largest(keras.ops.convert_to_tensor(weights), sparsity))
    order = np.argsort(-np.abs(weights), axis=None)
    expected = np.zeros(10)
    expected[order[:kept]] = 1
    assert mask.ravel().tolist() == expected.tolist()


def weights_of(model: Any) -> Any:
    """The first layer's kernel; `get_weights` warns, for numpy and Keras disagree on copies."""
    return np.asarray(model.layers[0].kernel.value)


def test_the_masks_follow_zhu_and_guptas_curve_step_by_step() -> None:
    """Held to a plain loop: Adam without masks, the mask put on by numpy at every cut."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(64, 40)).astype(np.float32)
    targets = (inputs @ random.normal(size=(40, 30))).astype(np.float32)
    sparsity, end, every, batches = 0.9, 24, 3, 8

    def model(optimizer: Any) -> Any:
        keras.utils.set_random_seed(1)
        built = keras.Sequential([keras.Input((40,)), keras.layers.Dense(30)])
        built.compile(optimizer=optimizer, loss="mean_squared_error")
        return built

    pruning = GradualPruning(0.05, sparsity=sparsity, pruning_steps=end, every=every)
    ours, plain = model(pruning), model(keras.optimizers.Adam(0.05))
    assert [is_pruned(one) for one in ours.trainable_variables] == [True, False]
    mask = np.ones((40, 30), dtype=np.float32)
    zeros: list[int] = []
    for step in range(1, 4 * batches + 1):
        rows = slice(8 * ((step - 1) % batches), 8 * ((step - 1) % batches) + 8)
        for each in (ours, plain):
            each.train_on_batch(inputs[rows], targets[rows])
        kernel = weights_of(plain)
        if step % every == 0 and step <= end:
            share = sparsity * (1 - (1 - step / end) ** 3)
            sizes = np.sort(np.abs(kernel * mask), axis=None)
            mask = (np.abs(kernel * mask) > sizes[round(share * sizes.size) - 1]).astype(np.float32)
        plain.layers[0].kernel.assign(kernel * mask)
        np.testing.assert_allclose(weights_of(ours), kernel * mask, atol=1e-5)
        zeros.append(int((weights_of(ours) == 0).sum()))
    assert zeros[every - 2] == 0
    assert zeros == sorted(zeros)
    assert zeros[end - 1] == zeros[-1] == round(0.9 * 1_200)
    assert zeros[end // 2 - 1] > 0.85 * zeros[-1]  # most go early, while there are plenty


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras's own, about numpy's copies
def test_the_optimizer_is_saved_and_loaded_whole() -> None:
    made = GradualPruning(0.01, sparsity=0.5, pruning_steps=10, every=2)
    again = GradualPruning.from_config(made.get_config())
    assert again.get_config() == made.get_config()
