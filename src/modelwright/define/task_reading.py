"""What does a parsed task.toml say, and where does it say something a task does not have?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from modelwright.define.toml_section import Section
from modelwright.records import (
    Constraints,
    Costs,
    ExistingSolution,
    Hypothesis,
    HypothesisStatus,
    Input,
    Role,
    Task,
    TaskKind,
    TestChoice,
)

TABLES = ("task", "inputs", "test", "costs", "constraints", "existing_solution", "hypotheses")
TASK_KEYS = (
    *("question", "source", "targets", "kind", "kind_reason", "positive_class", "ignore", "group", "time"),
    *("measure", "volume_per_day", "advice"),
)
CONSTRAINT_KEYS = (
    *("runs_on", "offline", "sensitive", "max_latency_milliseconds", "max_size_megabytes", "max_epsilon"),
)
KINDS: tuple[TaskKind, ...] = get_args(TaskKind)
ROLES: tuple[Role, ...] = get_args(Role)
STATUSES: tuple[HypothesisStatus, ...] = get_args(HypothesisStatus)
MAX_TEST_FRACTION = 0.9


def task_of(values: Mapping[str, Any], text: str, file: str) -> Task:
    """The task a parsed file describes.

    Args:
        text: the file's text, to find lines in. file: its path, for messages.

    Raises:
        TaskFileError: an unknown key, a wrong type or value, or parts that contradict each other.
    """
    root = Section(values, (), text, file).allow(*TABLES)
    if "task" not in root.values:
        raise root.error("task", "a table [task]", "none", 'Begin with [task], question = "..." and so on.')
    section = root.table("task").allow(*TASK_KEYS)
    targets = _targets(section)
    task = Task(
        question=section.words("question"),
        source=section.words("source", ""),
        targets=targets,
        kind=_kind(section, targets),
        kind_reason=section.words("kind_reason", ""),
        positive_class=section.optional_words("positive_class"),
        ignore=section.list_of_words("ignore"),
        group=section.optional_words("group"),
        time=section.optional_words("time"),
        measure=section.optional_words("measure"),
        volume_per_day=section.optional_amount("volume_per_day"),
        advice=section.list_of_words("advice"),
        test=_test(root.table("test")),
        inputs=(),
        existing_solution=_existing(root),
        constraints=_constraints(root.table("constraints")),
        costs=_costs(root.table("costs")),
        hypotheses=tuple(_hypothesis(one) for one in root.tables("hypotheses")),
    )
    _refuse_contradictions(section, task)
    return _with_inputs(task, root.table("inputs"))


def _targets(section: Section) -> tuple[str, ...]:
    targets = section.list_of_words("targets")
    if not targets:
        raise section.error("targets", "at least one column", "none", 'Write targets = ["COLUMN"].')
    if len(set(targets)) < len(targets):
        raise section.error("targets", "each column once", str(list(targets)), "Name each once.")
    return targets


def _kind(section: Section, targets: tuple[str, ...]) -> TaskKind:
    kind = section.one_of("kind", KINDS)
    if (kind == "vector_regression") != (len(targets) > 1):
        expected = "vector_regression" if len(targets) > 1 else "binary, multiclass or regression"
        received = f"{kind} with {len(targets)} target{'s' if len(targets) > 1 else ''}"
        raise section.error("kind", expected, received, "Several targets are predicted as numbers together.")
    if kind == "binary" and "positive_class" not in section.values:
        hint = 'Write positive_class = "...": the class whose detection is the point.'
        raise section.error("positive_class", "one of the two classes", "nothing", hint)
    if kind != "binary" and "positive_class" in section.values:
        hint = 'Remove it, or write kind = "binary".'
        raise section.error("positive_class", f"no such key for a {kind} task", "one", hint)
    return kind


def _test(section: Section) -> TestChoice:
    section.allow("file", "column", "value", "fraction")
    column, value = section.optional_words("column"), section.optional_words("value")
    if (column is None) != (value is None):
        key, absent = ("column", "value") if value is None else ("value", "column")
        raise section.error(key, "column and value together", f"no {absent}", f'Write {absent} = "..." too.')
    if column is not None and "file" in section.values:
        raise section.error("file", "a file, or a column and its value", "both", "Keep one of the two.")
    fraction = section.amount("fraction", TestChoice().fraction)
    if not 0 < fraction <= MAX_TEST_FRACTION:
        expected = f"a share above 0 and up to {MAX_TEST_FRACTION}"
        raise section.error("fraction", expected, str(fraction), "Write fraction = 0.25, say.")
    return TestChoice(file=section.optional_words("file"), column=column, value=value, fraction=fraction)


def _costs(section: Section) -> Costs:
    usual = Costs()
    section.allow("unit", "false_positive", "false_negative", "per_error", "per_unit", "stated")
    return Costs(
        unit=section.words("unit", usual.unit),
        false_positive=section.amount("false_positive", usual.false_positive),
        false_negative=section.amount("false_negative", usual.false_negative),
        per_error=section.amount("per_error", usual.per_error),
        per_unit=section.amount("per_unit", usual.per_unit),
        stated=section.flag("stated", usual.stated),
    )


def _constraints(section: Section) -> Constraints:
    section.allow(*CONSTRAINT_KEYS)
    places = section.list_of_choices("runs_on", ("server", "device", "browser"))
    return Constraints(
        runs_on=places or Constraints().runs_on,
        offline=section.flag("offline", False),
        sensitive=section.flag("sensitive", False),
        max_latency_milliseconds=section.optional_amount("max_latency_milliseconds"),
        max_size_megabytes=section.optional_amount("max_size_megabytes"),
        max_epsilon=section.amount("max_epsilon", Constraints().max_epsilon),
    )


def _existing(root: Section) -> ExistingSolution | None:
    if "existing_solution" not in root.values:
        return None
    section = root.table("existing_solution").allow("kind", "name")
    kind = section.one_of("kind", ("column", "function"))
    name = section.words("name")
    if kind == "function" and not name.rpartition(":")[0].endswith(".py"):
        raise section.error("name", "FILE.py:NAME", repr(name), "Name the file and the function in it.")
    return ExistingSolution(kind=kind, name=name)


def _hypothesis(section: Section) -> Hypothesis:
    section.allow("text", "status", "evidence")
    return Hypothesis(
        text=section.words("text"),
        status=section.one_of("status", STATUSES, "open"),
        evidence=section.words("evidence", ""),
    )


def _refuse_contradictions(section: Section, task: Task) -> None:
    """No target may be kept from the model and predicted at once."""
    for key, names in (("ignore", task.ignore), ("group", (task.group,)), ("time", (task.time,))):
        for name in names:
            if name in task.targets:
                expected = "a column that is not a target"
                raise section.error(key, expected, repr(name), "Name it in targets or here, not both.")


def _with_inputs(task: Task, section: Section) -> Task:
    """The task with its inputs: those listed, less what the rest of the file keeps from the model.

    So a column is left out by writing ``ignore = ["it"]``; its line under [inputs] may stay.
    """
    for name in task.targets:
        if name in section.values:
            raise section.error(name, "a column that is not predicted", "a target", "Delete this line.")
    kept = {*task.ignore, task.group, task.time, task.test.column}
    inputs = tuple(_input(name, section.table(name)) for name in section.values if name not in kept)
    if not inputs:
        received = "none" if not section.values else "only columns that are ignored or shape the splits"
        raise section.error("", "at least one column", received, "Write COLUMN = {} under [inputs].")
    return replace(task, inputs=inputs)


def _input(name: str, section: Section) -> Input:
    section.allow("known_at", "may_be_missing", "role", "missing")
    return Input(
        name=name,
        known_at=section.one_of("known_at", ("before", "after", "unknown"), "unknown"),
        may_be_missing=section.flag("may_be_missing", False),
        role=section.one_of("role", ROLES) if "role" in section.values else None,
        missing=section.list_of_words("missing"),
    )
