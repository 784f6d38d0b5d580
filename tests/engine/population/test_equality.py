"""A member of a population is the model that `keras.Model.fit` makes: the engine's claim, case by case.

The reference is plain Keras, one model at a time, same seeds. "Within 1e-5 relative" means:

* losses and metrics: every epoch's value differs by at most 1e-5 of itself;
* weights: in every weight array the largest difference between two entries is at most 1e-5 of the array's
  largest entry, or of LEAST_SCALE where all entries are smaller: biases begin at exactly zero and are, after
  a few steps, as small as the rounding of the sums they take part in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population import Bags, Population, train_population

# Keras 3.15's own get_weights, which EarlyStopping calls too.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

RELATIVE = 1e-5
LEAST_SCALE = 1e-2

layers, regularizers, optimizers = keras.layers, keras.regularizers, keras.optimizers


@dataclass(frozen=True, kw_only=True)
class Case:
    """A population, and what each of its members is given where it is trained alone.

    Args:
        seeds: 1, 2, 3 ... where not given.
        told_as: the inputs as the population takes them, where a lone model takes others (Bags, say).
        may_fall_back: the engine may honestly train these with `Model.fit`.
    """

    build: Callable[..., Any]
    inputs: Any
    targets: Any
    membership: Any
    choices: tuple[Mapping[str, Any], ...] = ({},)
    seeds: tuple[int, ...] = ()
    epochs: int = 3
    batch_size: int = 16
    sample_weight: Any = None
    class_weight: Mapping[int, float] | None = None
    patience: int | None = None
    callbacks: tuple[Any, ...] = ()
    told_as: Any = None
    may_fall_back: bool = False

    @property
    def all_seeds(self) -> tuple[int, ...]:
        return self.seeds or tuple(range(1, 1 + len(self.membership)))

    def of(self, member: int) -> tuple[Mapping[str, Any], int]:
        """The member's choices and seed: its own, or the one for all."""
        return self.choices[member % len(self.choices)], self.all_seeds[member % len(self.all_seeds)]


@dataclass(frozen=True, kw_only=True)
class Alone:
    """What `keras.Model.fit` left of one model."""

    history: dict[str, list[float]]
    best_epoch: int
    weights: list[Any]

    @property
    def epochs(self) -> int:
        return len(self.history["loss"])


def rows_of(structure: Any, rows: Any) -> Any:
    return keras.tree.map_structure(lambda array: array[rows], structure)


def fit_alone(case: Case, member: int) -> Alone:
    """The reference: what a Keras user would type; compiled in a hurry, for it runs but once."""
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        return _fit_alone(case, member)
    finally:
        jax.config.update("jax_disable_most_optimizations", False)


def _fit_alone(case: Case, member: int) -> Alone:
    choices, seed = case.of(member)
    training, validation = case.membership[member] == 1, case.membership[member] == 2
    weight = case.sample_weight
    held_out = (rows_of(case.inputs, validation), rows_of(case.targets, validation))
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=case.patience or 0, restore_best_weights=True
    )
    keras.utils.clear_session(
        free_memory=False
    )  # so that a second model's metric is "auc" too, and not "auc_1"
    keras.utils.set_random_seed(seed)
    model = case.build(**choices)
    told = model.fit(
        rows_of(case.inputs, training),
        rows_of(case.targets, training),
        sample_weight=None if weight is None else weight[training],
        class_weight=case.class_weight,
        validation_data=(held_out if weight is None else (*held_out, weight[validation]))
        if validation.any()
        else None,
        epochs=case.epochs,
        batch_size=case.batch_size,
        callbacks=[*case.callbacks, *([] if case.patience is None else [stopping])],
        verbose=0,
    )
    best = len(told.epoch) if case.patience is None else stopping.best_epoch + 1
    return Alone(history=told.history, best_epoch=best, weights=model.get_weights())


