"""Does something else than machine learning answer better? (section 6.1.1)"""

from __future__ import annotations

from collections.abc import Sequence

import polars

from modelwright.checks.formulas import find_sum, is_lookup
from modelwright.define.kind import MAX_CLASS_INTEGERS, Target, numbers_of
from modelwright.sources.cells import AUTOMATIC_MISSING, stripped

FEW_ROWS = 50
"""With fewer rows than this no interval is narrow enough to tell a model from luck: at 50 rows the 95%
interval of an accuracy of 80% is already 66% to 90% wide (Wilson)."""

MAX_NAMED = 3
"""Lookup columns named in one piece of advice."""


def advise(table: polars.DataFrame, targets: Sequence[Target], columns: Sequence[str]) -> tuple[str, ...]:
    """What a person should consider before any learning is done.

    Args:
        table: the snapshot's table.
        columns: the inputs; what is ignored gives no advice.
    """
    said: list[str] = []
    rows = min(len(target.words.drop_nulls()) for target in targets)
    if rows < FEW_ROWS:
        said.append(
            f"Only {rows} rows have an answer: fewer than {FEW_ROWS} cannot tell a model from luck. "
            "Collect more rows, or write the rule down by hand."
        )
    said.extend(words for target in targets for words in _disguised(target))
    words = {name: stripped(table[name]) for name in columns}
    for target in targets:
        said.extend(_formula(table, target, columns) or _lookups(target, words))
    return tuple(said)


def _disguised(target: Target) -> list[str]:
    """A target that says "missing" in words is a class of its own unless its cells are emptied."""
    spellings = target.words.filter(target.words.is_in(AUTOMATIC_MISSING)).unique().sort().to_list()
    known = target.words.drop_nulls()
    if not spellings or (target.numbers is not None and known.n_unique() > MAX_CLASS_INTEGERS):
        return []
    spelled, rows = ", ".join(repr(word) for word in spellings), int(known.is_in(spellings).sum())
    return [
        f"`{target.name}` says {spelled} in {rows:,} of {len(known):,} rows, which is read as a class. If it "
        "means that the answer is not known, empty those cells: such rows are then left out."
    ]


def _formula(table: polars.DataFrame, target: Target, columns: Sequence[str]) -> list[str]:
    """A sum of numeric columns that gives the target exactly."""
    if target.numbers is None:
        return []
    numbers = {name: numbers_of(table[name]) for name in columns}
    numeric = polars.DataFrame({name: column for name, column in numbers.items() if column is not None})
    formula = find_sum(numeric, target.numbers)
    if formula is None:
        return []
    ignoring = " ".join(f"--ignore {name}" for name in formula.weights)
    return [
        f"{formula.spelled(target.name)}, exactly, on {formula.rows:,} rows: that formula answers without "
        f"a model. If those columns are not known when the answer is needed, ignore them ({ignoring})."
    ]


def _lookups(target: Target, words: dict[str, polars.Series]) -> list[str]:
    """Columns each of whose values always goes with one answer."""
    answers = target.words if target.numbers is None else target.numbers
    found = [name for name, column in words.items() if is_lookup(column, answers)][:MAX_NAMED]
    return [
        f"Each value of `{name}` always goes with one `{target.name}`: a lookup table answers without a "
        f"model. If `{name}` is not known when the answer is needed, ignore it (--ignore {name})."
        for name in found
    ]
