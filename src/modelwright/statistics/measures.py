"""Which measures are built in, and how one becomes a function of targets and raw outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure, UsageError
from modelwright.records import Measure, TaskKind
from modelwright.statistics import counts, errors_of_values, rankings
from modelwright.statistics.own_measure import own_scorer
from modelwright.statistics.scoring import Scorer, Weights

Prepare = Callable[[NDArray[Any], NDArray[Any], float], Scorer]
Scale = Literal["share", "error", "explained", "any"]
CLASSES: tuple[TaskKind, ...] = ("binary", "multiclass")
VALUES: tuple[TaskKind, ...] = ("regression", "vector_regression")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A built-in measure.

    Args:
        kinds: the kinds of task it fits.
        scale: ``share`` lies between 0 and 1, ``error`` is 0 or more, ``explained`` is 1 or less; it
            shapes the interval.
        rests_on_rarer_class: for a binary task, the rarer class decides how well it is known.
        prepare: (targets, outputs, threshold) -> a function of the rows' weights.
    """

    name: str
    title: str
    goal: Literal["maximise", "minimise"]
    reads: Literal["probability", "label", "value"]
    kinds: tuple[TaskKind, ...]
    scale: Scale
    rests_on_rarer_class: bool = False
    prepare: Prepare

    def function(self, targets: NDArray[Any], outputs: NDArray[Any], weights: Weights = None) -> float:
        """The measure of raw outputs (rows, outputs), labels decided at one half."""
        return self.prepare(targets, outputs, 0.5)(weights)

    def chosen(self, reason: str) -> Measure:
        """This definition as the measure of a task, for that reason."""
        return Measure(name=self.name, title=self.title, goal=self.goal, reads=self.reads, reason=reason)


def _plain(prepare: Callable[[NDArray[Any], NDArray[Any]], Scorer]) -> Prepare:
    return lambda targets, outputs, _threshold: prepare(targets, outputs)


def _label(name: str, title: str, rule: Callable[[counts.Counts], float]) -> Definition:
    return Definition(
        name=name,
        title=title,
        goal="maximise",
        reads="label",
        kinds=CLASSES,
        scale="share",
        rests_on_rarer_class=name != "accuracy",
        prepare=counts.by_counts(rule),
    )


def _ranking(name: str, title: str, kind: TaskKind, prepare: Callable[..., Scorer]) -> Definition:
    return Definition(
        name=name,
        title=title,
        goal="maximise",
        reads="probability",
        kinds=(kind,),
        scale="share",
        rests_on_rarer_class=True,
        prepare=_plain(prepare),
    )


def _loss(name: str, title: str, prepare: Callable[..., Scorer]) -> Definition:
    return Definition(
        name=name,
        title=title,
        goal="minimise",
        reads="probability",
        kinds=CLASSES,
        scale="error",
        prepare=_plain(prepare),
    )


def _error(name: str, title: str, prepare: Callable[..., Scorer]) -> Definition:
    return Definition(
        name=name,
        title=title,
        goal="minimise",
        reads="value",
        kinds=VALUES,
        scale="error",
        prepare=_plain(prepare),
    )


_TABLE = (
    _label("accuracy", "accuracy", counts.accuracy),
    _label("balanced_accuracy", "balanced accuracy", counts.balanced_accuracy),
    _label("f1", "F1", counts.f1),
    _label("precision", "precision", counts.precision),
    _label("recall", "recall", counts.recall),
    _ranking("roc_auc", "ROC AUC", "binary", rankings.roc_auc),
    _ranking("average_precision", "average precision", "binary", rankings.average_precision),
    _ranking("roc_auc_ovr", "ROC AUC, each class against the rest", "multiclass", rankings.roc_auc_ovr),
    _loss("log_loss", "log loss", errors_of_values.log_loss),
    _loss("brier", "Brier score", errors_of_values.brier),
    _error("rmse", "root mean squared error", errors_of_values.rmse),
    _error("mae", "mean absolute error", errors_of_values.mae),
    _error("median_absolute_error", "median absolute error", errors_of_values.median_absolute_error),
    _error("mape", "mean absolute percentage error", errors_of_values.mape),
    Definition(
        name="r2",
        title="R²",
        goal="maximise",
        reads="value",
        kinds=VALUES,
        scale="explained",
        prepare=_plain(errors_of_values.r2),
    ),
)
BUILT_IN: dict[str, Definition] = {definition.name: definition for definition in _TABLE}
"""Every built-in measure by name; each is held to scikit-learn's by the tests."""


