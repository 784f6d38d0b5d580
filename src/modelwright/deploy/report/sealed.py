"""What did the model answer on the sealed rows, and what was the truth?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.deploy.report.counting import independent_rows
from modelwright.engine.columns import targets_of
from modelwright.records import Bench, Desk, Final


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
    """

    rows: NDArray[np.int64]
    table: polars.DataFrame
    truth: NDArray[Any]
    known: NDArray[Any]
    outputs: NDArray[np.float64]
    units: NDArray[np.int64]
    lines: NDArray[np.int64]

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
    )


def todays_answers(bench: Bench, sealed: Sealed) -> NDArray[Any] | None:
    """The existing solution's answers on the sealed rows, where a column of the data holds them.

    Returns:
        int64 (test_rows,) classes or float64 (test_rows, 1); None where it is a function, or an answer is
        no class or number.
    """
    solution = bench.task.existing_solution
    if solution is None or solution.kind != "column" or solution.name not in sealed.table.columns:
        return None
    answers = sealed.table[solution.name].gather(sealed.rows)
    if not bench.dataset.classes:
        values = answers.cast(polars.Float64, strict=False).to_numpy().reshape(-1, 1)
        return values if np.isfinite(values).all() else None
    position = {name: index for index, name in enumerate(bench.dataset.classes)}
    found = [position.get(_as_class(answer), -1) for answer in answers.to_list()]
    return np.array(found, dtype=np.int64) if -1 not in found else None


def _as_class(answer: Any) -> str:
    if isinstance(answer, bool):
        return str(answer).lower()
    return str(int(answer)) if isinstance(answer, float) and answer.is_integer() else str(answer)
