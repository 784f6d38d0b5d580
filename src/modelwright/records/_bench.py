"""Measure, Plan, Protocol and Bench: all that two recipes must share to be comparable."""

from __future__ import annotations

from typing import Literal

from modelwright.records._blob import Blob
from modelwright.records._dataset import Dataset
from modelwright.records._task import Task
from modelwright.records._wire import record


@record
class Measure:
    """The number that decides.

    Args:
        name: e.g. ``roc_auc``; or ``FILE.py:NAME`` of a user's plain function.
        goal: whether more or less of it is better.
        reads: what it compares with the targets: ``probability`` (rows, classes), ``label`` (rows,) or
            ``value`` (rows, targets).
        code: source text of a user's function's file, empty for a built-in.
    """

    name: str
    title: str
    goal: Literal["maximise", "minimise"]
    reads: Literal["probability", "label", "value"]
    reason: str
    code: str = ""


@record
class ColumnPlan:
    """How one column is prepared (fitted inside each fold, never here).

    Args:
        treatment: ``number`` (median, missing indicator, standardised), ``category`` (codes with their
            own "missing" and "unseen"), ``date`` (parts, then as numbers), ``text`` (bags and token ids).
        drop_share: share of training rows copied with this column missing (6.2.1), 0 for none.
    """

    name: str
    treatment: Literal["number", "category", "date", "text"]
    drop_share: float = 0.0
    reason: str


@record
class Plan:
    """How raw rows become numbers, with its limits.

    Args:
        columns: the columns prepared, in order.
        max_categories: most frequent categories kept per column; the rest are "unseen".
        min_category_rows: rows a category needs to be kept.
        max_terms: words and bigrams kept per text column. min_term_rows: rows a term needs.
        max_tokens: token ids kept per row and text column. max_words: vocabulary of the token ids.
    """

    columns: tuple[ColumnPlan, ...]
    max_categories: int = 256
    min_category_rows: int = 3
    max_terms: int = 50_000
    min_term_rows: int = 2
    max_tokens: int = 256
    max_words: int = 20_000


@record
class Seal:
    """Rows that nobody looks at until the end, by their content.

    Args:
        name: what the seal goes by; rows sealed before keep the name they were sealed under.
        digests: uint64 array (rows, columns), of every cell, see `checks.row_digests`. columns: their names.
        rows: how many. again: how many of them were sealed before.
        project: where it was made, for the seal of a project beside this one. unread: why it could not be
            read; it then holds no rows.
    """

    name: str
    digests: Blob
    columns: tuple[str, ...]
    rows: int
    again: int = 0
    project: str = ""
    unread: str = ""


@record
class Protocol:
    """How candidates are compared, and which rows nobody sees.

    Args:
        kind: the way of splitting.
        folds, repeats: 1 and 1 for a holdout.
        test: int64 array (test_rows,): the sealed rows.
        splits: int8 array (folds x repeats, rows): 1 trains, 2 validates, 0 is not used (the sealed rows,
            and rows a forward split must not see).
        units: int64 array (rows,): rows with one number are copies or near copies of each other or share a
            group, and never straddle a split; intervals resample units, not rows.
        rows: rows that development may use. test_rows: rows sealed. seal: the sealed rows by their content.
        reason, test_reason: why.
    """

    kind: Literal["holdout", "k_fold", "iterated_k_fold", "forward"]
    folds: int
    repeats: int
    grouped: bool = False
    seed: int
    test: Blob
    splits: Blob
    units: Blob
    rows: int
    test_rows: int
    reason: str
    test_reason: str
    seal: Seal | None = None

    @property
    def mutual(self) -> bool:
        """Whether rows that are answered train the models that answer others."""
        return self.folds > 1 and self.kind != "forward"


@record
class Bench:
    """All that two recipes must share to be comparable."""

    task: Task
    dataset: Dataset
    measure: Measure
    plan: Plan
    protocol: Protocol