def trained_together(case: Case) -> Population:
    return train_population(
        case.build,
        case.inputs if case.told_as is None else case.told_as,
        case.targets,
        membership=case.membership,
        choices=case.choices,
        seeds=case.all_seeds,
        epochs=case.epochs,
        batch_size=case.batch_size,
        sample_weight=case.sample_weight,
        class_weight=case.class_weight,
        patience=case.patience,
        callbacks=case.callbacks,
    )


def fell_back(population: Population) -> bool:
    return any("one by one with fit" in note for note in population.notes)


def weights_differ_by(alone: Alone, weights: list[Any]) -> float:
    """The largest difference between two weights, as a share of the largest of its array."""
    assert [np.shape(part) for part in weights] == [part.shape for part in alone.weights]
    return max(
        float(np.abs(np.asarray(mine) - theirs).max() / max(LEAST_SCALE, np.abs(theirs).max()))
        for mine, theirs in zip(weights, alone.weights, strict=True)
    )


def assert_equals_alone(
    alone: Alone, population: Population, member: int, *, relative: float = RELATIVE
) -> None:
    """Every loss and metric Keras reports, of every epoch and no epoch more, and every weight."""
    assert population.epochs[member] == alone.epochs
    for name, theirs in alone.history.items():
        assert name in population.curves, f"no curve {name!r} among {sorted(population.curves)}"
        mine = np.asarray(population.curves[name][member])
        what = f"{name} of member {member}"
        np.testing.assert_allclose(mine[: alone.epochs], theirs, rtol=relative, err_msg=what)
        assert np.isnan(mine[alone.epochs :]).all(), f"{what} goes on after its last epoch"
    difference = weights_differ_by(alone, population.weights(member))
    assert difference <= relative, f"weights of member {member} differ by {difference:.1e}"


# ---------------------------------------------------------------------------------------------- the data

RANDOM = np.random.default_rng(20)
ROWS = 72
NUMBERS = RANDOM.normal(size=(ROWS, 6)).astype("float32")
SCORE = NUMBERS @ RANDOM.normal(size=6) + RANDOM.normal(0, 0.5, ROWS)
YES = (SCORE > 0).astype("float32")
KIND = np.digitize(SCORE, [-1.0, 1.0]).astype("int64")
PRICE = SCORE.astype("float32")
WORDS = RANDOM.integers(1, 40, size=(ROWS, 9)).astype("int32")
WORDS[RANDOM.random(WORDS.shape) < 0.3] = 0  # nothing there
HELD = np.zeros((ROWS, 40), dtype="float32")  # which words each row holds; the first row holds none
HELD[np.arange(1, ROWS)[:, None], WORDS[1:]] = 1.0
WEIGHT = RANDOM.uniform(0.2, 2.0, ROWS).astype("float32")
WEIGHT[:3] = 0.0
PICTURES = (RANDOM.uniform(0, 255, size=(ROWS, 8, 8, 1)) * (1 + KIND[:, None, None, None]) / 3).astype(
    "uint8"
)


def folds(*sizes: tuple[int, int]) -> Any:
    """Members that train on so many rows and validate on so many others, drawn for each."""
    membership = np.zeros((len(sizes), ROWS), dtype=np.int8)
    for member, (training, validation) in enumerate(sizes):
        order = np.random.default_rng(member).permutation(ROWS)
        membership[member, order[:training]] = 1
        membership[member, order[training : training + validation]] = 2
    return membership


FULL = folds((48, 24), (48, 24))  # three full batches of 16; 24 = one full batch and a half
PARTIAL = folds((53, 19), (53, 19))  # the last batches hold 5 and 3 rows
UNEQUAL = folds((48, 24), (37, 16))  # last batches of 16 and 5 rows in training, of 8 and 16 in validation
ODD = folds((48, 24), (37, 16), (49, 20), (11, 1))  # a last batch of a single row; less than one batch in all


# -------------------------------------------------------------------------------------------- the models


def compiled(model: Any, loss: Any = "binary_crossentropy", **more: Any) -> Any:
    model.compile(**({"optimizer": optimizers.RMSprop(0.005), "loss": loss} | more))
    return model


def stacked(*hidden: Any, last: Any = None) -> Any:
    return keras.Sequential([keras.Input((6,)), *hidden, last or layers.Dense(1, activation="sigmoid")])


