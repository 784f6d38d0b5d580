"""A user's own Keras model: built by their code, trained and judged like any other contender."""

from __future__ import annotations

import inspect
import sys
import traceback
import types
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.choices import read_choices
from modelwright.engine.keras_backend import keras
from modelwright.engine.keras_fitting import Fit, Schedule, fit
from modelwright.engine.keras_program import ROWS_PER_ANSWER, Program, State, answers_of, state_of
from modelwright.engine.last_layer import RegressionLoss, last_layer, loss_answers
from modelwright.engine.target import Target
from modelwright.engine.trained import Trained
from modelwright.errors import ModelError, ModelwrightError
from modelwright.records import Recipe, decode, digest, encode, record

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared

# Words and bigrams a user's model reads, most frequent first; more would make dense rows too wide.
MAX_TERMS = 10_000
# Probabilities in float32 may miss 0, 1 or their sum by so much.
PROBABILITY_TOLERANCE = 1e-3


@record
class TrainingChoices:
    """How a user's model is trained; every other choice is an argument of their function.

    Args:
        learning_rate: of the Adam optimizer given to an uncompiled model.
        loss: regression, uncompiled: what is minimised.
        The others as for built-in networks.
    """

    learning_rate: float = 1e-3
    batch_size: int = 128
    max_epochs: int = 50
    epochs: int = 10
    patience: int = 5
    loss: RegressionLoss = "squared"


@record
class YourArchitecture:
    """The shapes the user's function was called with."""

    width: int
    units: int


def inputs_of(prepared: Prepared) -> NDArray[np.float32]:
    """Prepared rows as a user's model takes them: float32 (rows, width)."""
    return prepared.dense(MAX_TERMS)


def train_yours(
    recipe: Recipe,
    target: Target,
    training: tuple[Prepared, NDArray[Any]],
    validation: tuple[Prepared, NDArray[Any]] | None,
) -> tuple[Any, Program, Fit, str]:
    """Build, compile where the user did not, train, and check that the answers are what was asked.

    Raises:
        ModelError: the code failed, or classes are not answered with probabilities.
    """
    choices = read_choices(_training_part(recipe), TrainingChoices)
    inputs = inputs_of(training[0])
    architecture = YourArchitecture(width=inputs.shape[1], units=target.last_units)
    model = _build(recipe, architecture)
    with _said_plainly(recipe):
        units = _output_units(recipe, target, model, inputs[:1])
        loss = _compile(model, target, units, choices)
        model._symbolic_build(data_batch=_first_rows(target, training, inputs, units, loss))
        program = Program(model)
        schedule = Schedule(
            batch_size=choices.batch_size,
            epochs=choices.epochs if validation is None else choices.max_epochs,
            patience=choices.patience,
            seed=recipe.seed,
            weighted=False,
        )
        held_out = None
        if validation is not None:
            held_out = (inputs_of(validation[0]), loss_answers(target, validation[1], units, loss))
        wanted = loss_answers(target, training[1], units, loss)
        found = fit(program, state_of(model), (inputs, wanted), held_out, schedule)
    _check_answers(recipe, target, answers(recipe, program, found.best, inputs[:ROWS_PER_ANSWER]))
    return model, program, found, encode(architecture).decode()


