"""How often was validation looked at, and what is the best score worth after that (sections 5.2 and 6.2)?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.folds import folds_of, outputs_on
from modelwright.errors import UndefinedMeasure
from modelwright.records import Account, Bench, Desk, Run, Study, digest, step
from modelwright.statistics.measures import measure_function
from modelwright.statistics.picking import corrected_for_picking
from modelwright.statistics.resampling import part_of


@step(version=1)
def count_looks(
    desk: Desk, bench: Bench, tuned: Study, runs: tuple[Run, ...], *, compared: int = 0
) -> Account:
    """Count every look at the bench's validation rows, and correct the best score for them.

    Every tuning of a choice by its validation score leaks a little of the validation rows into the model;
    the score reported is then that of the luckiest of many.

    Args:
        tuned: holds the chosen run, whose score is corrected.
        runs: every run made on this bench, in whatever study and session.
        compared: models compared on the bench's rows besides.

    Not corrected for: how long trees and networks trained, which the rows they are scored on decided.

    Returns:
        The corrected score is the raw one, and says so, where rows are too few to pick again on some of them.

    Source:
        Deep Learning with Python, 2nd ed., section 5.2.1 ("information leaks"); Cawley and Talbot 2010, "On
        over-fitting in model selection and subsequent selection bias in performance evaluation".
    """
    folds = folds_of(desk, bench)
    chosen = tuned.best
    rows = _judged_rows(desk.read(chosen.predictions), folds.units, bench.protocol.seed)
    judged = [outputs_on(desk, run, rows) for run in _different(runs, chosen)]
    candidates = [outputs for outputs in judged if outputs is not None]
    try:
        corrected = corrected_for_picking(
            measure_function(bench.measure, bench.dataset.classes),
            folds.answers[rows],
            candidates,
            raw=chosen.score,
            goal=bench.measure.goal,
            units=folds.units[rows],
            seed=bench.protocol.seed,
        )
    except UndefinedMeasure as problem:
        corrected = replace(chosen.score, method=f"{chosen.score.method}; not corrected: {problem.received}")
    looks = len(_different(runs, chosen)) + compared
    desk.note(f"{looks} candidates scored on validation rows", corrected=corrected.value)
    return Account(
        bench=digest(bench), looks=looks, candidates=len(candidates), raw=chosen.score, corrected=corrected
    )


def _different(runs: tuple[Run, ...], chosen: Run) -> list[Run]:
    """Each recipe once, the chosen one among them."""
    return list({digest(run.recipe): run for run in (*runs, chosen)}.values())


def _judged_rows(outputs: Any, units: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The rows the chosen run was judged on, or a random part of them: as many as the correction reads."""
    rows = np.flatnonzero(np.isfinite(outputs[:, 0, 0]))
    part, _ = part_of(units[rows], seed)
    return rows if part is None else rows[part]
