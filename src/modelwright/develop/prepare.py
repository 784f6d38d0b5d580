"""How raw columns become numbers: a plan, decided once, fitted inside each fold only (section 6.2.1)."""

from __future__ import annotations

from typing import Literal

from modelwright.records import Column, ColumnPlan, Dataset, Desk, Input, Plan, Task, step

DROP_SHARE = 0.1
"""Share of training rows copied with a column missing, where production may lack what the data never
does. Section 6.2.1 says to "artificially generate training samples with missing entries: copy some
training samples several times, and drop some of the categorical features you expect are likely to be
missing in the test data"; a tenth teaches the indicator without changing the distribution much."""

Treatment = Literal["number", "category", "date", "text"]
TREATMENTS: dict[str, tuple[Treatment, str]] = {
    "numeric": ("number", "median where missing, an indicator, mean 0 and deviation 1"),
    "categorical": ("category", "a code each, with codes of their own for missing and unseen"),
    "date": ("date", "year, month, day, weekday, hour and day of the year, as numbers"),
    "text": ("text", "words and bigrams weighted by rarity, and the first tokens in order"),
}


@step(version=1)
def prepare(desk: Desk, task: Task, dataset: Dataset) -> Plan:
    """Decide how each feature column is prepared.

    Returns:
        The plan; nothing in it was learnt from a row.
    """
    inputs = {entry.name: entry for entry in task.inputs}
    columns = tuple(_column_plan(column, inputs.get(column.name)) for column in dataset.features)
    desk.note(f"{len(columns)} columns to prepare", columns=len(columns))
    return Plan(columns=columns)


def _column_plan(column: Column, entry: Input | None) -> ColumnPlan:
    treatment, reason = TREATMENTS[column.role]
    never_missing_here = column.missing == 0
    missing_later = entry is not None and entry.may_be_missing
    drop_share = DROP_SHARE if never_missing_here and missing_later else 0.0
    if drop_share:
        reason += f"; {drop_share:.0%} of training rows copied without it, as production may lack it"
    return ColumnPlan(name=column.name, treatment=treatment, drop_share=drop_share, reason=reason)
