"""One candidate on one bench: train it in every split, predict what it did not see, score it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.common_sense import untrained_answers
from modelwright.develop.folds import CACHED_BYTES, Fold, Folds, folds_of
from modelwright.engine.budget import remaining_seconds
from modelwright.engine.folds import Part
from modelwright.engine.predicting import predict
from modelwright.engine.trained import Trained
from modelwright.engine.training import TOGETHER, train_parts
from modelwright.errors import ModelError, UndefinedMeasure
from modelwright.records import Bench, Comparison, Desk, Estimate, Failure, Recipe, Run, step
from modelwright.statistics.intervals import LEVEL, bootstrap, paired_bootstrap
from modelwright.statistics.measures import Score, measure_function

Outputs = NDArray[np.float64]

LENGTHS = {"trees": "trees", "network": "epochs", "yours": "epochs"}
"""Families that validation rows tell when to stop, and the choice that says how long they train without."""


class OutOfTimeError(Exception):
    """The budget ended inside a candidate: what it has is not what it would have had; not recorded."""


@step(version=5)
def evaluate(desk: Desk, bench: Bench, recipe: Recipe, *, splits: int | None = None) -> Run:
    """Train `recipe` in every split of the bench and score its validation predictions.

    What stops by validation loss is trained twice: once to see how long on average over the splits, and, for
    the score, that long in each. A split stopped at its own best epoch is scored on rows that it was fitted
    to a little (of targets dealt at random it seems to learn something), and the final model knows no such
    epoch either. A single split is scored as it was stopped.

    Args:
        splits: only the first so many.

    Raises:
        ModelError: the candidate's code failed or its training diverged.
        OutOfTimeError: the time budget ended before it was done.

    Source: Deep Learning with Python, 2nd ed., section 4.3.4 (the mean over folds says how many epochs).
    """
    folds = folds_of(desk, bench)
    score = measure_function(bench.measure, bench.dataset.classes)
    known = untrained_answers(desk, folds, recipe)
    indices = range(splits or len(folds))
    if known is None:
        stopped = _trained(folds, indices, recipe, stopping=True)
        members = stopped if len(indices) == 1 else _settled(folds, indices, recipe, stopped)
        parts = [_judged(folds.fold(index), one, score) for index, one in zip(indices, members, strict=True)]
    else:
        stopped = []
        parts = [_looked_up(folds, index, known, score) for index in indices]
    outputs = np.full((bench.protocol.repeats, folds.splits.shape[1], folds.target.outputs), np.nan)
    for index, part in enumerate(parts):
        outputs[index // bench.protocol.folds, part.rows] = part.outputs
    by_row = np.moveaxis(outputs, 0, 1)
    train_scores = [value for part in parts for value in part.train_score]
    return Run(
        recipe=recipe,
        score=_estimate(folds, score, by_row, recipe.seed),
        fold_scores=tuple(value for part in parts for value in part.fold_score),
        train_score=float(np.mean(train_scores)) if train_scores else None,
        predictions=desk.keep(by_row, "array"),
        curves=_curves(desk, stopped),
        parameters=stopped[0].parameters if stopped else 0,
        best_epochs=_mean_length(stopped) if stopped else 0,
        notes=tuple(dict.fromkeys(note for member in stopped for note in member.notes)),
    )


def evaluate_or_fail(desk: Desk, bench: Bench, recipe: Recipe) -> Run | Failure:
    """`evaluate`, once; a candidate that breaks becomes a `Failure` and harms no other."""
    try:
        return desk.once(evaluate, bench, recipe)
    except ModelError as error:
        return Failure(recipe=recipe, reason=str(error))


def compare(desk: Desk, bench: Bench, challenger: Run, champion: Run, *, picked_of: int = 1) -> Comparison:
    """Is the challenger better? By the interval of the paired difference over the same rows.

    Args:
        picked_of: candidates of which the challenger scored best. The interval is as much wider as makes all
            of theirs hold at once (Bonferroni), so that the best of forty models that know nothing is called
            better no oftener than one alone.
    """
    level = round(1 - (1 - LEVEL) / picked_of, 4)
    difference = gain(desk, bench, challenger, champion, level=level)
    return Comparison(
        challenger=challenger.recipe.name,
        champion=champion.recipe.name,
        difference=difference,
        better=difference.low > 0,
    )


def gain(desk: Desk, bench: Bench, later: Run, earlier: Run, *, level: float = LEVEL) -> Estimate:
    """How much better `later` scores on the rows that both were judged on; positive is better."""
    folds = folds_of(desk, bench)
    rows = folds.developed
    return paired_bootstrap(
        measure_function(bench.measure, bench.dataset.classes),
        folds.answers[rows],
        desk.read(later.predictions)[rows],
        desk.read(earlier.predictions)[rows],
        goal=bench.measure.goal,
        units=folds.units[rows],
        seed=bench.protocol.seed,
        mutual=bench.protocol.mutual,
        level=level,
    )


def best_index(bench: Bench, runs: Sequence[Run]) -> int:
    """The position of the run with the best score; the first of equals."""
    sign = 1.0 if bench.measure.goal == "maximise" else -1.0
    return int(np.argmax([sign * run.score.value for run in runs]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One split's outcome: validation answers for `rows`, and scores where they are defined."""

    rows: NDArray[np.int64]
    outputs: Outputs
    fold_score: list[float]
    train_score: list[float]


