"""What kind of task is it, judging by the target's values? And which class is the one to detect?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars

from modelwright.define.answers import canonical_labels
from modelwright.define.roles import MIN_TYPED_SHARE, guess_role
from modelwright.errors import DataError
from modelwright.records import TaskKind
from modelwright.sources.cells import AUTOMATIC_MISSING, INFINITE, LEADING_ZERO, NUMBER, stripped

MAX_CLASS_INTEGERS = 20
"""Whole numbers with more distinct values than this count something (bicycles, dollars): regression.
Twenty leaves room for digits, star ratings and grades; iris, MNIST and wine quality stay classes."""

MIN_ROWS_PER_INTEGER = 10
"""Whole numbers are classes only when each value has this many rows on average: fewer cannot be learnt
as a class of its own, and say that the values are measured rather than chosen from a list."""

MAX_CLASS_SHARE = 0.5
"""A target of words with more classes than this share of its rows repeats too little to be classes."""

POSITIVE_NAMES = frozenset(
    {"true", "t", "yes", "y", "positive", "pos", "spam", "fraud", "fraudulent", "default", "churn", "churned"}
    | {"malignant", "sick", "disease", "failure", "failed", "fail", "broken", "defect", "defective"}
    | {"anomaly", "attack", "malware", "click", "clicked", "converted", "toxic", "phishing"}
)
"""Class names that say "this is the thing to detect", in lower case."""

NEGATIVE_NAMES = frozenset(
    {"0", "-1", "false", "f", "no", "n", "negative", "neg", "ham", "legit", "legitimate", "genuine"}
    | {"normal", "good", "benign", "healthy", "ok", "pass", "passed"}
)
"""Class names of the ordinary case, in lower case: the other class is the positive one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target column as words and, where all of it can be read so, as numbers.

    Args:
        words: String (rows,), null where missing; the spelling that classes go by.
        numbers: Float64 (rows,), null where missing; None when the column does not hold numbers.
        date: whether the column holds dates.
    """

    name: str
    words: polars.Series
    numbers: polars.Series | None
    date: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The kind of a task, why, and its positive class where there are two."""

    kind: TaskKind
    reason: str
    positive_class: str | None = None


def read_target(table: polars.DataFrame, name: str) -> Target:
    """A target column, read the way `collect` will read it."""
    words, numbers = canonical_labels(stripped(table[name])), numbers_of(table[name])
    date = numbers is None and guess_role(table[name]).dtype == "date"
    return Target(name=name, words=words, numbers=numbers, date=date)


def numbers_of(series: polars.Series) -> polars.Series | None:
    """The column as Float64, null where missing, when its cells are numbers; None when they are not.

    Whole numbers with leading zeros are codes, not numbers.
    """
    cells = stripped(series)
    said = cells.filter(cells.is_not_null() & ~cells.is_in(AUTOMATIC_MISSING) & ~cells.str.contains(INFINITE))
    fits = said.str.contains(NUMBER)
    if not said.len() or fits.sum() < MIN_TYPED_SHARE * said.len():
        return None
    if series.dtype == polars.String and said.str.contains(LEADING_ZERO).any():
        return None
    numbers = cells.set(~cells.str.contains(NUMBER), None).cast(polars.Float64)
    return numbers.set(numbers.is_infinite(), None)


def infer_kind(targets: Sequence[Target]) -> Kind:
    """The kind of task these targets ask for.

    Several targets are numbers predicted together. One target with two values is binary; with words,
    multiclass; with numbers, regression, unless they are few whole numbers, each often seen
    (`MAX_CLASS_INTEGERS`, `MIN_ROWS_PER_INTEGER`): multiclass.

    Raises:
        DataError: the target's values cannot be predicted as they are.
    """
    for target in targets:
        _refuse_unusable(target)
    if len(targets) > 1:
        return _vector(targets)
    target = targets[0]
    counts = class_counts(target.words)
    if len(counts) == 2:
        return _binary(target.name, counts)
    if target.numbers is None:
        return _words(target, counts)
    return _numbers(target.name, target.numbers, len(counts))


