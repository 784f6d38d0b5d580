"""The network contenders, built-in and yours: trained, answered with, and rebuilt from their weights."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from modelwright.engine import yours
from modelwright.engine.choices import read_choices
from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.keras_fitting import Fit, Schedule, fit
from modelwright.engine.keras_program import Program, State, answers_of, state_of
from modelwright.engine.last_layer import RegressionLoss, last_layer, loss_answers
from modelwright.engine.network_architecture import Architecture, build_network, network_inputs, table_rows
from modelwright.engine.target import Target, probabilities, standardise
from modelwright.engine.trained import Trained
from modelwright.errors import ModelError
from modelwright.records import Recipe, decode, encode, record

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared

# Compiled programs kept, about 9 MB each (measured); a study moves on and rarely comes back.
MAX_PROGRAMS = 6
# Programs dropped before JAX is told to forget what it compiled; forgetting costs the others a recompile.
DROPS_BEFORE_CLEARING = 24

_programs: OrderedDict[bytes, Program] = OrderedDict()
_dropped = 0
_live: WeakKeyDictionary[Trained, tuple[Program, State]] = WeakKeyDictionary()


@record
class NetworkChoices:
    """What may be chosen.

    Args:
        layers, units: of the dense stack; 0 layers make a linear model.
        embedding_units: of each word.
        dropout: share of a dense layer's outputs dropped in training. l1, l2: penalties on its kernel.
        max_epochs: at most so many, where validation rows tell when to stop.
        epochs: exactly so many, where there are no validation rows.
        patience: epochs without improvement before training stops.
        loss: regression: what is minimised.
    """

    layers: int = 2
    units: int = 64
    embedding_units: int = 16
    activation: Literal["relu", "tanh", "gelu", "silu", "elu"] = "relu"
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1e-3
    batch_size: int = 128
    max_epochs: int = 50
    epochs: int = 10
    patience: int = 5
    loss: RegressionLoss = "squared"


def train_network(
    recipe: Recipe,
    target: Target,
    training: Prepared,
    answers: NDArray[Any],
    validation: tuple[Prepared, NDArray[Any]] | None,
) -> Trained:
    """Train the built-in network, or a user's (family ``yours``).

    Shapes:
        answers: (rows,) class positions, or (rows, targets)

    Raises:
        ModelError: training diverged, or the user's code failed.
    """
    arrays: dict[str, NDArray[Any]] = {}
    values, held_out = answers, None if validation is None else validation[1]
    if not target.classifies:
        values, arrays["centre"], arrays["scale"] = standardise(answers)
        if held_out is not None:
            held_out = (held_out.reshape(-1, target.outputs) - arrays["centre"]) / arrays["scale"]
    keras.utils.clear_session()
    keras.utils.set_random_seed(recipe.seed)
    train_family = yours.train_yours if recipe.family == "yours" else _train_built_in
    checked = None if validation is None or held_out is None else (validation[0], held_out)
    model, program, found, architecture = train_family(recipe, target, (training, values), checked)
    _assign(model, found.best)
    weights = [np.asarray(variable.value) for variable in model.weights]
    arrays |= {weight_name(position): weight for position, weight in enumerate(weights)}
    trained = Trained(
        recipe=recipe,
        target=target,
        arrays=arrays,
        text={"architecture": architecture},
        parameters=int(sum(variable.value.size for variable in model.trainable_variables)),
        best_epochs=found.best_epochs,
        curves=found.curves,
    )
    _live[trained] = (program, found.best)
    if recipe.family == "yours":
        _count_a_drop()  # never shared: no two calls of a user's code need build the same
    return trained


def predict_network(trained: Trained, prepared: Prepared) -> NDArray[np.float64]:
    """Probabilities, or values in the target's unit: (rows, outputs)."""
    if prepared.rows == 0:
        return np.empty((0, trained.target.outputs))
    program, state = _live_program(trained)
    if trained.recipe.family == "yours":
        raw = yours.answers(trained.recipe, program, state, yours.inputs_of(prepared))
    else:
        raw = answers_of(program, state, network_inputs(prepared))
    if not trained.target.classifies:
        values: NDArray[np.float64] = raw * trained.arrays["scale"] + trained.arrays["centre"]
        return values
    return probabilities(raw) if raw.shape[1] == 1 else raw


