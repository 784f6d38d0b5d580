"""What is predicted, from what, and what kind of task is that? (section 6.1.1)"""

from __future__ import annotations

from collections.abc import Sequence

import polars

from modelwright.define.advice import advise
from modelwright.define.answers import canonical_labels
from modelwright.define.hypotheses import COMMON_HYPOTHESES
from modelwright.define.kind import Kind, Target, class_counts, infer_kind, read_target
from modelwright.define.spelling import nearest
from modelwright.errors import DataError, UsageError
from modelwright.records import Desk, ExistingSolution, Hypothesis, Input, Snapshot, Task, TestChoice, step
from modelwright.sources.cells import stripped

MAX_LISTED = 20
"""Columns listed in an error message."""


@step(version=2)
def frame(
    desk: Desk,
    snapshot: Snapshot,
    *,
    predict: Sequence[str],
    ignore: Sequence[str] = (),
    group: str | None = None,
    time: str | None = None,
    test_file: str | None = None,
    test_column: str | None = None,
    test_value: str | None = None,
    measure: str | None = None,
    question: str | None = None,
    positive_class: str | None = None,
    existing: str | None = None,
    source_name: str = "",
) -> Task:
    """Infer the task from the data and the little that was said about it.

    Args:
        predict: the target column, or several (all numbers).
        ignore: columns no model may read. group, time: columns that shape the splits, not read either.
        test_file: a file whose rows are the sealed test part; or rows where `test_column` has `test_value`.
        existing: how the question is answered today: ``column:NAME`` or ``FILE.py:NAME``.

    Raises:
        UsageError: a named column or class is not there (the nearest is suggested).
        DataError: the target cannot be predicted as it is.

    Source: Chollet, Deep Learning with Python, 2nd ed., section 6.1.1.
    """
    targets, ignored = _listed(predict), _listed(ignore)
    _refuse_unknown(snapshot, targets, ignored, group, time, test_column)
    table: polars.DataFrame = desk.read(snapshot.table)
    test = _test_choice(table, test_file, test_column, test_value)
    read = tuple(read_target(table, name) for name in targets)
    kind = infer_kind(read)
    solution = _existing(snapshot, existing)
    # today's answers are what the model is compared with: reading them would be copying them
    todays = solution.name if solution is not None and solution.kind == "column" else None
    taken = {*targets, *ignored, group, time, test_column, todays}
    inputs = tuple(name for name in snapshot.names if name not in taken)
    _refuse_no_inputs(targets, inputs)
    desk.note(f"{kind.kind}: {kind.reason}", kind=kind.kind)
    return Task(
        question=question or _question(targets, inputs),
        source=source_name or snapshot.name,
        targets=targets,
        kind=kind.kind,
        kind_reason=kind.reason,
        positive_class=_positive(kind, read[0], positive_class),
        inputs=tuple(Input(name=name) for name in inputs),
        ignore=ignored,
        group=group,
        time=time,
        measure=measure,
        test=test,
        existing_solution=solution,
        hypotheses=tuple(Hypothesis(text=text) for text in COMMON_HYPOTHESES),
        advice=advise(table, read, inputs),
    )


def _listed(names: Sequence[str]) -> tuple[str, ...]:
    """Names once each, in order; one bare name is a list of one."""
    return (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))


def _refuse_unknown(
    snapshot: Snapshot,
    targets: Sequence[str],
    ignored: Sequence[str],
    group: str | None,
    time: str | None,
    test_column: str | None,
) -> None:
    """Every column named must be there, and a target must not be something else too."""
    if not targets:
        raise UsageError(
            where="--predict",
            expected="the name of the column to predict",
            received="none",
            do_this=f"Choose one of: {_listing(snapshot.names)}.",
        )
    others = {"--ignore": ignored, "--group": (group,), "--time": (time,), "--test-column": (test_column,)}
    for flag, names in {"--predict": targets, **others}.items():
        for name in names:
            if name is not None and name not in snapshot.names:
                raise _unknown_column(flag, name, snapshot)
            if flag != "--predict" and name in targets:
                raise UsageError(
                    where=f"{flag} {name}",
                    expected="a column that is not predicted",
                    received=f"`{name}`, which --predict names too",
                    do_this="Name it once.",
                )