def _looked_up(folds: Folds, index: int, known: Outputs, score: Score) -> _Part:
    training, rows = (np.flatnonzero(folds.splits[index] == use) for use in (1, 2))
    return _Part(
        rows=rows,
        outputs=known[rows],
        fold_score=_defined(score, folds.answers[rows], known[rows]),
        train_score=_defined(score, folds.answers[training], known[training]),
    )


def of_length(recipe: Recipe, length: int) -> Recipe:
    """The recipe with its number of trees or epochs fixed, where it has one that validation rows decide."""
    if length < 1 or recipe.family not in LENGTHS:
        return recipe
    return replace(recipe, choices={**recipe.choices, LENGTHS[recipe.family]: length})


def _settled(folds: Folds, indices: range, recipe: Recipe, stopped: list[Trained]) -> list[Trained]:
    """Every split trained as long as was best on average over all of them."""
    settled = of_length(recipe, _mean_length(stopped))
    return stopped if settled is recipe else _trained(folds, indices, settled, stopping=False)


def _mean_length(members: list[Trained]) -> int:
    return round(float(np.mean([member.best_epochs for member in members])))


def _trained(folds: Folds, indices: range, recipe: Recipe, *, stopping: bool) -> list[Trained]:
    """Every split trained: networks on as many splits at once as memory is meant to hold."""
    together = recipe.family in TOGETHER and folds.size_bytes(indices) <= CACHED_BYTES
    batches = [list(indices)] if together else [[index] for index in indices]
    members: list[Trained] = []
    for batch in batches:
        parts = [_shown(folds.fold(index), stopping=stopping) for index in batch]
        members += train_parts(recipe, folds.target, parts)
        if remaining_seconds() <= 0:
            raise OutOfTimeError
    return members


def _shown(fold: Fold, *, stopping: bool) -> Part:
    return Part(
        training=fold.training,
        answers=fold.answers,
        validation=fold.validation if stopping else None,
        validation_answers=fold.validation_answers if stopping else None,
    )


def _judged(fold: Fold, member: Trained, score: Score) -> _Part:
    outputs = predict(member, fold.validation)
    return _Part(
        rows=fold.rows,
        outputs=outputs,
        fold_score=_defined(score, fold.validation_answers, outputs),
        train_score=_defined(score, fold.answers, predict(member, fold.training)),
    )


def _defined(score: Score, targets: NDArray[Any], outputs: Outputs) -> list[float]:
    """The score in a list, or no score where these rows give the measure no value (a one-class fold)."""
    try:
        return [score(targets, outputs)]
    except UndefinedMeasure:
        return []


def _estimate(folds: Folds, score: Score, by_row: Outputs, seed: int) -> Estimate:
    rows = np.flatnonzero(np.isfinite(by_row[:, 0, 0]))
    repeats = by_row[rows][:, np.isfinite(by_row[rows[0], :, 0])]
    return bootstrap(score, folds.answers[rows], repeats, units=folds.units[rows], seed=seed)


def _curves(desk: Desk, trained: list[Trained]) -> Any:
    """The mean training and validation loss over the splits, as far as the shortest goes."""
    curves = [member.curves for member in trained if member.curves is not None]
    if not curves:
        return None
    shortest = min(len(curve) for curve in curves)
    mean = np.mean([curve[:shortest] for curve in curves], axis=0)
    return desk.keep(mean.astype(np.float32), "array")
