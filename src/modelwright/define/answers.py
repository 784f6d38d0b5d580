"""The target's classes: how labels are written, and in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars

from modelwright.define.columns import nearest
from modelwright.errors import DataError, UsageError
from modelwright.records import Change, Task
from modelwright.sources.cells import LEADING_ZERO, NUMBER, WHOLE, beyond_exact, plain_number


def canonical_labels(series: polars.Series) -> polars.Series:
    """Class labels as text: no blanks around them; numbers written one way ("1", "-1", "0.5")."""
    cells = series.str.strip_chars()
    labels = cells.drop_nulls().unique()
    if not labels.len() or not labels.str.contains(NUMBER).all():
        return cells
    whole = labels.filter(labels.str.contains(WHOLE))
    if labels.str.contains(LEADING_ZERO).any() or beyond_exact(whole).any():
        return cells
    written = [plain_number(float(label)) for label in labels.to_list()]
    return cells.replace_strict(labels, polars.Series(written, dtype=polars.String))


def label_changes(before: polars.Series, after: polars.Series) -> list[Change]:
    """What writing labels canonically changed."""
    changed = int((before != after).sum())
    if not changed:
        return []
    what = f"{changed:,} labels written without blanks, numbers in their shortest form"
    return [Change(kind="cast", column=after.name, what=what, count=changed)]


def order_classes(labels: polars.Series, task: Task) -> tuple[str, ...]:
    """The classes in natural order, the positive class of a binary task last.

    Raises:
        DataError: there are fewer classes than two, or more than two in a binary task.
        UsageError: the positive class is not among them.
    """
    classes = sorted(labels.drop_nulls().unique().to_list(), key=_natural)
    target = task.targets[0]
    if len(classes) < 2:
        raise DataError(
            where=f"target {target!r}",
            expected="at least two classes",
            received=f"only {classes[0]!r} in all {labels.len():,} rows",
            do_this="Add rows of the other class, or predict another column.",
        )
    if task.kind != "binary":
        return tuple(classes)
    if len(classes) > 2:
        shown = ", ".join(map(repr, classes[:10])) + (", ..." if len(classes) > 10 else "")
        raise DataError(
            where=f"target {target!r}",
            expected="two classes, as the task is binary",
            received=f"{len(classes)} classes: {shown}",
            do_this='Set the kind of task to "multiclass", or mend the labels that differ only in spelling.',
        )
    return _positive_last(classes, task)


def _positive_last(classes: Sequence[str], task: Task) -> tuple[str, ...]:
    if task.positive_class is None:
        return tuple(classes)
    wanted = canonical_labels(polars.Series([task.positive_class], dtype=polars.String)).item()
    found = next((name for name in (task.positive_class.strip(), wanted) if name in classes), None)
    if found is None:
        raise UsageError(
            where="the task's positive class",
            expected=f"one of the classes of {task.targets[0]!r}",
            received=repr(task.positive_class),
            do_this=nearest(task.positive_class, classes),
        )
    return tuple(sorted(classes, key=lambda name: name == found))


def _natural(label: str) -> tuple[tuple[int, float, str], ...]:
    """Sorts numbers by value and "class 2" before "class 10"."""
    if re.match(NUMBER, label):
        return ((0, float(label), label),)
    parts = re.split(r"([0-9]+)", label)
    return tuple(
        (1, float(part), part) if part.isascii() and part.isdigit() else (2, 0.0, part) for part in parts
    )
