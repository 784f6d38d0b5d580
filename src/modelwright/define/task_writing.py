"""How is a task written so that people enjoy reading and editing it?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelwright.records import Constraints, Costs, ExistingSolution, Hypothesis, Input, Task, TestChoice

MAX_ALIGNED = 32
"""Column names longer than this are not waited for when `=` signs are aligned."""


def task_text(task: Task) -> str:
    """The whole of task.toml."""
    parts = [
        _HEAD,
        _task_table(task),
        _inputs_table(task.inputs),
        _test_table(task.test),
        _costs_table(task.costs),
        _constraints_table(task.constraints),
        _existing_table(task.existing_solution),
        _HYPOTHESES_HEAD + hypotheses_text(task.hypotheses),
    ]
    return "\n".join(parts)


def hypotheses_text(hypotheses: Sequence[Hypothesis]) -> str:
    """The ``[[hypotheses]]`` block: one table each."""
    return "\n".join(
        "[[hypotheses]]\n"
        f"text = {_quoted(hypothesis.text)}\n"
        f"status = {_quoted(hypothesis.status)}\n"
        f"evidence = {_quoted(hypothesis.evidence)}\n"
        for hypothesis in hypotheses
    )


def _task_table(task: Task) -> str:
    lines = [
        "[task]",
        f"question = {_quoted(task.question)}",
        f"source = {_quoted(task.source)}",
        f"targets = {_list(task.targets)}",
        f"kind = {_quoted(task.kind)}  # binary, multiclass, regression or vector_regression",
        f"kind_reason = {_quoted(task.kind_reason)}",
        _optional("positive_class", task.positive_class, "spam", "binary only: the class to detect"),
        f"ignore = {_list(task.ignore)}  # columns no model may read",
        _optional(
            "group", task.group, "customer", "rows that share its value stay on one side of every split"
        ),
        _optional("time", task.time, "date", "train on the past, judge on the future"),
        _optional("measure", task.measure, "roc_auc", "left out: chosen from the kind and the balance"),
        _optional("volume_per_day", task.volume_per_day, 1000, "answers asked for on a day"),
        f"advice = {_lines(task.advice)}",
    ]
    return "\n".join(lines) + "\n"


def _inputs_table(inputs: Sequence[Input]) -> str:
    names = [_key(entry.name) for entry in inputs]
    width = max((len(name) for name in names if len(name) <= MAX_ALIGNED), default=0)
    lines = [
        f"{name:{width}} = {{ {_input_values(entry)} }}" for name, entry in zip(names, inputs, strict=True)
    ]
    return "\n".join([_INPUTS_HEAD + "[inputs]", *lines]) + "\n"


def _input_values(entry: Input) -> str:
    values = [f"known_at = {_quoted(entry.known_at)}", f"may_be_missing = {_flag(entry.may_be_missing)}"]
    if entry.role is not None:
        values.append(f"role = {_quoted(entry.role)}")
    if entry.missing:
        values.append(f"missing = {_list(entry.missing)}")
    return ", ".join(values)


def _test_table(test: TestChoice) -> str:
    return "\n".join(
        [
            "# The rows nobody looks at until the end.",
            "[test]",
            _optional("file", test.file, "test.csv", "a second file, or"),
            _optional("column", test.column, "split", "rows where this column"),
            _optional("value", test.value, "test", "has this value, or"),
            f"fraction = {_number(test.fraction)}  # this share of the rows, where neither is given",
            "",
        ]
    )


def _costs_table(costs: Costs) -> str:
    return "\n".join(
        [
            "# What an error costs. The threshold and the report are made from these.",
            "[costs]",
            f"unit = {_quoted(costs.unit)}  # a currency, minutes, complaints",
            f"false_positive = {_number(costs.false_positive)}  # binary: a false alarm",
            f"false_negative = {_number(costs.false_negative)}  # binary: a miss",
            f"per_error = {_number(costs.per_error)}  # multiclass: a wrong answer",
            f"per_unit = {_number(costs.per_unit)}  # regression: being off by one",
            f"stated = {_flag(costs.stated)}  # true once these are yours rather than a guess",
            "",
        ]
    )


def _constraints_table(constraints: Constraints) -> str:
    latency, size = constraints.max_latency_milliseconds, constraints.max_size_megabytes
    return "\n".join(
        [
            "[constraints]",
            f"runs_on = {_list(constraints.runs_on)}  # server, device, browser",
            f"offline = {_flag(constraints.offline)}",
            f"sensitive = {_flag(constraints.sensitive)}  # personal or secret data",
            _optional("max_latency_milliseconds", latency, 50, "for one answer"),
            _optional("max_size_megabytes", size, 20, "of the release"),
            f"max_epsilon = {_number(constraints.max_epsilon)}  # privacy that an audit may show to be lost "
            "before a model of sensitive data leaves the house",
            "",
        ]
    )


def _existing_table(solution: ExistingSolution | None) -> str:
    head = '# How the question is answered today: a "column" of answers, or a "function" FILE.py:NAME.\n'
    if solution is None:
        return head + '# [existing_solution]\n# kind = "function"\n# name = "rules.py:answer"\n'
    return head + f"[existing_solution]\nkind = {_quoted(solution.kind)}\nname = {_quoted(solution.name)}\n"


def _optional(key: str, value: str | float | None, example: str | float, comment: str) -> str:
    """The key with its value, or a comment that shows how to set it."""
    shown = example if value is None else value
    spelled = _quoted(shown) if isinstance(shown, str) else _number(shown)
    return f"{'# ' if value is None else ''}{key} = {spelled}  # {comment}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_quoted(value) for value in values) + "]"


def _lines(values: Sequence[str]) -> str:
    """A list with one text a line."""
    if not values:
        return "[]"
    return "[\n" + "".join(f"  {_quoted(value)},\n" for value in values) + "]"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _number(value: float) -> str:
    """Whole numbers without a fraction; others as Python reads them back exactly."""
    if float(value).is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(float(value))


def _quoted(text: str) -> str:
    """A TOML basic string: control characters escaped, everything else as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for character, escape in (("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
        escaped = escaped.replace(character, escape)
    return '"' + re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", _unicode_escape, escaped) + '"'


def _unicode_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


_HEAD = """\
# The task: what is predicted, from what, and what an error costs.
# Edit it freely and keep it in git; every command reads it again.
"""

_INPUTS_HEAD = """\
# The columns a model may read, one a line (delete a line to keep a column from the model).
#   known_at        "before" the answer is needed, "after" it, or "unknown"
#   may_be_missing  true when production rows may come without it
#   role            corrects the inferred role: numeric, categorical, date, text, id
#   missing         spellings of a missing value, such as ["?", "-999"]
"""

_HYPOTHESES_HEAD = """\
# What the project bets on: open, held, falsified or undecided. Modelwright rewrites these tables as the
# evidence comes in; comments inside them are not kept.
"""
