"""Which rows nobody looks at until the end: the test part, set aside before anything else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.dealing import deal
from modelwright.develop.ground import (
    MIN_CLASS_UNITS,
    MIN_UNITS,
    Ground,
    Rows,
    require_development,
    short_of_rows,
)
from modelwright.errors import DataError

MOST_DROPPED = 0.5
"""If more of the training rows than this share their features with a test row, that is no leak but a
coarse table, and they are kept."""

LEAST_SEALED_SHARE = 0.5
"""Rows sealed before are enough while they are half of what the task asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The test part.

    Args:
        test: the sealed rows. development: the rows left to use, neither sealed nor dropped.
    """

    test: Rows
    development: Rows
    reason: str


def seal(ground: Ground, generator: np.random.Generator, again: NDArray[np.bool_] | None = None) -> Sealed:
    """Set the test part aside: as the task names it, the latest rows, or a random stratified share.

    Args:
        again: bool (rows,): rows that were sealed before. They stay sealed, whatever else is chosen; no
            others are drawn beside them while they are enough.

    Raises:
        DataError: the rows are too few, or too much of one class, group or time.
    """
    before = np.flatnonzero(again) if again is not None else np.empty(0, dtype=np.int64)
    if len(before):
        sealed = _sealed_before(ground, before, generator)
    elif ground.given is not None:
        sealed = _given(ground, ground.given)
    elif ground.times is not None:
        sealed = _latest(ground, ground.times)
    else:
        sealed = _random(ground, generator)
    if len(sealed.test) == 0:
        raise short_of_rows("test on", 0)
    require_development(ground, sealed.development)
    return Sealed(
        test=sealed.test,
        development=sealed.development,
        reason=sealed.reason + _classes_apart(ground, sealed),
    )


def _sealed_before(ground: Ground, before: Rows, generator: np.random.Generator) -> Sealed:
    """The rows sealed before, with those that the task names, or as many more as its share asks for."""
    test, said = before, f"{len(before):,} rows were sealed before, and stay sealed"
    wanted = ground.task.test.fraction * ground.rows
    if ground.given is not None:
        test = np.union1d(before, ground.given)
        said += f", as do the {len(ground.given):,} that the task names" if len(test) > len(before) else ""
    elif len(before) < LEAST_SEALED_SHARE * wanted:
        fresh = _more(ground, before, wanted, generator)
        test = np.union1d(before, fresh)
        said += f"; {len(fresh):,} new rows are sealed with them"
    rest = np.setdiff1d(np.arange(ground.rows), test)
    alike = np.isin(ground.units.numbers[rest], ground.units.numbers[test])
    return Sealed(test=test, development=rest[~alike], reason=said + _dropped(ground, int(alike.sum())))


def _more(ground: Ground, before: Rows, wanted: float, generator: np.random.Generator) -> Rows:
    """Rows to seal beside those sealed before: the latest where rows have a time, else drawn at random."""
    free = np.setdiff1d(np.arange(ground.rows), before)
    free = free[~np.isin(ground.units.numbers[free], ground.units.numbers[before])]
    missing = min(0.5, (wanted - len(before)) / max(len(free), 1))
    if ground.times is not None:
        times = ground.times[free]
        return free[times >= np.nanquantile(times, 1.0 - missing)]
    shares = np.array([1.0 - missing, missing])
    return free[deal(ground.units.numbers[free], ground.strata[free], shares, generator) == 1]


def _given(ground: Ground, test: Rows) -> Sealed:
    rest = np.setdiff1d(np.arange(ground.rows), test)
    alike = np.isin(ground.units.numbers[rest], ground.units.numbers[test])
    said = f"the task names {len(test):,} test rows"
    if alike.mean() > MOST_DROPPED and not ground.units.grouped:
        said += (
            f"; {alike.mean():.0%} of the other rows have the features of a test row: too many to be "
            "copies, so they are kept"
        )
        return Sealed(test=test, development=rest, reason=said)
    return Sealed(test=test, development=rest[~alike], reason=said + _dropped(ground, int(alike.sum())))


def _latest(ground: Ground, times: NDArray[np.float64]) -> Sealed:
    known = np.flatnonzero(~np.isnan(times))
    fraction = ground.task.test.fraction
    moments, counts = np.unique(times[known], return_counts=True)
    if len(moments) < 2:
        raise DataError(
            where=f"time column {ground.task.time}",
            expected="rows of at least two moments, to train on the earlier and test on the later",
            received=f"{len(moments)} moments in {ground.rows:,} rows",
            do_this="Name another time column, or none for a random test part.",
        )
    later = len(known) - np.cumsum(counts)[:-1]
    cut = moments[1:][np.argmin(np.abs(later - fraction * len(known)))]
    test, earlier = known[times[known] >= cut], known[times[known] < cut]
    alike = np.isin(ground.units.numbers[earlier], ground.units.numbers[test])
    said = f"the latest {len(test):,} rows by {ground.task.time} ({len(test) / len(known):.0%})"
    if len(known) < ground.rows:
        said += f"; {ground.rows - len(known):,} rows without a time are not used"
    return Sealed(test=test, development=earlier[~alike], reason=said + _dropped(ground, int(alike.sum())))


def _random(ground: Ground, generator: np.random.Generator) -> Sealed:
    _require_units(ground)
    fraction = ground.task.test.fraction
    shares = np.array([1.0 - fraction, fraction])
    is_test = deal(ground.units.numbers, ground.strata, shares, generator) == 1
    _give_what_lacks(ground, is_test, generator)
    test, rest = np.flatnonzero(is_test), np.flatnonzero(~is_test)
    by = "class" if ground.dataset.classes else "value of the target"
    said = f"a random {len(test) / ground.rows:.0%} ({len(test):,} rows), each {by} in its share"
    if ground.units.count < ground.rows:
        said += ", rows of one group or that are copies kept together"
    return Sealed(test=test, development=rest, reason=said)


def _give_what_lacks(ground: Ground, is_test: NDArray[np.bool_], generator: np.random.Generator) -> None:
    """See that a small test part has two units, and both of two classes, while enough are left."""
    numbers = ground.units.numbers
    for position in range(len(ground.dataset.classes) if ground.binary else 0):
        held = ground.answers == position
        if held.any() and not (held & is_test).any():
            _move_one(numbers, held & ~is_test, is_test, generator)
    while len(np.unique(numbers[is_test])) < 2:
        _move_one(numbers, ~is_test, is_test, generator)


def _move_one(
    numbers: NDArray[np.int64],
    candidates: NDArray[np.bool_],
    is_test: NDArray[np.bool_],
    generator: np.random.Generator,
) -> None:
    """Move one of the smallest candidate units into the test part."""
    held, sizes = np.unique(numbers[candidates], return_counts=True)
    moved = generator.choice(held[sizes == sizes.min()])
    is_test[numbers == moved] = True


def _require_units(ground: Ground) -> None:
    every = np.arange(ground.rows)
    if ground.units.count < MIN_UNITS:
        raise DataError(
            where=f"group {ground.task.group}" if ground.units.grouped else "rows of the data set",
            expected=f"at least {MIN_UNITS} units (a group, or rows with the same features, is one)",
            received=f"{ground.units.count} in {ground.rows:,} rows",
            do_this="Bring more groups or distinct rows, or leave the group out if rows are independent.",
        )
    if not ground.binary or len(np.unique(ground.answers)) < 2:
        return  # one class is told by `require_development`
    held = ground.class_units(every)
    rare = int(np.argmin(held))
    if held[rare] < MIN_CLASS_UNITS:
        raise DataError(
            where=f"target {ground.task.targets[0]}",
            expected=f"at least {MIN_CLASS_UNITS} units of each class: to train, validate and test on",
            received=f"{held[rare]} of class {ground.dataset.classes[rare]!r}",
            do_this="Bring more rows of that class (a group, or rows with the same features, is one unit).",
        )


def _dropped(ground: Ground, rows: int) -> str:
    if rows == 0:
        return ""
    why = "share a group or all features with" if ground.units.grouped else "have the very features of"
    near = ", or nearly so" if ground.units.near else ""
    return f"; {rows:,} other rows {why} a test row{near}, and are not used"


def _classes_apart(ground: Ground, sealed: Sealed) -> str:
    """In words, the classes that only one side has."""
    if not ground.dataset.classes:
        return ""
    trained, tested = np.unique(ground.answers[sealed.development]), np.unique(ground.answers[sealed.test])
    only_tested, only_trained = np.setdiff1d(tested, trained), np.setdiff1d(trained, tested)
    said = ""
    if len(only_tested):
        said += f"; {ground.names(only_tested)} occurs in the test part only, and cannot be learnt"
    if len(only_trained):
        said += f"; the test part has no {ground.names(only_trained)}"
    return said
