from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modelwright.engine import networks
from modelwright.engine.budget import budget
from modelwright.engine.folds import Part
from modelwright.engine.keras_backend import keras
from modelwright.engine.network_architecture import Architecture, build_network, category_units, table_rows
from modelwright.engine.population import shared
from modelwright.engine.predicting import predict
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.target import Target
from modelwright.engine.training import train, train_parts
from modelwright.errors import ModelError
from modelwright.records import Recipe, decode

BINARY = Target(kind="binary", classes=("ham", "spam"), names=("label",))


def network(**choices) -> Recipe:
    small = {"layers": 1, "units": 16, "embedding_units": 8, "learning_rate": 0.01, "batch_size": 64}
    return Recipe(family="network", name="network", choices=small | choices, seed=1)


def halves(data, kind):
    prepared, (target, answers) = data.prepared(), data.answers(kind)
    middle = len(answers) // 2
    first, second = np.arange(middle), np.arange(middle, len(answers))
    return target, (prepared.take(first), answers[first]), (prepared.take(second), answers[second])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
def test_every_kind_of_task_learns_and_keeps_its_best_epoch(made_up, kind) -> None:
    target, (training, answers), held_out = halves(made_up(800), kind)
    trained = train(network(max_epochs=25), target, training, answers, validation=held_out)
    outputs = predict(trained, held_out[0])
    assert outputs.shape == (400, target.outputs)
    if target.classifies:
        np.testing.assert_allclose(outputs.sum(axis=1), 1.0, atol=1e-6)
        assert (outputs.argmax(axis=1) == held_out[1]).mean() > 0.7
    else:
        assert 1 - np.var(outputs - held_out[1]) / np.var(held_out[1]) > 0.5
    assert trained.curves is not None
    assert trained.best_epochs == 1 + int(np.argmin(trained.curves[:, 1]))
    np.testing.assert_allclose(
        loss_of(target, trained, outputs, held_out[1]), trained.curves[:, 1].min(), rtol=1e-4
    )


def loss_of(target, trained, outputs, answers) -> float:
    if target.classifies:
        return -np.log(outputs[np.arange(len(answers)), answers]).mean()
    return np.square((outputs - answers) / trained.arrays["scale"]).mean()


@pytest.mark.parametrize(
    ("rows", "choices"),
    [
        (200, {"l1": 1e-3, "l2": 1e-2}),  # 200 rows in batches of 64: the last has 8
        pytest.param(256, {"dropout": 0.3}, marks=pytest.mark.slow),
    ],
)
def test_training_is_what_keras_fit_does(made_up, rows, choices) -> None:
    data = made_up(rows)
    prepared, (target, answers) = data.prepared(), data.answers("binary")
    recipe = network(epochs=2, **choices)
    trained = train(recipe, target, prepared, answers)
    architecture = decode(trained.text["architecture"].encode(), Architecture)
    keras.utils.set_random_seed(recipe.seed)
    reference = build_network(architecture, recipe.seed)
    reference.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    inputs, wanted = networks.network_inputs(prepared), answers.astype(np.float32)[:, None]
    reference.fit(inputs, wanted, batch_size=64, epochs=2, verbose=0)
    for ours, theirs in zip(networks.keras_model(trained).weights, reference.weights, strict=True):
        np.testing.assert_allclose(ours.value, theirs.value, atol=1e-5)
    np.testing.assert_allclose(
        predict(trained, prepared)[:, 1], reference.predict(inputs, verbose=0)[:, 0], atol=1e-5
    )


def test_folds_trained_together_are_each_what_they_are_alone(made_up) -> None:
    data = made_up(300)
    prepared, (target, answers) = data.prepared(), data.answers("regression")
    parts = []
    for fold in range(3):
        held_out = np.arange(300) % 3 == fold
        inside, outside = np.flatnonzero(~held_out)[: 190 + fold], np.flatnonzero(held_out)
        parts.append(
            Part(
                training=prepared.take(inside),
                answers=answers[inside],
                validation=prepared.take(outside),
                validation_answers=answers[outside],
            )
        )
    recipe = network(max_epochs=8, patience=2, dropout=0.2)
    together = train_parts(recipe, target, parts)
    for part, member in zip(parts, together, strict=True):
        (alone,) = train_parts(recipe, target, [part])
        assert alone.best_epochs == member.best_epochs
        np.testing.assert_allclose(
            predict(alone, part.validation), predict(member, part.validation), rtol=1e-4, atol=1e-4
        )