def dense(units: int = 8, loss: Any = "binary_crossentropy", **more: Any) -> Any:
    return compiled(stacked(layers.Dense(units, activation="relu")), loss, **more)


def normalised() -> Any:
    """Without a bias, which BatchNormalization takes out again: its gradient is nothing but rounding, RMSprop
    makes whole steps of it, and two compilations of fit itself disagree about it.
    """
    return compiled(
        stacked(
            layers.Dense(8, use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.Activation("relu"),
        ),
        metrics=["accuracy"],
    )


def dropping(rate: float = 0.4) -> Any:
    return compiled(stacked(layers.Dense(12, activation="relu"), layers.Dropout(rate)))


def penalised(penalty: Any, bias: Any = None) -> Any:
    """With the data loss as a metric, to hold `data_loss` to."""
    hidden = layers.Dense(8, activation="relu", kernel_regularizer=penalty, bias_regularizer=bias)
    return compiled(stacked(hidden), metrics=["binary_crossentropy"])


def mixed(learning_rate: float, l2: float, rate: float) -> Any:
    hidden = (
        layers.Dense(12, activation="relu", kernel_regularizer=regularizers.L2(l2)),
        layers.Dropout(rate),
        layers.Dense(6, activation="relu", kernel_regularizer=regularizers.L1(l2 / 10)),
        layers.Dropout(rate / 2),
    )
    return compiled(stacked(*hidden), optimizer=optimizers.RMSprop(learning_rate), metrics=["accuracy"])


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.02),
    "sgd": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True, global_clipnorm=0.3),
}


def optimised(optimizer: str) -> Any:
    return dense(optimizer=OPTIMIZERS[optimizer]())


def averaged() -> Any:
    """Keras puts the running average of the weights in their place when fit ends."""
    return dense(optimizer=optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9))


def scheduled(first: float) -> Any:
    schedule = optimizers.schedules.ExponentialDecay(first, decay_steps=4, decay_rate=0.7)
    return dense(optimizer=optimizers.Adam(schedule))


def two_inputs() -> Any:
    numbers, words = keras.Input((6,), name="numbers"), keras.Input((9,), dtype="int32", name="words")
    read = layers.GlobalAveragePooling1D()(layers.Embedding(40, 4)(words))
    joined = layers.Dense(8, activation="relu")(layers.Concatenate()([numbers, read]))
    return compiled(keras.Model([numbers, words], layers.Dense(1, activation="sigmoid")(joined)))


def two_outputs() -> Any:
    numbers = keras.Input((6,), name="numbers")
    hidden = layers.Dense(8, activation="relu")(numbers)
    outputs = {
        "price": layers.Dense(1, name="price")(hidden),
        "kind": layers.Dense(3, activation="softmax", name="kind")(hidden),
    }
    return compiled(
        keras.Model(numbers, outputs),
        {"price": "mse", "kind": "sparse_categorical_crossentropy"},
        loss_weights={"price": 0.3, "kind": 2.0},
        metrics={"price": ["mae"], "kind": ["accuracy"]},
    )