def keras_model(trained: Trained) -> Any:
    """The Keras model with its trained weights: built-in ones Functional, yours as your code builds it.

    Raises:
        ModelError: the user's code no longer builds a model of these weights.
    """
    if trained.recipe.family == "yours":
        model = yours.rebuild(trained)
    else:
        model = build_network(decode(trained.text["architecture"].encode(), Architecture))
    model.set_weights([trained.arrays[weight_name(index)] for index in range(len(model.weights))])
    return model


def weight_name(position: int) -> str:
    """Where `Trained.arrays` keeps the weight at that position of ``model.weights``."""
    return f"weight_{position:03d}"


def _train_built_in(
    recipe: Recipe,
    target: Target,
    training: tuple[Prepared, NDArray[Any]],
    validation: tuple[Prepared, NDArray[Any]] | None,
) -> tuple[Any, Program, Fit, str]:
    choices = read_choices(recipe, NetworkChoices)
    architecture = _architecture(recipe, target, training[0], choices)
    model = build_network(architecture, recipe.seed)
    optimizer = keras.optimizers.Adam(learning_rate=choices.learning_rate)
    model.compile(optimizer=optimizer, loss=architecture.last.loss)
    program = _program(encode(architecture), model)
    schedule = Schedule(
        batch_size=choices.batch_size,
        epochs=choices.epochs if validation is None else choices.max_epochs,
        patience=choices.patience,
        seed=recipe.seed,
        weighted=True,
    )

    def data(part: tuple[Prepared, NDArray[Any]]) -> tuple[Any, NDArray[Any]]:
        last = architecture.last
        return network_inputs(part[0]), loss_answers(target, part[1], last.units, last.loss)

    held_out = None if validation is None else data(validation)
    found = fit(program, state_of(model), data(training), held_out, schedule)
    return model, program, found, encode(architecture).decode()


def _architecture(
    recipe: Recipe, target: Target, training: Prepared, choices: NetworkChoices
) -> Architecture:
    architecture = Architecture(
        features=training.numbers.shape[1],
        category_sizes=tuple(table_rows(size) for size in training.category_sizes),
        word_counts=tuple(table_rows(size) for size in training.word_counts),
        max_tokens=training.tokens.shape[2] if training.tokens.shape[1] else 0,
        layers=choices.layers,
        units=choices.units,
        embedding_units=choices.embedding_units,
        activation=choices.activation,
        dropout=choices.dropout,
        l1=choices.l1,
        l2=choices.l2,
        last=last_layer(target, choices.loss),
    )
    if not (architecture.features or architecture.category_sizes or architecture.word_counts):
        raise ModelError(
            where=f"recipe '{recipe.name}' (network)",
            expected="at least one input",
            received="none",
            do_this="Give the task a column to predict from.",
        )
    return architecture


def _program(key: bytes, model: Any) -> Program:
    """The compiled functions of that architecture: recalled, or those of this model from now on."""
    if key in _programs:
        _programs.move_to_end(key)
        return _programs[key]
    _programs[key] = Program(model)
    if len(_programs) > MAX_PROGRAMS:
        _programs.popitem(last=False)
        _count_a_drop()
    return _programs[key]


def _count_a_drop() -> None:
    global _dropped
    _dropped += 1
    if _dropped % DROPS_BEFORE_CLEARING == 0:
        jax.clear_caches()


def _live_program(trained: Trained) -> tuple[Program, State]:
    """The trained model ready to answer, rebuilt where it was loaded from a file."""
    if trained not in _live:
        model = keras_model(trained)
        if trained.recipe.family == "yours":
            program = Program(model)
        else:
            program = _program(b"answers " + trained.text["architecture"].encode(), model)
        trainable = [variable.value for variable in model.trainable_variables]
        others = [variable.value for variable in model.non_trainable_variables]
        _live[trained] = (program, (trainable, others, []))
    return _live[trained]


def _assign(model: Any, state: State) -> None:
    for variables, values in zip(
        (model.trainable_variables, model.non_trainable_variables), state[:2], strict=True
    ):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
