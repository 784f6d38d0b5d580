"""What a protocol stands on: the rows' targets, units, strata and time, and whether they suffice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.row_digests import Cells, cells_of
from modelwright.develop.dealing import strata_of
from modelwright.develop.duplicates import Units, units_of
from modelwright.engine.columns import targets_of
from modelwright.errors import DataError
from modelwright.records import Dataset, Desk, Task

Rows = NDArray[np.int64]
MIN_ROWS = 10
"""Fewer labelled rows cannot be parted into training, validation and test rows that mean anything."""
MIN_DEVELOPMENT_ROWS = 6
"""What a quarter set aside leaves of ten rows, whole units kept together."""
MIN_CLASS_UNITS = 3
"""Of each of two classes: one unit to train on, one to validate on, one to test on."""
MIN_UNITS = 6
"""Two units to test on (one tells nothing of how scores vary), and some to train and validate on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The rows as a protocol sees them; every array is (rows,).

    Args:
        answers: class positions, or values (rows, targets).
        cells: digests of all cells, by which a row is known again.
        times: ranks of the time column, NaN where it is missing; None without a time column.
        given: the test rows that the task names; None where they are to be chosen.
        characters: length of all texts together.
    """

    task: Task
    dataset: Dataset
    answers: NDArray[Any]
    cells: Cells
    units: Units
    strata: NDArray[np.int64]
    times: NDArray[np.float64] | None
    given: Rows | None
    characters: int

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return len(self.strata)

    @property
    def binary(self) -> bool:
        """Whether there are exactly two classes."""
        return self.task.kind == "binary"

    def class_units(self, rows: Rows) -> NDArray[np.int64]:
        """For each class, how many units hold it among these rows."""
        classes = len(self.dataset.classes)
        pairs = np.unique(self.units.numbers[rows] * classes + self.answers[rows])
        return np.bincount(pairs % classes, minlength=classes)

    def names(self, positions: NDArray[Any]) -> str:
        """The classes at those positions, the first five by name."""
        named = [repr(self.dataset.classes[int(position)]) for position in positions[:5]]
        return ", ".join(named) + (f" and {len(positions) - 5} more" if len(positions) > 5 else "")


def ground_of(desk: Desk, task: Task, dataset: Dataset) -> Ground:
    """Read the dataset as a protocol sees it.

    Raises:
        DataError: the rows cannot carry the task.
    """
    table: polars.DataFrame = desk.read(dataset.table)
    _require_columns_and_rows(dataset, table.height)
    answers = targets_of(table, dataset, task)
    texts = [column.name for column in dataset.features if column.role == "text"]
    cells = cells_of(table, dataset)
    return Ground(
        task=task,
        dataset=dataset,
        answers=answers,
        cells=cells,
        units=units_of(table, dataset, cells, task.group),
        strata=strata_of(answers),
        times=None if task.time is None else _times(table[task.time]),
        given=None if dataset.test_rows is None else np.sort(desk.read(dataset.test_rows)),
        characters=sum(int(table[name].str.len_chars().sum()) for name in texts),
    )


def require_development(ground: Ground, rows: Rows) -> None:
    """Raise unless these rows, all but the test part, can be learnt from.

    Raises:
        DataError: too few rows, one class, or a constant target.
    """
    if len(rows) < MIN_DEVELOPMENT_ROWS:
        raise short_of_rows("develop a model on", len(rows))
    if not ground.dataset.classes:
        _require_varying(ground, rows)
        return
    present = np.unique(ground.answers[rows])
    if len(present) < 2:
        raise DataError(
            where=f"target {ground.task.targets[0]}",
            expected="rows of at least two classes outside the test part",
            received=f"{len(rows):,} rows, all {ground.names(present)}",
            do_this="Bring rows of the other class, or look for another target.",
        )


def short_of_rows(purpose: str, rows: int) -> DataError:
    """The error of too few rows."""
    return DataError(
        where="rows of the data set",
        expected=f"at least {MIN_ROWS} rows with a target, with some left to {purpose}",
        received=f"{rows:,}",
        do_this="Bring more rows; fewer than 50 are better answered by a rule of thumb.",
    )


def _require_columns_and_rows(dataset: Dataset, rows: int) -> None:
    if rows < MIN_ROWS:
        raise short_of_rows("test on", rows)
    if not dataset.features:
        raise DataError(
            where="columns of the data set",
            expected="at least one column a model may read",
            received="none besides the target, ids and ignored columns",
            do_this="Take a column out of `ignore` in task.toml, or correct its role.",
        )


def _require_varying(ground: Ground, rows: Rows) -> None:
    for name, column in zip(ground.task.targets, ground.answers[rows].T, strict=True):
        if np.ptp(column) == 0:
            raise DataError(
                where=f"target {name}",
                expected="a number that varies from row to row",
                received=f"{column[0]:g} in all {len(rows):,} rows outside the test part",
                do_this="Look for another target: nothing is left to predict here.",
            )


def _times(series: polars.Series) -> NDArray[np.float64]:
    ranks = series.fill_nan(None) if series.dtype.is_float() else series
    return ranks.rank("dense").cast(polars.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