class Gated(keras.Model):
    """As a user would subclass it: no shape is known before the first rows."""

    def __init__(self, sharpness: float) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.gate, self.hidden = layers.Dense(6, activation="sigmoid"), layers.Dense(6, activation="tanh")
        self.last = layers.Dense(1, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        return self.last(self.gate(self.sharpness * inputs) * self.hidden(inputs))


def subclassed(sharpness: float = 1.0) -> Any:
    return compiled(Gated(sharpness))


def convnet(kind: str) -> Any:
    pool = {
        "pooled": [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(2)],
        "strided": [
            layers.Conv2D(4, 3, padding="same", strides=2, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.SeparableConv2D(4, 3),
            layers.AveragePooling2D(2),
        ],
    }[kind]
    stack = [keras.Input((8, 8, 1)), layers.Rescaling(1 / 255), *pool, layers.Flatten()]
    model = keras.Sequential([*stack, layers.Dense(3, activation="softmax")])
    return compiled(model, "sparse_categorical_crossentropy", metrics=["accuracy"])


def reading(blank: bool) -> Any:
    """Token ids; where 0 is blank, Keras's mask leaves it out of the mean. Without one, see `two_inputs`."""
    stack = [
        keras.Input((9,), dtype="int32"),
        layers.Embedding(40, 6, mask_zero=blank),
        layers.GlobalAveragePooling1D(),
    ]
    return compiled(keras.Sequential([*stack, layers.Dense(1, activation="sigmoid")]))


def bagged(l2: float) -> Any:
    first = layers.Dense(6, activation="relu", kernel_regularizer=regularizers.L2(l2))
    model = keras.Sequential([keras.Input((40,)), first, layers.Dense(1, activation="sigmoid")])
    return compiled(model, metrics=["accuracy"])


def ranked() -> Any:
    return dense(metrics=[keras.metrics.AUC(num_thresholds=50)])


def lopsided(targets: Any, outputs: Any) -> Any:
    """A loss of each row: too low costs three times as much as too high."""
    error = targets - outputs
    return keras.ops.mean(keras.ops.where(error > 0, 3.0 * error, -error), axis=-1)


def within_one(targets: Any, outputs: Any) -> Any:
    return keras.ops.mean(keras.ops.cast(keras.ops.abs(targets - outputs) < 1.0, "float32"), axis=-1)


class MeanBias(keras.metrics.Metric):
    """A metric with a state of its own."""

    def __init__(self) -> None:
        super().__init__(name="mean_bias")
        self.total = self.add_weight(name="total", initializer="zeros")
        self.rows = self.add_weight(name="rows", initializer="zeros")

    def update_state(self, targets: Any, outputs: Any, sample_weight: Any = None) -> None:
        errors = keras.ops.reshape(outputs, (-1,)) - keras.ops.reshape(targets, (-1,))
        weights = keras.ops.ones_like(errors) if sample_weight is None else sample_weight
        self.total.assign_add(keras.ops.sum(errors * weights))
        self.rows.assign_add(keras.ops.sum(weights))

    def result(self) -> Any:
        return self.total / self.rows


def custom() -> Any:
    model = stacked(layers.Dense(8, activation="relu"), last=layers.Dense(1))
    return compiled(model, lopsided, metrics=[within_one, MeanBias(), "mae"])


def spread_too(targets: Any, outputs: Any) -> Any:
    """One number a batch: no row has a loss of its own, so a batch cannot be padded."""
    error = targets - outputs
    return keras.ops.mean(keras.ops.square(error)) + keras.ops.abs(keras.ops.std(error) - 1.0)


def whole_batch() -> Any:
    return compiled(stacked(layers.Dense(8, activation="relu"), last=layers.Dense(1)), spread_too)


def summed() -> Any:
    loss = keras.losses.BinaryCrossentropy(reduction="sum")
    return dense(loss=loss, optimizer=optimizers.SGD(0.01))


def active() -> Any:
    """A penalty on what a layer puts out, not on its weights."""
    return compiled(stacked(layers.Dense(8, activation="relu", activity_regularizer=regularizers.L2(0.05))))


# What a configuration does not tell: members alike in every written number, and yet not one program.


def scaled_by(factor: float) -> Any:
    def scaled(inputs: Any) -> Any:
        return keras.ops.tanh(factor * inputs)

    return compiled(stacked(layers.Dense(8, activation=scaled)))


def costing(power: float) -> Any:
    def cost(targets: Any, outputs: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(targets - outputs) ** power, axis=-1)

    return dense(loss=cost)


def adapted(rows: int) -> Any:
    """Means and variances of its own rows, as constants: Keras writes them nowhere in the configuration."""
    normalisation = layers.Normalization()
    normalisation.adapt(NUMBERS[:rows])
    return compiled(stacked(normalisation, layers.Dense(8, activation="relu")))


def weighing(table: Any) -> Any:
    """A long array among the choices, which prints the same however it differs inside."""

    def cost(targets: Any, outputs: Any) -> Any:
        return keras.ops.mean(keras.ops.square(targets - outputs) * float(table[600]), axis=-1)

    return dense(loss=cost)


def varied(
    activation: str = "relu", loss: str = "binary_crossentropy", momentum: float = 0.9, frozen: bool = False
) -> Any:
    hidden = layers.Dense(8, activation=activation, trainable=not frozen)
    return compiled(stacked(hidden), loss, optimizer=optimizers.SGD(0.05, momentum=momentum))


def long_table(value: float) -> Any:
    table = np.zeros(2000)
    table[600] = value
    return table


# --------------------------------------------------------------------------------------------- the cases

binary = partial(Case, inputs=NUMBERS, targets=YES)
priced = partial(Case, inputs=NUMBERS, targets=PRICE)
tables = ({"table": long_table(1.0)}, {"table": long_table(5.0)})

CASES: dict[str, Case] = {
    "dense": binary(build=dense, membership=FULL, inputs=NUMBERS.astype("float64")),
    "partial batch": binary(build=dense, membership=PARTIAL),
    "unequal folds": binary(build=partial(dense, metrics=["accuracy"]), membership=ODD),
    "BatchNormalization": binary(build=normalised, membership=UNEQUAL),
    "dropout": binary(build=dropping, membership=UNEQUAL),
    "no validation rows": binary(build=dense, membership=folds((53, 0), (53, 0))),
    "L1, L2 and L1L2": binary(
        build=penalised,
        targets=YES[:, None],
        membership=PARTIAL[[0, 1, 0, 1]],
        choices=(
            {"penalty": regularizers.L1(0.01)},
            {"penalty": regularizers.L2(0.02)},
            {"penalty": regularizers.L1L2(0.003, 0.01), "bias": regularizers.L2(0.5)},
            {"penalty": None},
        ),
    ),
    "learning rates, L2, dropout and seeds in one": binary(
        build=mixed,
        membership=PARTIAL[[0, 1, 0]],
        choices=(
            {"learning_rate": 0.001, "l2": 0.0, "rate": 0.25},
            {"learning_rate": 0.01, "l2": 0.01, "rate": 0.0},
            {"learning_rate": 0.003, "l2": 0.1, "rate": 0.5},
        ),
        seeds=(1, 2, 1),
    ),
    "sample weights": binary(
        build=partial(dense, metrics=["accuracy"], weighted_metrics=["mse"]),
        targets=YES[:, None],
        membership=UNEQUAL,
        sample_weight=WEIGHT,
    ),
    "class weights": binary(build=dense, membership=UNEQUAL, class_weight={0: 0.5, 1: 3.0}),
    "optimizers": binary(
        build=optimised,
        membership=PARTIAL[[0] * len(OPTIMIZERS)],
        choices=tuple({"optimizer": name} for name in OPTIMIZERS),
    ),
    "averaged weights": binary(build=averaged, membership=PARTIAL, may_fall_back=True),
    "learning-rate schedule": binary(build=scheduled, membership=PARTIAL, choices=({"first": 0.03},)),
    "two schedules": binary(build=scheduled, membership=PARTIAL, choices=({"first": 0.01}, {"first": 0.04})),
    "two inputs": binary(
        build=two_inputs, membership=UNEQUAL, inputs={"numbers": NUMBERS, "words": WORDS}, seeds=(1,)
    ),
    "two outputs": binary(build=two_outputs, membership=UNEQUAL, targets={"price": PRICE, "kind": KIND}),
    "subclassed": binary(build=subclassed, membership=PARTIAL),
    "subclassed, one attribute apart": binary(
        build=subclassed, membership=PARTIAL, choices=({"sharpness": 1.0}, {"sharpness": 3.0})
    ),
    "convnet": Case(
        build=convnet,
        inputs=PICTURES,
        targets=KIND,
        membership=PARTIAL,
        choices=({"kind": "pooled"},),
    ),
    "another convnet": Case(
        build=convnet, inputs=PICTURES, targets=KIND, membership=UNEQUAL, choices=({"kind": "strided"},)
    ),
    "token ids": binary(build=reading, membership=PARTIAL, inputs=WORDS, choices=({"blank": True},)),
    "custom loss and metrics": priced(build=custom, membership=UNEQUAL),
    "bags of words": binary(
        build=bagged,
        membership=UNEQUAL,
        inputs=HELD,
        told_as=Bags.of_tokens([np.flatnonzero(row) for row in HELD], width=40),
        choices=({"l2": 0.0}, {"l2": 0.01}),
    ),
    "AUC": binary(build=ranked, membership=UNEQUAL),
    "summed loss": binary(build=summed, membership=UNEQUAL),
    "activity regulariser": binary(build=active, membership=UNEQUAL, may_fall_back=True),
    "loss of a whole batch": priced(build=whole_batch, membership=UNEQUAL, may_fall_back=True),
    "differences that are no lifted number": binary(
        build=varied,
        membership=PARTIAL[[0] * 5],
        choices=({}, {"activation": "tanh"}, {"loss": "mse"}, {"momentum": 0.5}, {"frozen": True}),
    ),
    "activations of one name": binary(
        build=scaled_by, membership=PARTIAL, choices=({"factor": 1.0}, {"factor": 3.0})
    ),
    "losses of one name": priced(build=costing, membership=PARTIAL, choices=({"power": 1.0}, {"power": 2.0})),
    "normalisations adapted to other rows": binary(
        build=adapted, membership=PARTIAL, choices=({"rows": 72}, {"rows": 5})
    ),
    "choices that print alike": priced(build=weighing, membership=PARTIAL, choices=tables),
}


# What `make test` leaves to `make test-all`.
SLOW = (
    "averaged weights",
    "two schedules",
    "subclassed, one attribute apart",
    "another convnet",
    "summed loss",
    "activity regulariser",
    "loss of a whole batch",
    "losses of one name",
    "differences that are no lifted number",
)


@cache
def references(name: str) -> list[Alone]:
    return [fit_alone(CASES[name], member) for member in range(len(CASES[name].membership))]


@cache
def trained(name: str) -> Population:
    return trained_together(CASES[name])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES]
)
def test_every_member_equals_its_own_fit(name: str, forbid_fit: Callable[[], None]) -> None:
    alone = references(name)
    if not CASES[name].may_fall_back:
        forbid_fit()
    population = trained(name)
    for member, reference in enumerate(alone):
        assert_equals_alone(reference, population, member)
    assert not population.diverged.any()
    assert CASES[name].may_fall_back or not fell_back(population)


