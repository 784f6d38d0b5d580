"""Which number decides whether a model is good (book section 6.1.4)?"""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.errors import UsageError
from modelwright.records import Dataset, Desk, Measure, Task, TaskKind, step
from modelwright.statistics.measures import BUILT_IN, fitting
from modelwright.statistics.own_measure import goal_of

RARE_POSITIVE_SHARE = 0.2
"""Below this share of positive rows a binary task is imbalanced: the book's own example of imbalance
asks for precision and recall rather than accuracy. 1 in 5 is where "always no" is 80 % accurate."""
OUTNUMBERED = 4.0
"""A multiclass task is imbalanced when its largest class outnumbers its smallest more than so: the
same 20 to 80."""
LARGEST_ERRORS = 0.01
DOMINATED = 0.5
"""Where the hundredth of rows farthest from the median makes more than half of the squared distance,
a squared error would be decided by those rows alone."""
KINDS: dict[TaskKind, str] = {
    "binary": "binary classification",
    "multiclass": "multiclass classification",
    "regression": "regression",
    "vector_regression": "vector regression",
}


@step(version=1)
def choose_measure(desk: Desk, task: Task, dataset: Dataset, *, code: str = "") -> Measure:
    """The task's own measure where it names one, else the one its kind and balance ask for.

    Args:
        code: source text of FILE.py where the task's measure is ``FILE.py:NAME``.

    Raises:
        UsageError: no measure has that name, it does not fit the kind of task, or its file fails.
    """
    if task.measure is None:
        measure = _chosen(task, dataset, _development_rows(desk, dataset))
    elif ".py:" in task.measure:
        measure = _own(task, task.measure, code)
    else:
        measure = _named(task, task.measure)
    desk.note(f"the measure is {measure.title}: {measure.reason}", measure=measure.name)
    return measure


def _development_rows(desk: Desk, dataset: Dataset) -> polars.DataFrame:
    """The targets of the rows that are no test rows."""
    table: polars.DataFrame = desk.read(dataset.table)
    if dataset.test_rows is None:
        return table
    keep = np.ones(table.height, dtype=np.bool_)
    keep[desk.read(dataset.test_rows)] = False
    return table.filter(polars.Series(keep))


def _chosen(task: Task, dataset: Dataset, rows: polars.DataFrame) -> Measure:
    if task.kind == "binary":
        return _for_binary(rows[task.targets[0]].cast(polars.String), dataset.classes)
    if task.kind == "multiclass":
        return _for_classes(rows[task.targets[0]].cast(polars.String), dataset.classes)
    if task.kind == "regression":
        return _for_values(rows[task.targets[0]].cast(polars.Float64).drop_nulls().to_numpy())
    return BUILT_IN["r2"].chosen(
        f"{len(task.targets)} targets may have {len(task.targets)} units: R² counts each in its own "
        "variance, and their mean weighs them alike"
    )


def _for_binary(targets: polars.Series, classes: tuple[str, ...]) -> Measure:
    positive = classes[-1] if classes else ""
    share = int((targets == positive).sum()) / max(len(targets), 1)
    said = f"{share:.1%} of rows are {positive!r}"
    if share < RARE_POSITIVE_SHARE:
        return BUILT_IN["average_precision"].chosen(
            f"{said}: where the positive class is rare, accuracy and ROC AUC flatter; average precision "
            "asks how many alarms are right, at every threshold"
        )
    return BUILT_IN["roc_auc"].chosen(
        f"{said}: no rare positive class, so ROC AUC asks how well positive rows are ranked above "
        "negative ones, at every threshold; accuracy is reported beside it"
    )


def _for_classes(targets: polars.Series, classes: tuple[str, ...]) -> Measure:
    every = {name: int((targets == name).sum()) for name in classes}
    counts = {name: count for name, count in every.items() if count} or every
    largest, smallest = max(counts, key=lambda c: counts[c]), min(counts, key=lambda c: counts[c])
    said = f"{largest!r} has {counts[largest]:,} rows, {smallest!r} {counts[smallest]:,}"
    if counts[largest] > OUTNUMBERED * counts[smallest]:
        return BUILT_IN["f1"].chosen(
            f"{said}: the classes are imbalanced, and accuracy would overlook the small ones; macro F1 "
            "counts each class alike"
        )
    return BUILT_IN["accuracy"].chosen(f"{said}: the classes are balanced, so accuracy says enough")


def _for_values(targets: NDArray[np.float64]) -> Measure:
    squares = np.sort(np.square(targets - np.median(targets)))[::-1] if len(targets) else np.zeros(1)
    farthest = max(1, round(LARGEST_ERRORS * len(squares)))
    share = float(squares[:farthest].sum() / max(squares.sum(), np.finfo(np.float64).tiny))
    said = (
        f"the {LARGEST_ERRORS:.0%} of rows farthest from the median make {share:.0%} of the squared distance"
    )
    if share > DOMINATED:
        return BUILT_IN["mae"].chosen(
            f"{said}: a squared error would be decided by those rows, an absolute error is not"
        )
    return BUILT_IN["rmse"].chosen(f"{said}: no few rows decide a squared error")


def _named(task: Task, wanted: str) -> Measure:
    name = wanted.strip().lower().replace("-", "_").replace(" ", "_")
    fit = [definition.name for definition in fitting(task.kind)]
    if name in fit:
        return BUILT_IN[name].chosen("named by the task")
    near = difflib.get_close_matches(name, fit, n=1, cutoff=0.4)
    known = f"{wanted!r}, which measures something else" if name in BUILT_IN else repr(wanted)
    nearest = f"Write {near[0]!r}, the nearest" if near else "Write one of them"
    raise UsageError(
        where="measure",
        expected=f"a measure for {KINDS[task.kind]}: {', '.join(fit)}; or FILE.py:NAME of a function",
        received=known,
        do_this=f"{nearest}, or leave the measure out and one is chosen.",
    )


def _own(task: Task, name: str, code: str) -> Measure:
    if not code.strip():
        raise UsageError(
            where=f"measure {name}",
            expected="a file with a function metric(targets, predictions, weights=None)",
            received="a file that is empty or absent",
            do_this="Check the path before the colon; it is read from the folder you are in.",
        )
    goal, why = goal_of(name, code)
    reads: dict[str, Any] = {"reads": "value" if "regression" in task.kind else "probability"}
    title = name.rpartition(":")[2].replace("_", " ")
    return Measure(name=name, title=title, goal=goal, reason=f"named by the task; {why}", code=code, **reads)
