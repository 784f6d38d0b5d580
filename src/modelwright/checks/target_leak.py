"""MW102: does a column give the target away?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.formulas import find_sum
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, quoted
from modelwright.checks.single_column import (
    MAX_CLASSES,
    codes_of,
    indicators,
    out_of_fold,
    sampled,
    sampled_classes,
)
from modelwright.errors import UndefinedMeasure
from modelwright.records import Column, Estimate, Finding
from modelwright.statistics.intervals import bootstrap
from modelwright.statistics.measures import BUILT_IN, Score, measure_function

CODE: str = "MW102"
TITLE: str = "Target leak"

MIN_ROWS = 50
MIN_CLASS_ROWS = 5
"""With less, one column of many looks perfect by luck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one column's score alone must reach to be reported, and to be grave.

    Args:
        least: the least the 95% interval may reach down to, so that luck is not reported.
    """

    warning: float
    serious: float
    least: float


AUC_LIMITS = Limits(warning=0.98, serious=0.995, least=0.9)
"""ROC AUC. What is known only afterwards reaches 1 (IMDB's rating, TalkingData's attributed_time); the best
honest columns measured have 0.95 (card fraud's V14, TalkingData's app). A perfect column of 35 positive rows
is just certain enough to be reported: Wilson's interval then begins at 0.90."""

R2_LIMITS = Limits(warning=0.9, serious=0.99, least=0.8)
"""R2. Measured: `registered`, eight tenths of the bicycles counted, has 0.95; the best honest column has 0.59
(Boston's LSTAT)."""


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
    limits: Limits


def look(inspection: Inspection) -> Outcome:
    """Columns, or exact sums of columns, that answer nearly perfectly alone; test rows are not read."""
    columns = [c for c in inspection.features if c.role != "text"]
    declared = _declared(inspection)
    table = inspection.known
    judged = _judged(inspection, table)
    if not columns:
        judged = NotApplicable("no column but free text, which is the model's to read")
    if isinstance(judged, NotApplicable):
        return tuple(declared) or judged
    findings = declared
    for one in judged:
        sums = [] if inspection.dataset.classes else _sums(table, one.name, columns)
        summed = {name for finding in sums for name in finding.columns}
        alone = [column for column in columns if column.name not in summed]
        findings += [*sums, *_alone(inspection, table, one, alone)]
    return tuple(findings)


def _declared(inspection: Inspection) -> list[Finding]:
    """Columns read though the task itself says that they are known only after the answer."""
    late = {entry.name for entry in inspection.task.inputs if entry.known_at == "after"}
    names = tuple(column.name for column in inspection.features if column.name in late)
    if not names:
        return []
    return [
        Finding(
            code=CODE,
            title="Known only after the answer",
            severity="serious",
            columns=names,
            message=f"{quoted(names)}: read by the model, yet known only after the answer is needed",
            evidence=('known_at = "after" under [inputs] in task.toml',),
            advice=f"Leave them out: {' '.join(f'--ignore {name}' for name in names)}.",
        )
    ]


def _judged(inspection: Inspection, table: polars.DataFrame) -> list[Judged] | NotApplicable:
    """Each target with its rows and measure."""
    if table.height < MIN_ROWS:
        return NotApplicable(f"fewer than {MIN_ROWS} rows to judge by")
    if inspection.dataset.classes:
        return _judged_classes(inspection, table)
    rows = sampled(table.height, inspection.seed)
    return [_judged_number(table, name, rows) for name in inspection.task.targets]


def _judged_classes(inspection: Inspection, table: polars.DataFrame) -> list[Judged] | NotApplicable:
    name = inspection.task.targets[0]
    words = table[name].cast(polars.String)
    counts = words.value_counts(name="rows", sort=True).head(MAX_CLASSES)
    frequent = {word for word, count in counts.iter_rows() if count >= MIN_CLASS_ROWS}
    order = [word for word in inspection.dataset.classes if word in frequent]
    if len(order) < 2:
        return NotApplicable(f"fewer than two classes with {MIN_CLASS_ROWS} rows to judge by")
    place = {word: index for index, word in enumerate(order)}
    every = np.array([place.get(word, -1) for word in words.to_list()], dtype=np.int64)
    rows = sampled_classes(every, inspection.seed)
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
            limits=AUC_LIMITS,
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
        limits=R2_LIMITS,
    )


def _measure(name: str, classes: Sequence[str] = ()) -> tuple[str, Score]:
    definition = BUILT_IN[name]
    return definition.title, measure_function(definition.chosen("the target's kind"), classes)


def _alone(
    inspection: Inspection, table: polars.DataFrame, judged: Judged, columns: list[Column]
) -> list[Finding]:
    """Columns whose score alone, with its whole interval, is too good."""
    findings: list[Finding] = []
    for column in columns:
        score = _score(table[column.name], judged, inspection.seed)
        if score is not None and score.low >= judged.limits.least:
            findings.append(_leak(column, judged, score))
    return findings


def _score(values: polars.Series, judged: Judged, seed: int) -> Estimate | None:
    """One column's score with its interval; None where it is too low to matter or has no value."""
    outputs = out_of_fold(codes_of(values[judged.rows]), judged.answers, seed)
    units = np.arange(len(judged.rows))
    try:
        # targets near the end of what a float64 holds have no R2: told by UndefinedMeasure
        with np.errstate(over="ignore", invalid="ignore"):
            if judged.score(judged.targets, outputs) < judged.limits.warning:
                return None
            return bootstrap(judged.score, judged.targets, outputs, units=units, seed=seed)
    except UndefinedMeasure:
        return None


def _leak(column: Column, judged: Judged, score: Estimate) -> Finding:
    title = judged.title
    return Finding(
        code=CODE,
        title=TITLE,
        severity="serious" if score.value >= judged.limits.serious else "warning",
        columns=(column.name,),
        message=f"`{column.name}` alone nearly gives `{judged.name}` away: {title} {score.value:.3f}",
        evidence=(
            f"{title} {score.value:.4f} ({score.level:.0%} interval {score.low:.4f} to {score.high:.4f}) "
            "from this column alone, each row answered by rows of other folds",
            f"judged on {len(judged.rows):,} rows; from {judged.limits.warning:g} on it is reported",
        ),
        advice=f"Ask when `{column.name}` is known. If only after the answer, leave it out "
        f"(--ignore {column.name}, or add it to ignore in task.toml). "
        "If before, a lookup answers without a model.",
    )


def _sums(table: polars.DataFrame, target: str, columns: list[Column]) -> list[Finding]:
    """The target as an exact sum of a few columns."""
    names = [column.name for column in columns if column.dtype == "number"]
    formula = find_sum(table.select(names), table[target].cast(polars.Float64))
    if formula is None:
        return []
    parts = tuple(formula.weights)
    return [
        Finding(
            code=CODE,
            title="Target is a sum of columns",
            severity="serious",
            columns=parts,
            message=f"{quoted(parts)} give `{target}` away: {formula.spelled(target)}",
            evidence=(f"{formula.spelled(target)}, exactly, in all {formula.rows:,} rows that have them",),
            advice="A formula needs no model. If these columns are known only after the answer, leave them "
            f"out: {' '.join(f'--ignore {name}' for name in parts)}.",
        )
    ]
