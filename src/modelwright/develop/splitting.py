"""Development rows parted into training and validation rows: holdout, K-fold, or forward in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.dealing import deal
from modelwright.develop.ground import Ground, Rows
from modelwright.errors import DataError

TRAINS, VALIDATES = 1, 2
"""What `Protocol.splits` says of a row; 0 is not used."""
Splits = NDArray[np.int8]
FIRST_TRAINING_SHARE = 0.5
"""Forward splits: the earlier half always trains, so that the first split has enough to learn from."""


def k_fold_splits(ground: Ground, rows: Rows, folds: int, generator: np.random.Generator) -> Splits:
    """Each row validates in one of `folds` splits and trains in the others, (folds, rows)."""
    shares = np.full(folds, 1.0 / folds)
    parts = deal(ground.units.numbers[rows], ground.strata[rows], shares, generator)
    splits = np.zeros((folds, ground.rows), dtype=np.int8)
    for fold in range(folds):
        splits[fold, rows] = np.where(parts == fold, VALIDATES, TRAINS)
    return splits


def holdout_split(ground: Ground, rows: Rows, share: float, generator: np.random.Generator) -> Splits:
    """A share of the rows validates, the others train, (1, rows)."""
    shares = np.array([1.0 - share, share])
    parts = deal(ground.units.numbers[rows], ground.strata[rows], shares, generator)
    splits = np.zeros((1, ground.rows), dtype=np.int8)
    splits[0, rows] = np.where(parts == 1, VALIDATES, TRAINS)
    return splits


def forward_splits(ground: Ground, rows: Rows, times: NDArray[np.float64], folds: int) -> Splits:
    """Each split validates on a stretch of time and trains on all before it, (at most folds, rows).

    A training row whose unit also validates is left out of that split, as is a row without a time.
    """
    timed = rows[~np.isnan(times[rows])]
    ordered = np.sort(times[timed])
    places = np.linspace(FIRST_TRAINING_SHARE, 1.0, folds + 1)[:-1]
    cuts = np.unique(ordered[(places * len(ordered)).astype(np.int64)])
    cuts = cuts[cuts > ordered[0]]
    splits = np.zeros((len(cuts), ground.rows), dtype=np.int8)
    for split, start, end in zip(splits, cuts, np.append(cuts[1:], np.inf), strict=True):
        validating = timed[(times[timed] >= start) & (times[timed] < end)]
        training = timed[times[timed] < start]
        numbers = ground.units.numbers
        split[training[~np.isin(numbers[training], numbers[validating])]] = TRAINS
        split[validating] = VALIDATES
    return splits


def learnable(ground: Ground, splits: Splits, *, judged_alone: bool = False) -> tuple[Splits, str]:
    """The splits whose training rows can be learnt from, and what to say of the others.

    Args:
        judged_alone: of two classes, each split's validation rows must have both as well.

    Raises:
        DataError: there are none.
    """
    sides = (TRAINS, VALIDATES) if judged_alone and ground.binary else (TRAINS,)
    keep = [all(_varies(ground, np.flatnonzero(split == side)) for side in sides) for split in splits]
    if not any(keep):
        raise DataError(
            where=f"target {ground.task.targets[0]}",
            expected="rows that differ in their target on both sides of some split at least",
            received="splits whose rows are all of one class or value on one side, or absent",
            do_this="Leave out the group or time column that ties each class to its own rows, "
            "or bring more rows.",
        )
    left_out = len(keep) - sum(keep)
    said = f"; {left_out} splits left out, as one side would be all of one class or value" if left_out else ""
    return splits[np.array(keep)], said


def absent_classes(ground: Ground, splits: Splits, rows: Rows) -> str:
    """In words, the classes that some training part lacks though development has them."""
    if not ground.dataset.classes:
        return ""
    present = np.unique(ground.answers[rows])
    lacking = [np.setdiff1d(present, ground.answers[split == TRAINS]) for split in splits]
    every = np.unique(np.concatenate(lacking))
    return f"; {ground.names(every)} is too rare to be in every training part" if len(every) else ""


def _varies(ground: Ground, training: Rows) -> bool:
    if len(training) < 2:
        return False
    answers = ground.answers[training]
    return bool((np.ptp(answers, axis=0) > 0).all())