def test_the_data_loss_is_the_loss_without_the_penalty() -> None:
    curves = trained("L1, L2 and L1L2").curves
    for part in ("", "val_"):
        loss, data_loss = curves[part + "loss"], curves[part + "data_loss"]
        np.testing.assert_allclose(data_loss, curves[part + "binary_crossentropy"], rtol=RELATIVE)
        assert (loss[:3] > data_loss[:3] * 1.01).all()  # three members carry a penalty worth seeing
        np.testing.assert_allclose(loss[3], data_loss[3], rtol=RELATIVE)


# ----------------------------------------------------------------- stopping, diverging and falling back


def overfitting(learning_rate: float) -> Any:
    hidden = (layers.Dense(16, activation="relu"), layers.BatchNormalization(momentum=0.5))
    return compiled(stacked(*hidden), optimizer=optimizers.RMSprop(learning_rate), metrics=["accuracy"])


STOPPING = binary(
    build=overfitting,
    membership=folds((48, 24), (37, 16), (53, 8))[[0, 1, 2, 2]],
    choices=tuple({"learning_rate": rate} for rate in (0.1, 0.03, 0.01, 0.003)),
    seeds=(4,),
    epochs=12,
    patience=2,
)


@cache
def stopped_references() -> list[Alone]:
    return [fit_alone(STOPPING, member) for member in range(4)]


