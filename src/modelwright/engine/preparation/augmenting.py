"""Training rows copied with a column missing, where production may lack what the data never does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows
from modelwright.engine.preparation.tokens import taken, tokenised
from modelwright.records import ColumnPlan, Plan


def augment_rows(plan: Plan, columns: Columns, rows: Rows, seed: int) -> tuple[Columns, Rows]:
    """Add copies of some of `rows`, with one column missing in each.

    Returns:
        Longer columns and the rows to train on: `rows` themselves, then the copies, which stand after
        the last row. `augmented_sources` says which row each is a copy of (its answer is the same).

    Source:
        Deep Learning with Python, 2nd ed., section 6.2.1, "Handling missing values".
    """
    drops = _drops(plan, rows, seed)
    if not drops:
        return columns, rows
    sources = np.concatenate([chosen for _, chosen in drops])
    everything = np.concatenate([np.arange(columns.rows), sources]).astype(np.int64)
    values: dict[str, NDArray[Any]] = {}
    cache: dict[str, Any] = {}
    for column in plan.columns:
        blank = _blank(column, drops, columns.rows)
        values[column.name] = _blanked(columns.values[column.name][everything], blank)
        if column.treatment == "text":
            cache[column.name] = taken(tokenised(columns, column.name), everything, blank)
    copies = np.arange(columns.rows, len(everything), dtype=np.int64)
    longer = Columns(values=values, rows=len(everything), cache=cache)
    return longer, np.concatenate([rows, copies])


def augmented_sources(plan: Plan, rows: Rows, seed: int) -> Rows:
    """For each row that `augment_rows` returns, the original row it is (a copy of)."""
    return np.concatenate([rows, *(chosen for _, chosen in _drops(plan, rows, seed))]).astype(np.int64)


def _drops(plan: Plan, rows: Rows, seed: int) -> list[tuple[str, Rows]]:
    """For each column that is dropped, the rows that are copied without it."""
    chance = np.random.default_rng(seed)
    drops: list[tuple[str, Rows]] = []
    for column in plan.columns:
        count = min(len(rows), int(np.ceil(column.drop_share * len(rows))))
        if count:
            drops.append((column.name, np.sort(chance.choice(rows, size=count, replace=False))))
    return drops


def _blank(column: ColumnPlan, drops: list[tuple[str, Rows]], rows: int) -> NDArray[np.bool_]:
    """Which of the longer columns' rows are copies made without this column."""
    copies = [np.full(len(chosen), name == column.name) for name, chosen in drops]
    return np.concatenate([np.zeros(rows, dtype=bool), *copies])


def _blanked(values: NDArray[Any], blank: NDArray[np.bool_]) -> NDArray[Any]:
    values[blank] = None if values.dtype == object else np.nan
    return values
