"""The target made ready to be answered by one column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable
from modelwright.checks.single_column import (
    MAX_CLASSES,
    MAX_ROWS,
    codes_of,
    indicators,
    out_of_fold,
    sampled,
    sampled_classes,
)
from modelwright.errors import UndefinedMeasure
from modelwright.records import Estimate
from modelwright.statistics.intervals import bootstrap
from modelwright.statistics.measures import BUILT_IN, Score, measure_function

MIN_ROWS = 50
MIN_CLASS_ROWS = 5
"""With less, one column of many looks perfect by luck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One target ready to be answered by one column at a time.

    Args:
        rows: rows of the table that are read. answers: indicators or values, (rows, outputs).
        targets: what the score compares with.
    """

    name: str
    rows: NDArray[np.int64]
    answers: NDArray[np.float64]
    targets: NDArray[Any]
    title: str
    score: Score
    classes: bool


def judged_targets(
    inspection: Inspection, table: polars.DataFrame, most: int = MAX_ROWS
) -> list[Judged] | NotApplicable:
    """Each target with at most so many rows, and its measure."""
    if table.height < MIN_ROWS:
        return NotApplicable(f"fewer than {MIN_ROWS} rows to judge by")
    if inspection.dataset.classes:
        return _judged_classes(inspection, table, most)
    rows = sampled(table.height, inspection.seed, most)
    return [_judged_number(table, name, rows) for name in inspection.task.targets]


def _judged_classes(
    inspection: Inspection, table: polars.DataFrame, most: int
) -> list[Judged] | NotApplicable:
    name = inspection.task.targets[0]
    words = table[name].cast(polars.String)
    counts = words.value_counts(name="rows", sort=True).head(MAX_CLASSES)
    frequent = {word for word, count in counts.iter_rows() if count >= MIN_CLASS_ROWS}
    order = [word for word in inspection.dataset.classes if word in frequent]
    if len(order) < 2:
        return NotApplicable(f"fewer than two classes with {MIN_CLASS_ROWS} rows to judge by")
    place = {word: index for index, word in enumerate(order)}
    every = np.array([place.get(word, -1) for word in words.to_list()], dtype=np.int64)
    rows = sampled_classes(every, inspection.seed, most)
    positions = every[rows]
    title, score = _measure("roc_auc" if len(order) == 2 else "roc_auc_ovr", order)
    return [
        Judged(
            name=name,
            rows=rows,
            answers=indicators(positions, len(order)),
            targets=positions,
            title=title,
            score=score,
            classes=True,
        )
    ]


def _judged_number(table: polars.DataFrame, name: str, rows: NDArray[np.int64]) -> Judged:
    values: NDArray[np.float64] = table[name].cast(polars.Float64)[rows].to_numpy()
    known = np.isfinite(values)
    title, score = _measure("r2", ())
    return Judged(
        name=name,
        rows=rows[known],
        answers=values[known][:, None],
        targets=values[known],
        title=title,
        score=score,
        classes=False,
    )


def _measure(name: str, classes: Sequence[str] = ()) -> tuple[str, Score]:
    definition = BUILT_IN[name]
    return definition.title, measure_function(definition.chosen("the target's kind"), classes)


def score_alone(values: polars.Series, judged: Judged, seed: int, *, least: float) -> Estimate | None:
    """What one column's values alone score, with its interval; None below `least` or where it has no value.

    Args:
        values: of the judged rows, (judged rows,).
    """
    outputs = out_of_fold(codes_of(values), judged.answers, seed)
    units = np.arange(len(judged.rows))
    try:
        # targets near the end of what a float64 holds have no R2: told by UndefinedMeasure
        with np.errstate(over="ignore", invalid="ignore"):
            if judged.score(judged.targets, outputs) < least:
                return None
            return bootstrap(judged.score, judged.targets, outputs, units=units, seed=seed)
    except UndefinedMeasure:
        return None