def test_members_stop_where_early_stopping_stops_them_and_get_their_best_weights_back(
    forbid_fit: Callable[[], None],
) -> None:
    alone = stopped_references()
    forbid_fit()
    population = trained_together(STOPPING)
    epochs = [one.epochs for one in alone]
    assert len(set(epochs)) > 2, f"the reference should stop at several epochs: {epochs}"
    assert max(epochs) == STOPPING.epochs, f"one reference should never stop: {epochs}"
    assert population.epochs.tolist() == epochs
    assert population.best_epochs.tolist() == [one.best_epoch for one in alone]
    for member, reference in enumerate(alone):
        assert_equals_alone(reference, population, member)


def regression(learning_rate: float) -> Any:
    model = stacked(layers.Dense(8, activation="relu"), last=layers.Dense(1))
    return compiled(model, "mse", optimizer=optimizers.SGD(learning_rate))


@pytest.mark.parametrize("patience", [None, 2])
def test_a_member_that_diverges_is_marked_and_harms_no_other(
    patience: int | None, forbid_fit: Callable[[], None]
) -> None:
    rates = ({"learning_rate": 0.01}, {"learning_rate": 1e30}, {"learning_rate": 0.02})
    case = priced(
        build=regression,
        membership=PARTIAL[[0, 0, 1]],
        choices=rates,
        epochs=4,
        patience=patience,
    )
    sound = {member: fit_alone(case, member) for member in (0, 2)}
    assert not np.isfinite(fit_alone(case, 1).history["loss"][-1])
    forbid_fit()
    population = trained_together(case)
    assert population.diverged.tolist() == [False, True, False]
    for member, alone in sound.items():
        assert_equals_alone(alone, population, member)


