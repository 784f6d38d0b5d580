"""Is there anything here to be learnt? (section 6.1.1: "your hypotheses are just that")"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.folds import folds_of
from modelwright.errors import UndefinedMeasure
from modelwright.records import Bench, Desk, Run, Verdict, number_text, step
from modelwright.statistics.measures import measure_function
from modelwright.statistics.permutation import ALPHA, Association, association

QUESTION = "Can the target be learnt from these inputs?"
ASKED = ("linear",)
"""Families of models that ask no validation row when to stop training."""

Outputs = NDArray[np.float64]


@step(version=1)
def judge_learnable(desk: Desk, bench: Bench, runs: tuple[Run, ...]) -> Verdict:
    """Whether a trained model answers better than chance, and what would have been found.

    Args:
        runs: candidates judged on the bench's validation rows. Those that stop training by these rows (trees,
            networks) are not asked.

    Returns:
        "yes" where the best linear model answers better than 19 in 20 deals of the targets; else "unclear",
        with the score that would have been found 19 times in 20.

    Source:
        Deep Learning with Python, 2nd ed., sections 6.1.1 and 6.2.4.
    """
    folds = folds_of(desk, bench)
    rows = folds.developed
    candidates = [outputs for run in runs if (outputs := _on(desk, run, rows)) is not None]
    if not candidates:
        return Verdict(
            question=QUESTION,
            answer="unclear",
            reason="no linear model was trained on all splits",
        )
    order = _in_time(desk, bench, rows)
    try:
        found = association(
            measure_function(bench.measure, bench.dataset.classes),
            folds.answers[rows][order],
            [outputs[order] for outputs in candidates],
            goal=bench.measure.goal,
            units=folds.units[rows][order],
            seed=bench.protocol.seed,
            in_order=bench.protocol.kind == "forward",
        )
    except UndefinedMeasure as problem:
        return Verdict(question=QUESTION, answer="unclear", reason=f"too few rows: {problem.received}")
    answer: Literal["yes", "unclear"] = "yes" if found.chance <= ALPHA else "unclear"
    return Verdict(question=QUESTION, answer=answer, reason=_words(bench, found, len(candidates)))


def _on(desk: Desk, run: Run, rows: NDArray[np.int64]) -> Outputs | None:
    """A run's outputs on these rows, (rows, repeats, outputs); None where it lacks any.

    None, too, where these rows told it when to stop: that alone fits them a little, and targets dealt anew
    would not show it.
    """
    if run.recipe.family not in ASKED:
        return None
    outputs: Outputs = desk.read(run.predictions)[rows]
    outputs = outputs[:, np.isfinite(outputs[0, :, 0])]
    return outputs if outputs.shape[1] and np.isfinite(outputs).all() else None


def _in_time(desk: Desk, bench: Bench, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of the rows in order of the task's time; as they stand where it has none."""
    if bench.task.time is None:
        return np.arange(len(rows))
    table: Any = desk.read(bench.dataset.table)
    return table[bench.task.time][rows].arg_sort().to_numpy().astype(np.int64)


def _asked(candidates: int) -> str:
    return "a linear model" if candidates == 1 else f"the best of {candidates} linear models"


def _words(bench: Bench, found: Association, candidates: int) -> str:
    title = bench.measure.title
    better = "below" if bench.measure.goal == "minimise" else "above"
    said = (
        f"{_asked(candidates)} has {title} {number_text(found.observed)}; dealt at random, "
        f"the targets give {number_text(found.usual)} on average, and as good a score in {found.chance:.1%} "
        "of the deals"
    )
    if found.chance <= ALPHA:
        return said
    return (
        f"{said}. With these {found.rows:,} rows a {title} {better} {number_text(found.detectable)} would "
        f"have been found with {found.power:.0%} probability"
    )
