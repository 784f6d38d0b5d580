"""How are candidates compared, and which rows does nobody see (book sections 5.2 and 6.2.2)?"""

from __future__ import annotations

from typing import Literal

import numpy as np

from modelwright.checks.near_copies import MOST_ROWS
from modelwright.develop.ground import Ground, Rows, ground_of
from modelwright.develop.recognition import Recognised, recognise
from modelwright.develop.sealing import seal
from modelwright.develop.splitting import (
    VALIDATES,
    Splits,
    absent_classes,
    forward_splits,
    holdout_split,
    k_fold_splits,
    learnable,
)
from modelwright.errors import DataError
from modelwright.records import Dataset, Desk, Measure, Protocol, Seal, Task, step
from modelwright.statistics.repetition import repetition

Kind = Literal["holdout", "k_fold", "iterated_k_fold", "forward"]
HOLDOUT_SHARE = 0.2
HOLDOUT_ROWS = 10_000
"""From here on a fifth is 2,000 rows: a share near 90 % is known to 1.3 points, and K-fold would cost
five times as much to halve that."""
HOLDOUT_RARER_CLASS_ROWS = 1_000
"""... unless a fifth would hold fewer than 200 rows of the rarer of two classes."""
ALWAYS_HOLDOUT_ROWS = 200_000
HOLDOUT_CHARACTERS = 10_000_000
HOLDOUT_TEXT_ROWS = 2_000
"""Long texts are dear to train on: from this many characters on, fewer rows will do."""
FOLDS = 5
ITERATED_ROWS = 1_000
"""Below, how the rows fall into folds moves the score as much as the candidates do (section 5.2.1)."""
REPEATS = 3
FORWARD_FOLDS = 5
FORWARD_FOLDS_MANY_ROWS = 3
"""Splits forward in time: fewer where rows are many (`HOLDOUT_ROWS`) or too few to be cut finer."""
FORWARD_FEW_ROWS = 100
USUAL_SHARE = 0.9
ORDERED_GAIN = 0.2
"""Points of accuracy that repeating the last answer gains, whole interval, where a random split is refused;
less is told (MW110), not refused."""
ORDERED_ROWS = 100


@step(version=4)
def choose_protocol(
    desk: Desk,
    task: Task,
    dataset: Dataset,
    measure: Measure,
    before: tuple[Seal, ...] = (),
    *,
    seed: int = 0,
) -> Protocol:
    """Seal the test part, then choose how the other rows train and validate.

    Rows with the same or nearly the same features, or of one group, never stand on two sides of a split.
    With a time column, models never train on rows later than those they are judged on.

    Args:
        measure: named in the reason.
        before: what was sealed before, in this project or beside it: such rows stay sealed, known by their
            content.
        seed: another seed deals the rows otherwise.

    Raises:
        DataError: the rows are too few or too alike, or follow each other while nothing says in what order.
    """
    ground = ground_of(desk, task, dataset)
    _require_no_order(ground)
    known = recognise(desk, ground.cells, before)
    sealed = seal(ground, np.random.default_rng([seed, 0]), known.again)
    rows = sealed.development
    kind, why = _kind(ground, rows)
    splits, folds, repeats, more = _splits(ground, rows, kind, seed)
    validated = np.flatnonzero((splits == VALIDATES).any(axis=0))
    reason = f"{why}{more}{absent_classes(ground, splits, rows)}; {_width(ground, validated, measure)}"
    desk.note(f"{kind.replace('_', '-')}: {reason}", rows=len(rows), test_rows=len(sealed.test))
    return Protocol(
        kind=kind,
        folds=folds,
        repeats=repeats,
        grouped=ground.units.grouped,
        seed=seed,
        test=desk.keep(sealed.test.astype(np.int64), "array"),
        splits=desk.keep(splits, "array"),
        units=desk.keep(ground.units.numbers, "array"),
        rows=len(rows),
        test_rows=len(sealed.test),
        reason=reason + _of_units(ground),
        test_reason=sealed.reason + known.said,
        seal=_seal(desk, ground, sealed.test, known, before),
    )


def _require_no_order(ground: Ground) -> None:
    """Refuse to split rows at random whose class is mostly that of the row before."""
    ordered = ground.times is not None or ground.units.grouped or ground.given is not None
    if ordered or not ground.dataset.classes or ground.rows < ORDERED_ROWS:
        return
    found = repetition(ground.answers)
    if not found.gains(ORDERED_GAIN):
        return
    target = ground.task.targets[0]
    raise DataError(
        where=f"target {target}, in the order of the file",
        expected="rows that may be split at random, or a column that says what orders or groups them",
        received=f"{found.again / found.pairs:.0%} of the rows have the {target} of the row before; always "
        f"answering the most frequent one is right in {found.most:.0%}",
        do_this="A random split would put neighbours on both sides. Name the column that orders the rows "
        "(--time COLUMN) or groups them (--group COLUMN); if their order means nothing, shuffle the file.",
    )


def _seal(desk: Desk, ground: Ground, test: Rows, known: Recognised, before: tuple[Seal, ...]) -> Seal:
    """The sealed rows by their content, under the first name that any of them was sealed by."""
    kept = desk.keep(ground.cells.stacked(test), "array")
    names = [one.name for one, rows in zip(before, known.of_seal, strict=True) if rows[test].any()]
    return Seal(
        name=names[0] if names else kept.digest,
        digests=kept,
        columns=ground.cells.columns,
        rows=len(test),
        again=int(known.again[test].sum()),
    )


