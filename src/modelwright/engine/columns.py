"""The columns a fold sees: one array a column, and the targets beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Dataset, Task

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Typed raw columns, all of one length.

    Args:
        values: numbers and dates as float64 (rows,), NaN where missing, dates in seconds since
            1970-01-01T00:00 UTC; everything else as object (rows,) of ``str``, None where missing.
        rows: how many.
        cache: what is fitted on no row and so may be shared by all folds (tokenised texts), by column.
    """

    values: Mapping[str, NDArray[Any]]
    rows: int
    cache: dict[str, Any] = field(default_factory=dict[str, Any])


def columns_of(table: polars.DataFrame, dataset: Dataset) -> Columns:
    """The feature columns of a dataset's table, as arrays."""
    values = {column.name: _array(table[column.name]) for column in dataset.features}
    return Columns(values=values, rows=table.height)


def targets_of(table: polars.DataFrame, dataset: Dataset, task: Task) -> NDArray[Any]:
    """The targets: int64 (rows,) positions in `dataset.classes`, or float64 (rows, targets)."""
    if dataset.classes:
        position = {name: index for index, name in enumerate(dataset.classes)}
        answers = table[task.targets[0]].cast(polars.String).to_list()
        return np.array([position[answer] for answer in answers], dtype=np.int64)
    return np.column_stack([table[name].cast(polars.Float64).to_numpy() for name in task.targets])


def _array(series: polars.Series) -> NDArray[Any]:
    if series.dtype == polars.String:
        return np.array(series.to_list(), dtype=object)
    if series.dtype.is_temporal():
        microseconds = series.cast(polars.Datetime("us")).dt.epoch("us").cast(polars.Float64)
        return (microseconds / 1e6).fill_null(np.nan).to_numpy().astype(np.float64)
    return series.cast(polars.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