class Doubling(keras.Sequential):
    """A train_step of the user's own, which learns every batch twice."""

    def train_step(self, state: Any, data: Any) -> Any:
        _, state = super().train_step(state, data)
        return super().train_step(state, data)


def doubling() -> Any:
    return compiled(Doubling([keras.Input((6,)), layers.Dense(1, activation="sigmoid")]))


def test_a_custom_train_step_is_trained_by_fit_and_said_so() -> None:
    case = binary(build=doubling, membership=PARTIAL)
    population = trained_together(case)
    assert fell_back(population), population.notes
    for member in range(2):
        assert_equals_alone(fit_alone(case, member), population, member)


def test_callbacks_are_obeyed_by_fit_and_said_so() -> None:
    falling = keras.callbacks.LearningRateScheduler(lambda epoch: 0.02 / (1 + epoch))
    case = binary(build=dense, membership=PARTIAL, callbacks=(falling,))
    population = trained_together(case)
    assert fell_back(population), population.notes
    for member in range(2):
        assert_equals_alone(fit_alone(case, member), population, member)


def test_stopping_early_works_where_fit_does_the_training() -> None:
    case = replace(STOPPING, callbacks=(keras.callbacks.Callback(),))
    population = trained_together(case)
    assert fell_back(population)
    assert population.best_epochs.tolist() == [one.best_epoch for one in stopped_references()]
    for member, reference in enumerate(stopped_references()):
        assert_equals_alone(reference, population, member)


# ------------------------------------------------------------------------------------ what is handed back


@pytest.mark.parametrize("name", ["BatchNormalization", "two outputs", "bags of words", "subclassed"])
def test_a_members_model_predicts_what_its_own_fit_predicts(name: str) -> None:
    case = CASES[name]
    plain = case.build(**case.of(1)[0])
    plain.predict(
        rows_of(case.inputs, [0]), verbose=0
    )  # a subclassed model has no weights before its first rows
    plain.set_weights(references(name)[1].weights)
    theirs = plain.predict(case.inputs, verbose=0)
    told = case.inputs if case.told_as is None else case.told_as
    for mine in (trained(name).model(1).predict(case.inputs, verbose=0), trained(name).predict(1, told)):
        keras.tree.map_structure(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6), mine, theirs)


def test_the_comparison_tells_two_seeds_apart() -> None:
    case = CASES["dense"]
    first, second = fit_alone(case, 0), fit_alone(replace(case, seeds=(3, 3)), 0)
    assert weights_differ_by(first, first.weights) == 0.0
    assert weights_differ_by(first, second.weights) > 100 * RELATIVE
