"""Is there anything here to be learnt? (section 6.1.1: "your hypotheses are just that")"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.evaluating import LENGTHS
from modelwright.develop.folds import Outputs, Rows, folds_of, outputs_on
from modelwright.errors import UndefinedMeasure
from modelwright.records import Bench, Desk, Run, Verdict, number_text, step
from modelwright.statistics.measures import measure_function
from modelwright.statistics.permutation import ALPHA, Association, association
from modelwright.statistics.skill import right_answers, score_found

QUESTION = "Can the target be learnt from these inputs?"

UNTRAINED = ("prior", "existing")

POWER = 0.95

SLIGHT = 0.1
"""Of the way from what chance gives to a perfect score. Where so slight a skill would have been found, and
none was, the answer is no; where only a greater one would, it is open."""


@step(version=4)
def judge_learnable(desk: Desk, bench: Bench, runs: tuple[Run, ...]) -> Verdict:
    """Whether a trained model answers better than chance, and what would have been found.

    Args:
        runs: candidates judged on the bench's validation rows. The first of each family is asked: later ones
            were chosen by how those before them did. Where validation is a single split, the ones that it
            told when to stop training (trees, networks) are not asked: that alone fits it a little, and
            targets dealt anew would not show it.

    Returns:
        "yes" where the best model answers better than 97 in 100 deals of the targets; "no" where none does,
        though a slight skill would have been found 19 times in 20; else "unclear", with the score that would
        have been.

    Source:
        Deep Learning with Python, 2nd ed., sections 6.1.1 and 6.2.4.
    """
    folds = folds_of(desk, bench)
    rows = folds.developed
    candidates = _asked(desk, runs, rows, splits=len(folds))
    if not candidates:
        return Verdict(question=QUESTION, answer="unclear", reason="no model was trained on all splits")
    order = _in_time(desk, bench, rows)
    targets, units = folds.answers[rows][order], folds.units[rows][order]
    try:
        found = association(
            measure_function(bench.measure, bench.dataset.classes),
            targets,
            [outputs[order] for outputs in candidates],
            goal=bench.measure.goal,
            units=units,
            seed=bench.protocol.seed,
            in_order=bench.protocol.kind == "forward",
            mutual=bench.protocol.mutual,
        )
    except UndefinedMeasure as problem:
        return Verdict(question=QUESTION, answer="unclear", reason=f"too few rows: {problem.received}")
    said = _words(bench, found, len(candidates))
    if found.chance <= ALPHA:
        return Verdict(question=QUESTION, answer="yes", reason=said)
    findable, of_the_way = _findable(bench, found, targets, units, outputs=candidates[0].shape[-1])
    return Verdict(
        question=QUESTION,
        answer="no" if 0 <= of_the_way <= SLIGHT else "unclear",
        reason=f"{said}. {_findable_words(bench, found, findable)}",
    )


def _findable(
    bench: Bench, found: Association, targets: NDArray[Any], units: NDArray[np.int64], *, outputs: int
) -> tuple[float, float]:
    """The score that would have been found, and how far it lies from chance to perfect, 0 to 1."""
    score = measure_function(bench.measure, bench.dataset.classes)
    read = targets[found.rows]
    findable = score_found(
        score,
        read,
        outputs,
        goal=bench.measure.goal,
        border=found.border,
        units=units[found.rows],
        seed=bench.protocol.seed,
        in_order=bench.protocol.kind == "forward",
        mutual=bench.protocol.mutual,
        power=POWER,
    )
    whole = score(read, right_answers(read, outputs)) - found.usual
    return findable, (findable - found.usual) / whole if whole else 1.0


def _asked(desk: Desk, runs: tuple[Run, ...], rows: Rows, *, splits: int) -> list[Outputs]:
    """The outputs of the first run of each family, and of each of the user's models, that has them all."""
    found: dict[tuple[str, ...], Outputs] = {}
    for run in runs:
        recipe = run.recipe
        kind = (recipe.family, recipe.code, recipe.function)
        stopped_by_rows = splits == 1 and recipe.family in LENGTHS
        if recipe.family in UNTRAINED or stopped_by_rows or kind in found:
            continue
        outputs = outputs_on(desk, run, rows)
        if outputs is not None:
            found[kind] = outputs
    return list(found.values())


def _in_time(desk: Desk, bench: Bench, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of the rows in order of the task's time; as they stand where it has none."""
    if bench.task.time is None:
        return np.arange(len(rows))
    table: Any = desk.read(bench.dataset.table)
    return table[bench.task.time][rows].arg_sort().to_numpy().astype(np.int64)


def _best_of(candidates: int) -> str:
    return "the one model asked" if candidates == 1 else f"the best of {candidates} models"


def _words(bench: Bench, found: Association, candidates: int) -> str:
    return (
        f"{_best_of(candidates)} has {bench.measure.title} {number_text(found.observed)}; dealt at random, "
        f"the targets give {number_text(found.usual)} on average, and as good a score in {found.chance:.1%} "
        "of the deals"
    )


def _findable_words(bench: Bench, found: Association, findable: float) -> str:
    better = "below" if bench.measure.goal == "minimise" else "above"
    return (
        f"With these {len(found.rows):,} rows a {bench.measure.title} {better} {number_text(findable)} would "
        f"have been found with {POWER:.0%} probability"
    )
