from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from modelwright.engine.budget import budget
from modelwright.engine.keras_backend import keras
from modelwright.engine.population import Step, train_population
from modelwright.engine.population.memory import bytes_per_member, members_that_fit
from modelwright.engine.population.shared import _recent as recent_programs
from modelwright.errors import ModelError

layers = keras.layers
ROWS = np.random.default_rng(0).normal(size=(300, 5)).astype("float32")
TARGETS = ROWS.sum(axis=1)


def build(units: int = 8):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(units, activation="relu"), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model


def membership(members: int) -> np.ndarray:
    table = np.ones((members, 300), dtype=np.int8)
    table[:, 250:] = 2
    return table


def test_little_memory_makes_small_stacks_and_the_same_numbers() -> None:
    wanted = {"membership": membership(5), "seeds": range(5), "epochs": 2}
    whole = train_population(build, ROWS, TARGETS, **wanted)
    little = train_population(build, ROWS, TARGETS, **wanted, max_bytes=1)
    for member in range(5):
        for one, other in zip(whole.weights(member), little.weights(member), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def deep(units: int):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(units), layers.Dense(units), layers.Dense(1)])
    model.compile(optimizer="rmsprop", loss="mse")
    return model


def test_members_of_many_sizes_come_out_as_each_does_by_itself() -> None:
    """The largest (a product of 320 x 320 is trained alone) is made ready last and trained first."""
    sizes, table = (320, 4, 320, 8), membership(1)
    wanted = [{"units": units} for units in sizes]
    together = train_population(
        deep, ROWS, TARGETS, membership=table, choices=wanted, seeds=range(4), epochs=2
    )
    for place, units in enumerate(sizes):
        alone = train_population(
            deep, ROWS, TARGETS, membership=table, choices=[{"units": units}], seeds=[place], epochs=2
        )
        np.testing.assert_allclose(together.curves["val_loss"][place], alone.curves["val_loss"][0], rtol=1e-5)


def test_the_model_that_lends_its_structure_keeps_no_numbers() -> None:
    train_population(deep, ROWS, TARGETS, membership=membership(1), choices=[{"units": 24}], epochs=1)
    model = list(recent_programs.values())[-1].program.model
    variables = [*model.trainable_variables, *model.optimizer.variables]
    assert sum(variable.value.size for variable in variables) > 1_400
    assert sum(max(variable.value.strides, default=0) for variable in variables) == 0


def test_wider_models_and_larger_batches_take_more_memory() -> None:
    small, wide = build(8), build(800)
    for model in (small, wide):
        model.optimizer.build(model.trainable_variables)
    assert bytes_per_member(wide, 32, "vmap") > 20 * bytes_per_member(small, 32, "vmap")
    assert bytes_per_member(small, 3200, "vmap") > 20 * bytes_per_member(small, 32, "vmap")


def test_an_ended_budget_stops_every_member_after_what_it_began() -> None:
    with budget(0):
        found = train_population(build, ROWS, TARGETS, membership=membership(3), seeds=range(3), epochs=500)
    assert found.epochs.tolist() == [1, 1, 1]
    assert np.isfinite(found.curves["val_loss"][:, 0]).all()
    assert np.isnan(found.curves["val_loss"][:, 1:]).all()


def test_the_listener_hears_of_every_members_every_epoch() -> None:
    heard: list[Step] = []
    train_population(
        build, ROWS, TARGETS, membership=membership(4), seeds=range(4), epochs=3, listener=heard.append
    )
    assert [step.total for step in heard] == [12] * len(heard)
    assert heard[-1].epochs == 12
    assert all(np.isfinite(step.loss) for step in heard)


def test_a_member_is_exported_as_a_keras_file(tmp_path: Path) -> None:
    found = train_population(build, ROWS, TARGETS, membership=membership(1), epochs=2)
    found.save(0, tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(ROWS, verbose=0), found.predict(0, ROWS))


def test_the_callers_randomness_is_left_alone() -> None:
    np.random.seed(3)
    expected = np.random.RandomState(3).uniform()
    train_population(build, ROWS, TARGETS, membership=membership(2), seeds=(0, 1), epochs=1)
    assert np.random.uniform() == expected


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seeds": (0, 1)}, "3 membership, 1 choices, 2 seeds"),
        ({"membership": np.ones((1, 299), np.int8)}, "300 rows"),
        ({"membership": np.zeros((1, 300), np.int8)}, "0 training"),
        ({"membership": np.ones((1, 300), np.int8), "patience": 2}, "0 validation"),
    ],
)
def test_arguments_that_do_not_fit_are_told_with_what_was_received(wrong, said) -> None:
    with pytest.raises(ModelError) as caught:
        train_population(build, ROWS, TARGETS, **({"membership": membership(3), "epochs": 1} | wrong))
    assert said in caught.value.received


@pytest.mark.parametrize("returned", ["no model", keras.Sequential([keras.Input((5,)), layers.Dense(1)])])
def test_what_is_no_compiled_model_is_refused(returned) -> None:
    with pytest.raises(ModelError, match="compiled"):
        train_population(lambda: returned, ROWS, TARGETS, membership=membership(1), epochs=1)


def resident_bytes() -> int:
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say how much is used")
def test_memory_is_flat_over_many_configurations() -> None:  # 200 of them: benchmarks/engine.py memory
    table = membership(2)
    used = []
    for number in range(40):
        train_population(
            build, ROWS, TARGETS, membership=table, choices=({"units": 4 + number},), seeds=(0, 1), epochs=1
        )
        used.append(resident_bytes())
    assert used[-1] <= 1.15 * used[9], f"{used[9] / 1e6:.0f} MB after 10, {used[-1] / 1e6:.0f} MB after 40"


def test_memory_given_decides_how_many_members_fit() -> None:
    class Asked:
        max_bytes = 10_000_000
        batch_size = 32

    model = build()
    model.optimizer.build(model.trainable_variables)
    one = bytes_per_member(model, 32, "vmap")
    assert members_that_fit(model, Asked(), "vmap", stacks=2) == int(5_000_000 / one)  # type: ignore[arg-type]