def answers(
    recipe: Recipe, program: Program, state: State, inputs: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The model's outputs, (rows, units)."""
    with _said_plainly(recipe):
        return answers_of(program, state, inputs)


def rebuild(trained: Trained) -> Any:
    """The user's model with the variables of the trained one, values not yet set."""
    architecture = decode(trained.text["architecture"].encode(), YourArchitecture)
    model = _build(trained.recipe, architecture)
    with _said_plainly(trained.recipe):
        model(np.zeros((1, architecture.width), dtype=np.float32))
    return model


def file_name(recipe: Recipe) -> str:
    """The file the user's code came from, as far as the recipe's name tells."""
    name = recipe.name.split(":")[0]
    return name if name.endswith(".py") else f"{recipe.function}.py"


def _build(recipe: Recipe, architecture: YourArchitecture) -> Any:
    with _said_plainly(recipe):
        function = _function(recipe)
        own = {name: value for name, value in recipe.choices.items() if _is_argument(function, name)}
        model = function((architecture.width,), (architecture.units,), **own)
    if not isinstance(model, keras.Model):
        raise ModelError(
            where=f"{file_name(recipe)}, {recipe.function}",
            expected="a keras.Model returned",
            received=type(model).__name__,
            do_this=f"End {recipe.function} with `return model`.",
        )
    return model


def _function(recipe: Recipe) -> Any:
    """The user's function, from their code run in a module of its own."""
    module = types.ModuleType(f"modelwright_yours_{digest(recipe.code)[:12]}")
    module.__file__ = file_name(recipe)
    sys.modules[module.__name__] = module  # dataclasses and Keras look the module up by its name
    exec(compile(recipe.code, file_name(recipe), "exec"), module.__dict__)
    function = getattr(module, recipe.function, None)
    if not callable(function):
        raise ModelError(
            where=file_name(recipe),
            expected=f"a function {recipe.function}(input_shape, output_shape, **choices)",
            received="no such name" if function is None else type(function).__name__,
            do_this="Name an existing function: --model FILE.py:NAME.",
        )
    return function


def _is_argument(function: Any, name: str) -> bool:
    """Whether a choice is the function's: it names it, or takes any and training has no such choice."""
    parameters = inspect.signature(function).parameters
    return name in parameters or name not in TrainingChoices.__dataclass_fields__


def _training_part(recipe: Recipe) -> Recipe:
    fields = TrainingChoices.__dataclass_fields__
    choices = {name: value for name, value in recipe.choices.items() if name in fields}
    return Recipe(family=recipe.family, name=recipe.name, choices=choices)


def _output_units(recipe: Recipe, target: Target, model: Any, first_row: NDArray[np.float32]) -> int:
    """Units of the last layer, found by answering one row (which also creates a lazy model's weights)."""
    shape = getattr(model(first_row), "shape", None)
    allowed = {1, 2} if target.kind == "binary" else {target.last_units}
    if shape is None or len(shape) != 2 or shape[1] not in allowed:
        raise ModelError(
            where=f"{file_name(recipe)}, {recipe.function}",
            expected=f"one output of shape (rows, {target.last_units})",
            received=f"shape {tuple(shape)}" if shape is not None else "several outputs",
            do_this=_last_layer_advice(target),
        )
    return int(shape[1])


def _compile(model: Any, target: Target, units: int, choices: TrainingChoices) -> str:
    """Compile with the table's loss where the user did not; returns the loss's name."""
    if not model.compiled:
        loss = last_layer(target, choices.loss).loss
        if target.kind == "binary" and units > 1:
            loss = "sparse_categorical_crossentropy"
        model.compile(optimizer=keras.optimizers.Adam(learning_rate=choices.learning_rate), loss=loss)
        return loss
    loss = model.loss
    return loss if isinstance(loss, str) else str(getattr(loss, "name", getattr(loss, "__name__", "")))


def _first_rows(
    target: Target,
    training: tuple[Prepared, NDArray[Any]],
    inputs: NDArray[np.float32],
    units: int,
    loss: str,
) -> Any:
    """Two rows, from which Keras learns the shapes its metrics need."""
    wanted = loss_answers(target, training[1][:2], units, loss)
    tensor = keras.ops.convert_to_tensor
    return tensor(inputs[:2]), tensor(wanted), None


def _check_answers(recipe: Recipe, target: Target, outputs: NDArray[np.float64]) -> None:
    if not np.isfinite(outputs).all():
        problem = "infinite or undefined answers"
    elif not target.classifies:
        return
    elif outputs.min() < -PROBABILITY_TOLERANCE or outputs.max() > 1 + PROBABILITY_TOLERANCE:
        problem = f"answers from {outputs.min():.3g} to {outputs.max():.3g}"
    elif outputs.shape[1] > 1 and np.abs(outputs.sum(axis=1) - 1).max() > PROBABILITY_TOLERANCE:
        problem = "rows whose probabilities do not sum to 1"
    else:
        return
    raise ModelError(
        where=f"{file_name(recipe)}, {recipe.function}",
        expected="probabilities" if target.classifies else "finite values",
        received=problem,
        do_this=_last_layer_advice(target),
    )


def _last_layer_advice(target: Target) -> str:
    last = last_layer(target)
    return (
        f"For {target.kind.replace('_', ' ')} end with Dense({last.units}, activation='{last.activation}') "
        f"and the loss {last.loss}."
    )


@contextmanager
def _said_plainly(recipe: Recipe) -> Generator[None]:
    """Whatever a user's code raises becomes one error that names their file, function and line."""
    try:
        yield
    except ModelwrightError:
        raise
    except Exception as error:  # noqa: BLE001  # a user's code may raise anything
        raise ModelError(
            where=_place(recipe, error),
            expected="code that builds and trains a Keras model",
            received=f"{type(error).__name__}: {str(error).strip()}",
            do_this="Correct the code; it runs alone with `python FILE.py`.",
        ) from None


def _place(recipe: Recipe, error: Exception) -> str:
    """The innermost line of the user's file that the error passed through."""
    name = file_name(recipe)
    if isinstance(error, SyntaxError) and error.filename == name:
        return f"{name}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    if not frames:
        return f"{name}, {recipe.function}"
    return f"{name}, line {frames[-1].lineno}, in {frames[-1].name}"
