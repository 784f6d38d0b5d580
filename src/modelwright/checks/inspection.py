"""What every check looks at, and how it says what it saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Column, Dataset, Finding, Task

MAX_LINES = 20
"""Line numbers a finding shows (the limit of `Finding.lines`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A dataset laid open.

    Args:
        table: the dataset's rows. lines: int64 (rows,), each row's line in its file.
        test: bool (rows,): rows of the declared test part; all False where none is declared.
        seed: for what is drawn at random.
    """

    task: Task
    dataset: Dataset
    table: polars.DataFrame
    lines: NDArray[np.int64]
    test: NDArray[np.bool_]
    seed: int = 0

    @property
    def has_test(self) -> bool:
        """Whether a test part is declared."""
        return bool(self.test.any())

    @property
    def known(self) -> polars.DataFrame:
        """The rows outside the declared test part: all that may teach anything."""
        return self.table.filter(polars.Series(~self.test)) if self.has_test else self.table

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns a model reads."""
        return self.dataset.features

    def by_time(self) -> tuple[Column, NDArray[np.int64]] | None:
        """The column that says when each row was, and the known rows with a time in its order, (rows,).

        It is the task's time column, or the only date that there is; None where there is neither.
        """
        dates = [column for column in self.dataset.columns if column.role == "time"]
        dates = dates or [column for column in self.dataset.columns if column.role == "date"]
        if len(dates) != 1:
            return None
        rows = np.flatnonzero(~self.test)
        moments = self.table[dates[0].name][rows]
        dated = moments.is_not_null().to_numpy()
        order = moments.filter(polars.Series(dated)).arg_sort().to_numpy()
        return dates[0], rows[dated][order]

    def lines_of(self, rows: polars.Series | NDArray[np.bool_]) -> tuple[int, ...]:
        """The first lines where a mask (rows,) is true."""
        mask = rows.to_numpy() if isinstance(rows, polars.Series) else rows
        return tuple(int(line) for line in self.lines[mask][:MAX_LINES])


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A check that has nothing to look at here, and why."""

    reason: str


Outcome: TypeAlias = "tuple[Finding, ...] | NotApplicable"
"""What a check saw: its findings (none: clean), or that it does not apply."""


class Check(Protocol):
    """One check: a module with a code, a title and a look."""

    CODE: str
    TITLE: str

    def look(self, inspection: Inspection) -> Outcome:
        """Look at the data."""
        ...


def share(part: int, whole: int) -> str:
    """A part of a whole in words: ``403 of 5,574 (7.2%)``."""
    return f"{part:,} of {whole:,} ({percent(part / whole)})"


def percent(portion: float) -> str:
    """A share as a percentage, with more digits near 0 and 1; never 0% of something, nor 100% of less."""
    rarer = min(portion, 1 - portion)
    if rarer == 0 or rarer >= 0.1:
        return f"{portion:.0%}"
    if rarer >= 0.001:
        return f"{portion:.1%}"
    return f"{100 * portion:.2g}%" if rarer == portion else f"{100 - float(f'{100 * rarer:.2g}'):g}%"


def quoted(names: list[str] | tuple[str, ...], most: int = 5) -> str:
    """Column names for a sentence: `a`, `b` and 3 more."""
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
