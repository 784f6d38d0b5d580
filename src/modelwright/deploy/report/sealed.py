"""What did the model answer on the sealed rows, and what was the truth?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.engine.columns import targets_of
from modelwright.records import Bench, Desk, Final
from modelwright.statistics.shares import independent_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The sealed rows, opened.

    Args:
        rows: int64 (test_rows,): their positions in the data set.
        table: all of the data set's rows.
        truth: int64 (test_rows,) classes, or float64 (test_rows, targets).
        known: the same of all rows development could see.
        outputs: float64 (test_rows, outputs): probabilities or values.
        units: int64 (test_rows,). lines: int64 (test_rows,), line numbers in the file.
        today: what the existing solution answers, as `truth`; None where there is none.
    """

    rows: NDArray[np.int64]
    table: polars.DataFrame
    truth: NDArray[Any]
    known: NDArray[Any]
    outputs: NDArray[np.float64]
    units: NDArray[np.int64]
    lines: NDArray[np.int64]
    today: NDArray[Any] | None = None

    @property
    def worth(self) -> float:
        """Independent rows among the sealed ones."""
        return independent_rows(self.units)

    @property
    def answers(self) -> NDArray[np.int64]:
        """The most probable class of each row."""
        return self.outputs.argmax(axis=1)


def open_sealed(desk: Desk, bench: Bench, final: Final) -> Sealed:
    """Read the sealed rows, their truth and the model's answers."""
    table: polars.DataFrame = desk.read(bench.dataset.table)
    rows: NDArray[np.int64] = desk.read(bench.protocol.test)
    outputs = np.asarray(desk.read(final.predictions), dtype=np.float64).reshape(len(rows), -1)
    truth = targets_of(table, bench.dataset, bench.task)
    developed = np.setdiff1d(np.arange(table.height), rows)
    if bench.task.kind == "binary" and outputs.shape[1] == 1:
        outputs = np.hstack([1 - outputs, outputs])
    return Sealed(
        rows=rows,
        table=table,
        truth=truth[rows],
        known=truth[developed],
        outputs=outputs,
        units=np.asarray(desk.read(bench.protocol.units), dtype=np.int64)[rows],
        lines=np.asarray(desk.read(bench.dataset.lines), dtype=np.int64)[rows],
        today=_todays_answers(desk, bench, final),
    )


def _todays_answers(desk: Desk, bench: Bench, final: Final) -> NDArray[Any] | None:
    if final.todays is None:
        return None
    outputs: NDArray[np.float64] = desk.read(final.todays)
    return outputs.argmax(axis=1) if bench.dataset.classes else outputs
