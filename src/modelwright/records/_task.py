"""Task: what is predicted, from what, known when, at what cost of error (book section 6.1.1)."""

from __future__ import annotations

from typing import ClassVar, Literal

from modelwright.records._wire import record

TaskKind = Literal["binary", "multiclass", "regression", "vector_regression"]
Role = Literal["numeric", "categorical", "date", "text", "id", "group", "time", "target", "ignored"]
HypothesisStatus = Literal["open", "held", "falsified", "undecided"]
Target = Literal["server", "device", "browser"]
"""A place that a model answers in."""


@record
class Input:
    """One column the model may read.

    Args:
        name: the column.
        known_at: when its value is known, relative to the moment the answer is needed.
        may_be_missing: whether production rows may come without it.
        role: a person's correction of the inferred role; None leaves it to `collect`.
        missing: extra spellings of "missing" in this column (``NA``, ``-999``).
    """

    name: str
    known_at: Literal["before", "after", "unknown"] = "unknown"
    may_be_missing: bool = False
    role: Role | None = None
    missing: tuple[str, ...] = ()


@record
class ExistingSolution:
    """How the question is answered today.

    Args:
        kind: ``column`` (its answers stand in the data) or ``function`` (``FILE.py:NAME``, called with
            one row as a dict, returning the answer).
        name: the column's name, or ``FILE.py:NAME``.
    """

    kind: Literal["column", "function"]
    name: str


@record
class Constraints:
    """Where and how the model must run.

    Args:
        max_epsilon: where data are sensitive and the model leaves the house, the most privacy that an audit
            may show to be lost. At 1 whoever attacks the model is right about a row's membership in at most
            73 of 100 guesses, instead of 50.
    """

    runs_on: tuple[Target, ...] = ("server",)
    offline: bool = False
    sensitive: bool = False
    max_latency_milliseconds: float | None = None
    max_size_megabytes: float | None = None
    max_epsilon: float = 1.0


@record
class Costs:
    """What an error costs, in ``unit`` (a currency, minutes, complaints).

    Args:
        false_positive: binary: a negative row answered positive.
        false_negative: binary: a positive row answered negative.
        per_error: multiclass: one wrong answer.
        per_unit: regression: being off by one unit of the target.
    """

    unit: str = "points"
    false_positive: float = 1.0
    false_negative: float = 1.0
    per_error: float = 1.0
    per_unit: float = 1.0
    stated: bool = False


@record
class Hypothesis:
    """Something the project bets on, and how the bet stands."""

    text: str
    status: HypothesisStatus = "open"
    evidence: str = ""


@record
class TestChoice:
    """Which rows are the sealed test part.

    Args:
        file: a second file whose rows are the test part.
        column, value: rows where the column has the value are the test part (the column is then ignored).
        fraction: share of rows set aside where neither is given.
    """

    __test__: ClassVar[bool] = False  # pytest would otherwise take it for a class of tests

    file: str | None = None
    column: str | None = None
    value: str | None = None
    fraction: float = 0.25


@record
class Task:
    """What is predicted, from what, known when, at what cost of error.

    Args:
        question: the business question in one sentence.
        source: the data file's path as given (informative; the content's digest is what counts).
        targets: one column, or several for vector regression.
        kind, kind_reason: the kind of task and why it was inferred.
        positive_class: binary only; the class whose detection is the point.
        inputs: the columns a model may read.
        ignore: columns no model may read.
        group: rows that share its value stay on one side of every split.
        time: rows are split forward in time by it.
        measure: a measure's name, ``FILE.py:NAME``, or None to choose.
        advice: said when something else than machine learning may answer better.
    """

    question: str
    source: str
    targets: tuple[str, ...]
    kind: TaskKind
    kind_reason: str
    positive_class: str | None = None
    inputs: tuple[Input, ...] = ()
    ignore: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    measure: str | None = None
    test: TestChoice = TestChoice()
    existing_solution: ExistingSolution | None = None
    constraints: Constraints = Constraints()
    costs: Costs = Costs()
    volume_per_day: float | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    advice: tuple[str, ...] = ()