def class_counts(words: polars.Series) -> dict[str, int]:
    """Rows of each class, the most frequent first, equals in alphabetical order."""
    counted = words.drop_nulls().value_counts(name="rows")
    pairs: list[tuple[str, int]] = list(counted.iter_rows())
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def _refuse_unusable(target: Target) -> None:
    known = target.words.drop_nulls() if target.numbers is None else target.numbers.drop_nulls()
    where = f"the target column `{target.name}`"
    if len(known) == 0:
        raise DataError(
            where=where,
            expected="the answers to learn from",
            received=f"no value in any of its {len(target.words):,} rows",
            do_this="Choose a column that holds the answers (--predict COLUMN), or fill this one in.",
        )
    if len(known) < 2:
        raise DataError(
            where=where,
            expected="at least 2 rows with an answer",
            received="1 row with an answer",
            do_this="Collect more rows: fifty is a bare minimum, a few hundred a beginning.",
        )
    if known.n_unique() == 1:
        raise DataError(
            where=where,
            expected="at least 2 different answers",
            received=f"{target.words.drop_nulls().item(0)!r} in all {len(known):,} rows that have an answer",
            do_this="Collect rows with other answers too, or choose another target: nothing can be learnt "
            "from rows that all end the same way.",
        )


def _vector(targets: Sequence[Target]) -> Kind:
    for target in targets:
        if target.numbers is None:
            raise DataError(
                where=f"the target column `{target.name}`",
                expected="numbers: several targets are predicted together only as numbers",
                received=f"values such as {_examples(target.words)}",
                do_this="Predict one column of words at a time (one --predict, one project each).",
            )
    names = ", ".join(f"`{target.name}`" for target in targets)
    return Kind(kind="vector_regression", reason=f"{len(targets)} columns of numbers are predicted: {names}")


def _binary(name: str, counts: Mapping[str, int]) -> Kind:
    spelled = " and ".join(f"{word!r} ({rows:,} row{'s'[: rows - 1]})" for word, rows in counts.items())
    positive, why = positive_class(counts)
    reason = f"`{name}` has two values: {spelled}. Positive class {positive!r}: {why}"
    return Kind(kind="binary", reason=reason, positive_class=positive)


def positive_class(counts: Mapping[str, int]) -> tuple[str, str]:
    """Which of two classes is the one to detect, and why: by its name, else the rarer one.

    Args:
        counts: rows of each class, the most frequent first.
    """
    frequent, rare = tuple(counts)
    positive = [word for word in counts if word.casefold() in POSITIVE_NAMES]
    if len(positive) == 1:
        return positive[0], "its name says that it is the thing to detect"
    negative = [word for word in counts if word.casefold() in NEGATIVE_NAMES]
    if len(negative) == 1:
        other = rare if negative[0] == frequent else frequent
        return other, f"{negative[0]!r} names the ordinary case"
    if counts[frequent] == counts[rare]:
        return rare, "both are equally frequent and neither is named so: the later in the alphabet"
    return rare, "the rarer of the two"


def _words(target: Target, counts: Mapping[str, int]) -> Kind:
    rows = sum(counts.values())
    if target.date:
        raise DataError(
            where=f"the target column `{target.name}`",
            expected="classes or numbers",
            received=f"dates such as {_examples(target.words)}",
            do_this="Predict a number instead: add a column with the days (or hours) until that date.",
        )
    if len(counts) > rows * MAX_CLASS_SHARE:
        raise DataError(
            where=f"the target column `{target.name}`",
            expected="classes that repeat, or numbers",
            received=f"{len(counts):,} different values in {rows:,} rows, such as {_examples(target.words)}",
            do_this="Choose a column whose values repeat, or group these into fewer classes.",
        )
    return Kind(kind="multiclass", reason=f"`{target.name}` holds {len(counts):,} different words")


def _numbers(name: str, numbers: polars.Series, classes: int) -> Kind:
    """Regression or multiclass; `classes` counts the cells that are no numbers, too."""
    known = numbers.drop_nulls()
    distinct = known.n_unique()
    if bool((known != known.floor()).any()):
        return Kind(kind="regression", reason=f"`{name}` holds numbers with fractions")
    if distinct <= MAX_CLASS_INTEGERS and len(known) >= distinct * MIN_ROWS_PER_INTEGER:
        return Kind(
            kind="multiclass",
            reason=f"`{name}` holds only {classes} different values, whole numbers, "
            f"each in {len(known) / distinct:,.0f} rows on average; if they measure an amount, "
            'write kind = "regression"',
        )
    return Kind(kind="regression", reason=f"`{name}` holds {distinct:,} different whole numbers")


def _examples(words: polars.Series) -> str:
    """Three values, shortened, for a message."""
    shown = words.drop_nulls().unique(maintain_order=True).head(3).to_list()
    return ", ".join(repr(word if len(word) <= 40 else word[:39] + "…") for word in shown)
