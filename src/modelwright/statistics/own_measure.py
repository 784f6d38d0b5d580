"""A user's plain function as a measure: loaded from its source text, its mistakes told in four parts."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import UsageError
from modelwright.statistics.scoring import Scorer, Weights, undefined

Metric = Callable[..., Any]
LESS_IS_BETTER = ("loss", "error", "cost", "rmse", "mae", "mse")
"""A function whose name ends so is minimised, unless it carries a `goal`; as in scikit-learn's names."""


def split_name(name: str) -> tuple[str, str]:
    """``"metrics.py:profit"`` -> (``"metrics.py"``, ``"profit"``)."""
    file, _, function = name.rpartition(":")
    return file, function


@lru_cache(maxsize=8)
def load_metric(name: str, code: str) -> Metric:
    """The function ``FILE.py:NAME`` out of the file's source text.

    Raises:
        UsageError: the source does not run, or holds no function of that name.
    """
    file, function = split_name(name)
    namespace: dict[str, Any] = {"__name__": "modelwright_own_measure", "__file__": file}
    try:
        exec(compile(code, file, "exec"), namespace)
    except Exception as error:  # whatever a user's file raises is told to the user
        raise _failed(name, "a file that runs", error) from error
    metric = namespace.get(function)
    if not callable(metric):
        held = [key for key, value in namespace.items() if inspect.isfunction(value)]
        raise UsageError(
            where=f"measure {name}",
            expected=f"a function {function}(targets, predictions, weights=None) in {file}",
            received=f"a file with {', '.join(held) or 'no functions'}",
            do_this=f"Write the name of one of the file's functions after the colon, as in {file}:NAME.",
        )
    return metric


def goal_of(name: str, code: str) -> tuple[Literal["maximise", "minimise"], str]:
    """Whether more or less of a user's measure is better, and why.

    A function may say so itself: ``profit.goal = "maximise"``. Otherwise its name tells.

    Raises:
        UsageError: `goal` is neither ``maximise`` nor ``minimise``.
    """
    _, function = split_name(name)
    said = getattr(load_metric(name, code), "goal", None)
    if said is None and function.lower().endswith(LESS_IS_BETTER):
        return "minimise", f"less is better, as its name ends in {function[-5:].split('_')[-1]!r}"
    if said is None:
        return "maximise", f'more is better (write {function}.goal = "minimise" if less is)'
    if said not in ("maximise", "minimise"):
        raise UsageError(
            where=f"measure {name}",
            expected=f'{function}.goal to be "maximise" or "minimise"',
            received=repr(said),
            do_this="Correct the attribute, or leave it out.",
        )
    return said, f"its goal says {said}"


def own_scorer(name: str, code: str, classes: int) -> Callable[[NDArray[Any], NDArray[Any], float], Scorer]:
    """A user's function as a measure of raw outputs.

    The function is called with copies of:
        targets: 0/1 (rows,) for binary, class positions (rows,) for several classes, values (rows,),
            or (rows, targets) for vector regression.
        predictions: probabilities of the positive class (rows,), probabilities (rows, classes), or
            values shaped like the targets.
    """
    metric = load_metric(name, code)

    def prepare(targets: NDArray[Any], outputs: NDArray[Any], _threshold: float) -> Scorer:
        truth, answers = _as_user_sees(targets, outputs, classes)
        return lambda weights=None: _scored(name, metric, truth, answers, weights)

    return prepare


def _as_user_sees(
    targets: NDArray[Any], outputs: NDArray[Any], classes: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    if classes == 2:
        return targets, outputs[:, -1]
    if classes == 0 and outputs.shape[1] == 1:
        return targets[:, 0], outputs[:, 0]
    return targets, outputs


def _scored(
    name: str, metric: Metric, targets: NDArray[Any], answers: NDArray[Any], weights: Weights
) -> float:
    """Whole weights are rows repeated: right even for a function that knows nothing of weights."""
    extra: dict[str, Any] = {}
    if weights is not None and (weights == np.floor(weights)).all():
        rows = np.repeat(np.arange(len(targets)), weights.astype(np.int64))
        targets, answers = targets[rows], answers[rows]
    elif weights is not None:
        extra["weights"] = weights.copy()
    try:
        value: Any = metric(targets.copy(), answers.copy(), **extra)
        number = float(value)
    except Exception as error:  # whatever a user's function raises is told to the user
        raise _failed(name, "a function that returns one number", error) from error
    if not np.isfinite(number):
        raise undefined(name, "a finite number", f"{number} over {len(targets):,} rows")
    return number


def _failed(name: str, expected: str, error: Exception) -> UsageError:
    file, _ = split_name(name)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    line = error.lineno if isinstance(error, SyntaxError) else (lines[-1] if lines else None)
    return UsageError(
        where=f"measure {name}" + (f", line {line}" if line else ""),
        expected=expected,
        received=f"{type(error).__name__}: {error}",
        do_this=f"Correct {file}; it is called as NAME(targets, predictions) on arrays of one length.",
    )