def fitting(kind: TaskKind) -> tuple[Definition, ...]:
    """The built-in measures that fit a kind of task."""
    return tuple(definition for definition in _TABLE if kind in definition.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A measure as a function of targets and raw outputs, never NaN or infinite.

    Called as ``score(targets, outputs, weights=None)``. Where it is called for many weights of the
    same rows, ``score.on(targets, outputs)`` sorts once and gives a function of the weights.

    Shapes:
        targets: class positions int64 (rows,), or values (rows,) or (rows, targets).
        outputs: (rows, outputs); or (rows, repeats, outputs), then the mean over the repeats.

    Raises:
        UndefinedMeasure: these rows give the measure no value, or the outputs are not finite.
    """

    name: str
    prepare: Prepare
    threshold: float = 0.5
    labelled: bool
    scale: Scale = "any"
    rests_on_rarer_class: bool = False

    def __call__(self, targets: NDArray[Any], outputs: NDArray[Any], weights: Weights = None) -> float:
        """The measure; `weights` (rows,) count each row that often."""
        return self.on(targets, outputs)(weights)

    def on(self, targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
        """The measure over these rows, as a function of their weights."""
        truth = targets if self.labelled else _matrix(targets)
        if len(truth) == 0 or not np.isfinite(outputs).all():
            raise _unusable(self.name, outputs)
        answers = outputs if outputs.ndim == 3 else _matrix(outputs)[:, None, :]
        with np.errstate(over="ignore"):
            scorers = [self.prepare(truth, answers[:, i], self.threshold) for i in range(answers.shape[1])]
        return lambda weights=None: self._finite([scorer(weights) for scorer in scorers])

    def _finite(self, scores: Sequence[float]) -> float:
        value = float(np.mean(scores))
        if not np.isfinite(value):
            raise UndefinedMeasure(
                where=f"measure {self.name}",
                expected="a finite number",
                received=str(value),
                do_this="Look for extreme values among targets and predictions, or choose another measure.",
            )
        return value


def measure_function(measure: Measure, classes: Sequence[str], threshold: float | None = None) -> Score:
    """The measure as a function of targets and raw outputs.

    Args:
        classes: the task's classes, the positive one last; empty for regression.
        threshold: binary labels are positive from this probability on; one half unless given.

    Raises:
        UsageError: a user's measure cannot be loaded.
    """
    cut = 0.5 if threshold is None else threshold
    labelled = bool(classes)
    if measure.code:
        own = own_scorer(measure.name, measure.code, len(classes))
        return Score(name=measure.name, prepare=own, threshold=cut, labelled=labelled)
    definition = BUILT_IN[measure.name]
    if labelled != (definition.kinds[0] in CLASSES):
        raise UsageError(
            where=f"measure {measure.name}",
            expected=f"a task of kind {' or '.join(definition.kinds)}",
            received="classes" if labelled else "no classes",
            do_this="Choose a measure that fits the kind of task, or pass the task's classes.",
        )
    return Score(
        name=measure.name,
        prepare=definition.prepare,
        threshold=cut,
        labelled=labelled,
        scale=definition.scale,
        rests_on_rarer_class=definition.rests_on_rarer_class and len(classes) == 2,
    )


def _matrix(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.ndim > 1 else values[:, None]


def _unusable(name: str, outputs: NDArray[Any]) -> UndefinedMeasure:
    bad = int((~np.isfinite(outputs)).sum())
    return UndefinedMeasure(
        where=f"measure {name}",
        expected="rows with finite predictions",
        received=f"{bad} predictions that are not finite" if len(outputs) else "no rows",
        do_this="Look at the model that gave them, or at how its inputs are prepared.",
    )