def _kind(ground: Ground, rows: Rows) -> tuple[Kind, str]:
    """Holdout where rows are many, K-fold where few, repeated where very few; forward with a time."""
    if ground.times is not None:
        return "forward", f"rows have a time ({ground.task.time}), so models are judged on what came later"
    count = f"{len(rows):,} rows"
    long_texts = ground.characters >= HOLDOUT_CHARACTERS and len(rows) >= HOLDOUT_TEXT_ROWS
    if len(rows) >= ALWAYS_HOLDOUT_ROWS or long_texts:
        dear = "long texts" if long_texts else count
        return "holdout", f"{count}: enough that a fifth judges well, and {dear} are dear to train on"
    rarer = int(np.bincount(ground.answers[rows]).min()) if ground.binary else len(rows)
    if len(rows) >= HOLDOUT_ROWS and rarer >= HOLDOUT_RARER_CLASS_ROWS:
        return "holdout", f"{count}: enough that a fifth judges well"
    if len(rows) >= HOLDOUT_ROWS:
        return "k_fold", f"{count}, but only {rarer:,} of the rarer class: every one must validate"
    if len(rows) >= ITERATED_ROWS:
        return "k_fold", f"{count}: a fifth alone would judge poorly, so every row validates once"
    return "iterated_k_fold", f"{count}: so few that K-fold is repeated {REPEATS} times, dealt anew"


def _splits(ground: Ground, rows: Rows, kind: Kind, seed: int) -> tuple[Splits, int, int, str]:
    """The splits, folds, repeats, and what there is to say of them."""
    if kind == "forward" and ground.times is not None:
        few_or_many = len(rows) >= HOLDOUT_ROWS or len(rows) < FORWARD_FEW_ROWS
        wanted = FORWARD_FOLDS_MANY_ROWS if few_or_many else FORWARD_FOLDS
        drawn = forward_splits(ground, rows, ground.times, wanted)
        splits, said = learnable(ground, drawn, judged_alone=True)
        return splits, len(splits), 1, said
    if kind == "holdout":
        generator = np.random.default_rng([seed, 1])
        splits, said = learnable(ground, holdout_split(ground, rows, HOLDOUT_SHARE, generator))
        return splits, 1, 1, said
    folds, said = _folds(ground, rows)
    repeats = REPEATS if kind == "iterated_k_fold" else 1
    generators = [np.random.default_rng([seed, 1 + repeat]) for repeat in range(repeats)]
    splits = np.concatenate([k_fold_splits(ground, rows, folds, each) for each in generators])
    kept, _ = learnable(ground, splits)
    if len(kept) < len(splits):
        raise _one_sided(ground)
    return splits, folds, repeats, said


def _folds(ground: Ground, rows: Rows) -> tuple[int, str]:
    """Five, or as many as the units of the rarer of two classes: each fold then validates both."""
    units = len(np.unique(ground.units.numbers[rows]))
    rarer = int(ground.class_units(rows).min()) if ground.binary else units
    folds = min(FOLDS, units, max(rarer, 2))
    if min(units, rarer) < 2:
        raise _one_sided(ground)
    if folds == FOLDS:
        return folds, ""
    what = "the rarer class has" if rarer < units else "there are"
    return folds, f"; {folds} folds, as {what} only {min(rarer, units)} units"


def _one_sided(ground: Ground) -> DataError:
    return DataError(
        where=f"target {ground.task.targets[0]}",
        expected="rows enough, in units enough, that every training part differs in its target",
        received="a class or value that stands in one unit only (a group, or rows with the same features)",
        do_this="Bring more rows of what is rare, or leave the group out if its rows are independent.",
    )


def _width(ground: Ground, validated: Rows, measure: Measure) -> str:
    """How well a score will be known, by a rule of thumb, for independent units."""
    units = len(np.unique(ground.units.numbers[validated]))
    rests = f"{measure.title} then rests on {units:,} units"
    if ground.dataset.classes:
        arm = 1.96 * np.sqrt(USUAL_SHARE * (1 - USUAL_SHARE) / units)
        return f"{rests}: a share of {USUAL_SHARE:.0%} is known to ±{100 * arm:.1f} points"
    # the standard error of a standard deviation, for normal errors: 1 / sqrt(2 n) of it
    return f"{rests}: a mean error is known to about ±{1.96 / np.sqrt(2 * units):.1%}"


def _of_units(ground: Ground) -> str:
    units = ground.units
    if units.coarse:
        return (
            "; the features have so few combinations that equal rows are no copies: they are not kept "
            "together"
        )
    said = ""
    if units.copies:
        said += f"; {units.copies:,} rows repeat another's features, and stay on its side of every split"
    if units.near is None:
        said += f"; among more than {MOST_ROWS:,} different rows near copies are not looked for"
    elif units.near:
        said += f"; {units.near:,} more are nearly another, and stay on its side, too"
    if units.uncompared:
        said += f"; {units.uncompared:,} have so many numbers that they were not held against the others"
    if units.loose:
        said += f"; {units.loose:,} are each nearly so many others that these are not kept together"
    return said