def _unknown_column(flag: str, name: str, snapshot: Snapshot) -> UsageError:
    near = nearest(name, snapshot.names)
    advice = f"Did you mean `{near}`? " if near else ""
    return UsageError(
        where=f"{flag} {name}",
        expected=f"a column of {snapshot.name}",
        received=f"`{name}`, which is not there",
        do_this=f"{advice}The columns are: {_listing(snapshot.names)}.",
    )


def _listing(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more


def _test_choice(
    table: polars.DataFrame, file: str | None, column: str | None, value: str | None
) -> TestChoice:
    if file is not None and column is not None:
        raise UsageError(
            where="--test and --test-column",
            expected="one way of naming the test part",
            received="both",
            do_this="Keep the one that names the rows you want sealed.",
        )
    if column is None:
        return TestChoice(file=file)
    present: list[str] = stripped(table[column]).drop_nulls().unique().sort().to_list()
    if value not in present:
        near = nearest(value or "", present)
        raise UsageError(
            where=f"--test-column {column}={value or ''}",
            expected=f"a value that occurs in `{column}`",
            received=repr(value),
            do_this=(f"Did you mean {near!r}? " if near else "") + f"It has: {_listing(present)}.",
        )
    if len(present) == 1 and table[column].null_count() == 0:
        raise UsageError(
            where=f"--test-column {column}={value}",
            expected="a value that some rows do not have: the model learns from the others",
            received=f"{value!r} in every row",
            do_this="Choose another value or column, or leave it out: a quarter is set aside then.",
        )
    return TestChoice(column=column, value=value)


def _existing(snapshot: Snapshot, existing: str | None) -> ExistingSolution | None:
    if existing is None:
        return None
    if existing.startswith("column:"):
        name = existing.removeprefix("column:")
        if name not in snapshot.names:
            raise _unknown_column("--existing", name, snapshot)
        return ExistingSolution(kind="column", name=name)
    file, _, function = existing.rpartition(":")
    if file.endswith(".py") and function.isidentifier():
        return ExistingSolution(kind="function", name=existing)
    raise UsageError(
        where=f"--existing {existing}",
        expected="column:NAME or FILE.py:NAME",
        received=existing,
        do_this="Name the column that holds today's answers, or the Python function that gives them.",
    )


def _refuse_no_inputs(targets: Sequence[str], inputs: Sequence[str]) -> None:
    if not inputs:
        raise DataError(
            where="the inputs",
            expected="at least one column to predict from",
            received=f"none beside the target {', '.join(targets)} and what is ignored",
            do_this="Ignore fewer columns, or bring data with columns that are known before the answer.",
        )


def _positive(kind: Kind, target: Target, given: str | None) -> str | None:
    """The class to detect: the one given, if it is one of two, or the inferred one."""
    if given is None:
        return kind.positive_class
    if kind.kind != "binary":
        raise UsageError(
            where=f"--positive {given}",
            expected="a target with two classes",
            received=f"{kind.kind}: {kind.reason}",
            do_this="Leave --positive out.",
        )
    classes = class_counts(target.words)
    written = canonical_labels(polars.Series([given.strip()])).item()
    if written not in classes:
        raise UsageError(
            where=f"--positive {given}",
            expected=f"one of the classes of `{target.name}`: {', '.join(classes)}",
            received=repr(given),
            do_this=f"Did you mean {nearest(given, classes) or kind.positive_class!r}?",
        )
    return written


def _question(targets: Sequence[str], inputs: Sequence[str]) -> str:
    what = " and ".join(f"`{name}`" for name in targets)
    given = f"`{inputs[0]}`" if len(inputs) == 1 else f"{len(inputs)} columns known beforehand"
    verb = "is" if len(targets) == 1 else "are"
    return f"What {verb} {what}, given {given}?"
