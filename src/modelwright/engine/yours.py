"""A user's own Keras model: built by their code, trained and judged like any other contender."""

from __future__ import annotations

import inspect
import sys
import traceback
import types
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.choices import read_choices
from modelwright.engine.folds import Part
from modelwright.engine.keras_backend import keras
from modelwright.engine.last_layer import RegressionLoss, last_layer, loss_answers
from modelwright.engine.network_answers import ROWS_PER_ANSWER, answerer
from modelwright.engine.network_population import Training, trained_together
from modelwright.engine.population import Bags
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


# Prepared rows with fewer of their columns filled than this are kept as bags of words: a tenth of the memory.
SPARSE_SHARE = 0.1


def inputs_of(prepared: Prepared) -> NDArray[np.float32] | Bags:
    """Prepared rows as a user's model takes them: float32 (rows, width), or the same as `Bags`."""
    return as_inputs(prepared.sparse(MAX_TERMS))


def as_inputs(rows: Any) -> NDArray[np.float32] | Bags:
    """Sparse rows as an array, or as `Bags` where that takes a tenth of the memory."""
    if rows.nnz > SPARSE_SHARE * rows.shape[0] * rows.shape[1]:
        return rows.toarray().astype(np.float32)
    return Bags(rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.shape[1], rows.data)


def width_of(prepared: Prepared) -> int:
    """Columns of `inputs_of`."""
    terms = len(prepared.preparation.dense_terms(MAX_TERMS))
    return prepared.numbers.shape[1] + sum(prepared.category_sizes) + terms


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCode:
    """A user's function looked at once: what it takes to build its compiled model again and again.

    Args:
        units: of the model's last layer. loss: the loss's name.
        regularised: a penalty on weights, dropout or noise is at work.
    """

    recipe: Recipe
    target: Target
    architecture: YourArchitecture
    choices: TrainingChoices
    units: int
    loss: str
    regularised: bool

    @property
    def answers_as(self) -> tuple[int, str]:
        """What decides how the model takes its targets (`loss_answers`)."""
        return self.units, self.loss

    def build(self, architecture: YourArchitecture | None = None) -> Any:
        """The compiled model; weights are drawn from Keras's global seed."""
        model = _build(self.recipe, architecture or self.architecture)
        _compile(model, self.target, self.units, self.choices)
        return model


def compiled_code(recipe: Recipe, target: Target, width: int) -> CompiledCode:
    """Build the user's model for rows of that width, answer one row, and see how it is compiled.

    Raises:
        ModelError: the code fails, or its model's output does not fit the task.
    """
    choices = read_choices(_training_part(recipe), TrainingChoices)
    shape = YourArchitecture(width=width, units=target.last_units)
    keras.utils.set_random_seed(recipe.seed)
    model = _build(recipe, shape)
    with _said_plainly(recipe):
        units = _output_units(recipe, target, model, np.zeros((1, width), dtype=np.float32))
        loss = _compile(model, target, units, choices)
    return CompiledCode(
        recipe=recipe,
        target=target,
        architecture=shape,
        choices=choices,
        units=units,
        loss=loss,
        regularised=_is_regularised(model),
    )


def _is_regularised(model: Any) -> bool:
    """Whether a penalty on weights, dropout or noise is at work."""
    if any(variable.regularizer is not None for variable in model.trainable_variables):
        return True
    layers = list(model._flatten_layers(include_self=False))
    names = [type(layer).__name__ for layer in layers if getattr(layer, "rate", 1) != 0]
    return any("Dropout" in name or "Noise" in name for name in names)


def train_yours(recipe: Recipe, target: Target, parts: list[Part]) -> list[Training]:
    """Build, compile where the user did not, train, and check that the answers are what was asked.

    Raises:
        ModelError: the code failed, or classes are not answered with probabilities.
    """
    widths = [width_of(part.training) for part in parts]
    code = compiled_code(recipe, target, widths[0])

    def build(architecture: str) -> Any:
        return code.build(decode(architecture.encode(), YourArchitecture))

    def answers_as(values: NDArray[Any]) -> NDArray[Any]:
        return loss_answers(target, values, *code.answers_as)

    shapes = [YourArchitecture(width=width, units=target.last_units) for width in widths]
    written = [encode(shape).decode() for shape in shapes]
    with _said_plainly(recipe):
        found = trained_together(build, written, parts, inputs_of, answers_as, code.choices, recipe)
        for one, part in zip(found, parts, strict=True):
            few = part.training.take(np.arange(min(ROWS_PER_ANSWER, part.training.rows)))
            _check_answers(recipe, target, _answered(recipe, one.architecture, one.weights, inputs_of(few)))
    return found


def answers(trained: Trained, weights: list[NDArray[Any]], prepared: Prepared) -> NDArray[np.float64]:
    """The model's outputs, (rows, units)."""
    with _said_plainly(trained.recipe):
        return _answered(trained.recipe, trained.text["architecture"], weights, inputs_of(prepared))


def _answered(
    recipe: Recipe, architecture: str, weights: list[NDArray[Any]], inputs: Any
) -> NDArray[np.float64]:
    def build() -> Any:
        return _rebuilt(recipe, architecture)

    return answerer(digest(recipe) + architecture, build)(weights, inputs)


def rebuild(trained: Trained) -> Any:
    """The user's model with the variables of the trained one, values not yet set."""
    return _rebuilt(trained.recipe, trained.text["architecture"])


def _rebuilt(recipe: Recipe, architecture: str) -> Any:
    shape = decode(architecture.encode(), YourArchitecture)
    model = _build(recipe, shape)
    with _said_plainly(recipe):
        model(np.zeros((1, shape.width), dtype=np.float32))
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
