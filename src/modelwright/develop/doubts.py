"""Which labels would a second look change? A queue for a person, never a correction (section 6.1.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.folds import Folds, folds_of
from modelwright.records import Bench, Desk, Finding, Run, Study, Verdict, step
from modelwright.statistics.label_errors import likely_errors

CODE = "MW113"
TITLE = "Labels worth a second look"
QUESTION = "Are the labels right?"

MAX_LINES = 20
WARNING_SHARE = 0.02
"""From this share of doubted labels on a model's last points of accuracy are about the labels."""


@step(version=1)
def doubt_labels(desk: Desk, bench: Bench, baseline: Study) -> Verdict:
    """Hold the labels against what a simple model says of rows it was not trained on.

    Args:
        baseline: its linear model's validation predictions are read; rows of the test part are not.

    Source:
        Northcutt, Athalye and Mueller 2021, "Pervasive label errors in test sets".
    """
    folds = folds_of(desk, bench)
    run = _linear(baseline)
    if not bench.dataset.classes or run is None:
        why = "the target is a number" if not bench.dataset.classes else "no linear model was trained"
        return Verdict(question=QUESTION, answer="unclear", reason=why, not_applicable=(f"{CODE}: {why}",))
    outputs: NDArray[np.float64] = desk.read(run.predictions)
    rows = np.flatnonzero(np.isfinite(outputs[:, 0, 0]))
    probabilities = np.nanmean(outputs[rows], axis=1)
    doubted = rows[likely_errors(folds.answers[rows], probabilities)]
    desk.note(f"{len(doubted):,} labels worth a second look", rows=len(rows))
    if not len(doubted):
        return Verdict(question=QUESTION, answer="yes", reason="a simple model doubts none of them")
    finding = _finding(desk, folds, run, rows, doubted)
    return Verdict(question=QUESTION, answer="unclear", reason=finding.message, findings=(finding,))


def _linear(baseline: Study) -> Run | None:
    return next((run for run in baseline.runs if run.recipe.family == "linear"), None)


def _finding(
    desk: Desk, folds: Folds, run: Run, rows: NDArray[np.int64], doubted: NDArray[np.int64]
) -> Finding:
    bench = folds.bench
    lines: NDArray[np.int64] = desk.read(bench.dataset.lines)
    share = len(doubted) / len(rows)
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning" if share >= WARNING_SHARE else "info",
        columns=bench.task.targets,
        message=f"{len(doubted):,} of {len(rows):,} labels are worth a second look, says "
        f"{run.recipe.name} ({share:.1%})",
        evidence=(
            "another class is at least as probable as it usually is for rows of that class",
            f"the model scores {bench.measure.title} {run.score} on these rows; where it is weak, so are its "
            "doubts",
        ),
        lines=tuple(int(line) for line in lines[doubted[:MAX_LINES]]),
        advice="Look at these lines, the most doubtful first, and mend what is wrong where it was written. "
        "Nothing was changed: a doubt is no proof, and rows that are hard and right are what a model learns "
        "most from.",
    )
