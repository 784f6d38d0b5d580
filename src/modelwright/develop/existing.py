"""Today's solution, judged like any candidate: a column that holds its answers, or a plain function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.develop.folds import Folds
from modelwright.errors import DataError, ModelError
from modelwright.records import Desk, Recipe


def existing_answers(desk: Desk, folds: Folds, recipe: Recipe) -> NDArray[np.float64]:
    """The existing solution's answer for every row: float64 (rows, outputs), certain (0 or 1) for classes.

    Raises:
        ModelError: the function failed or is not there.
        DataError: an answer is not one of the classes, or not a number.
    """
    table: polars.DataFrame = desk.read(folds.bench.dataset.table)
    solution = folds.bench.task.existing_solution
    called = solution is not None and solution.kind == "function"
    # the rows it is called with are those of production: without the answer
    rows = table.drop(folds.bench.task.targets)
    answers = _from_function(rows, recipe) if called else table[recipe.function].to_list()
    if not folds.target.classes:
        return _numbers(answers, folds.target.outputs, recipe)
    return _certain(answers, folds.target.classes, recipe)


def _from_function(table: polars.DataFrame, recipe: Recipe) -> list[Any]:
    function = load_function(recipe.code, recipe.function)
    try:
        return [function(row) for row in table.iter_rows(named=True)]
    except Exception as error:  # a person's code may raise anything; it is told, not hidden
        raise ModelError(
            where=f"the existing solution {recipe.function}",
            expected="an answer for every row",
            received=f"{type(error).__name__}: {error}",
            do_this="Make the function answer each row given as a dict of column to value (None if missing).",
        ) from error


def load_function(code: str, name: str) -> Callable[..., Any]:
    """The function called `name` in a file's source text.

    Raises:
        ModelError: the text does not run, or has no such function.
    """
    namespace: dict[str, Any] = {"__name__": "existing_solution"}
    try:
        exec(compile(code, name, "exec"), namespace)
        return namespace[name.rpartition(":")[2]]
    except Exception as error:  # a person's code may raise anything; it is told, not hidden
        raise ModelError(
            where=f"the existing solution {name}",
            expected="a Python file that runs and defines that function",
            received=f"{type(error).__name__}: {error}",
            do_this="Give it as FILE.py:NAME, where NAME is a plain function of one row.",
        ) from error


def _numbers(answers: list[Any], targets: int, recipe: Recipe) -> NDArray[np.float64]:
    try:
        values = np.array(answers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _wrong_answer(recipe, "a number for every row", str(error)) from error
    if not np.isfinite(values).all():
        raise _wrong_answer(recipe, "a number for every row", "missing or infinite answers")
    values = values.reshape(len(values), -1)
    if values.shape[1] != targets:
        raise _wrong_answer(recipe, f"{targets} numbers a row, one a target", f"{values.shape[1]} a row")
    return values


def _certain(answers: list[Any], classes: tuple[str, ...], recipe: Recipe) -> NDArray[np.float64]:
    position = {name: index for index, name in enumerate(classes)}
    outputs = np.zeros((len(answers), len(classes)))
    for row, answer in enumerate(answers):
        name = _as_class(answer)
        if name not in position:
            raise _wrong_answer(recipe, f"one of {', '.join(classes)}", repr(answer))
        outputs[row, position[name]] = 1.0
    return outputs


def _as_class(answer: Any) -> str:
    if isinstance(answer, bool):
        return str(answer).lower()
    if isinstance(answer, float) and answer.is_integer():
        return str(int(answer))
    return str(answer)


def _wrong_answer(recipe: Recipe, expected: str, received: str) -> DataError:
    return DataError(
        where=f"the existing solution {recipe.function}",
        expected=expected,
        received=received,
        do_this="Correct the column or function, or drop [existing_solution] from task.toml.",
    )