def test_models_of_one_architecture_share_a_program_but_no_weights(made_up) -> None:
    data = made_up(150)
    prepared, (target, answers) = data.prepared(), data.answers("binary")
    first = train(network(epochs=2, learning_rate=0.01), target, prepared, answers)
    programs = len(shared._recent)
    before = predict(first, prepared)
    part = prepared.take(np.arange(140))
    second = train(network(epochs=2, learning_rate=0.1), target, part, answers[:140])
    assert len(shared._recent) == programs
    np.testing.assert_array_equal(predict(first, prepared), before)
    assert not np.allclose(predict(second, prepared), before)


def test_padding_and_empty_texts_do_not_count(made_up) -> None:
    data = made_up(60)
    prepared, (target, answers) = data.prepared(), data.answers("binary")
    trained = train(network(epochs=1), target, prepared, answers)
    model = networks.keras_model(trained)
    words = keras.Model(model.inputs, model.get_layer("mean_0").output)
    means = words.predict(networks.network_inputs(prepared), verbose=0)
    table = np.asarray(model.get_layer("words_0").embeddings.value)
    for row in (0, 5):  # row 0 has no text
        ids = prepared.tokens[row, 0][prepared.tokens[row, 0] > 0]
        expected = table[ids].mean(axis=0) if len(ids) else np.zeros(8)
        np.testing.assert_allclose(means[row], expected, atol=1e-6)


@pytest.mark.parametrize("kept", ["number", "text"])
def test_one_kind_of_column_is_enough(made_up, kept) -> None:
    data = made_up(80)
    target, answers = data.answers("binary")
    plan = replace(data.plan, columns=tuple(c for c in data.plan.columns if c.treatment == kept))
    part = prepare_rows(fit_preparation(plan, data.columns, data.rows), data.columns, data.rows)
    trained = train(network(epochs=1), target, part, answers)
    assert np.isfinite(predict(trained, part)).all()


def test_a_diverging_training_is_a_model_error(made_up) -> None:
    data = made_up(100)
    target, answers = data.answers("regression")
    with pytest.raises(ModelError, match="diverged"):
        train(network(learning_rate=1e30, epochs=5, layers=3), target, data.prepared(), answers)


def test_an_expired_budget_leaves_one_epoch(made_up) -> None:
    target, (training, answers), held_out = halves(made_up(200), "binary")
    with budget(0):
        trained = train(network(), target, training, answers, validation=held_out)
    assert trained.best_epochs == 1
    assert np.isfinite(predict(trained, training)).all()


def test_embedding_sizes_follow_their_rules() -> None:
    assert [category_units(size) for size in (3, 10, 1000)] == [3, 6, 50]
    assert [table_rows(size) for size in (3, 32, 33, 1000, 20_000)] == [32, 32, 128, 1024, 20_480]
    assert all(size <= table_rows(size) for size in range(2, 5000))
    assert all(table_rows(size) <= 1.125 * size + 1 for size in range(1025, 5000))


SAME_WEIGHTS = """
import sys, hashlib
sys.path.insert(0, {folder!r})
from conftest import MadeUp
from modelwright.engine.training import train, train_parts
from modelwright.records import Recipe, decode
data = MadeUp(150)
target, answers = data.answers("binary")
choices = {{"epochs": 2, "units": 8, "dropout": 0.2}}
trained = train(Recipe(family="network", name="n", choices=choices, seed=5), target, data.prepared(), answers)
print(hashlib.sha256(b"".join(a.tobytes() for _, a in sorted(trained.arrays.items()))).hexdigest())
"""


@pytest.mark.slow
def test_two_processes_train_the_same_weights() -> None:
    program = SAME_WEIGHTS.format(folder=str(Path(__file__).parent))
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, env=os.environ | {"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    digests = [process.communicate(timeout=120)[0] for process in started]
    assert len(digests[0].strip()) == 64
    assert digests[0] == digests[1]
