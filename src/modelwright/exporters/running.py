"""What does a written graph answer, here, in onnxruntime on one thread?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows
from modelwright.engine.preparation.preparation import Preparation
from modelwright.exporters.preparation_graph import input_name

Feed = dict[str, NDArray[Any]]
# Rows answered at a time: bounds memory.
BATCH_ROWS = 1_024
ERRORS_ONLY = 3


class Running:
    """A graph, loaded."""

    def __init__(self, graph: bytes) -> None:
        import onnxruntime  # 0.1 s that only running needs

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ONLY
        self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def answer(self, feed: Feed) -> NDArray[Any]:
        """The only output, (rows, outputs)."""
        return self._session.run(None, feed)[0]

    def answers(self, preparation: Preparation, columns: Columns, rows: Rows) -> NDArray[np.float64]:
        """The answers to these rows, (rows, outputs)."""
        parts = [self.answer(feed) for feed in feeds_of(preparation, columns, rows)]
        return np.concatenate(parts).astype(np.float64)


def feeds_of(
    preparation: Preparation, columns: Columns, rows: Rows, batch: int = BATCH_ROWS
) -> Iterator[Feed]:
    """Raw rows as the graph reads them, batch by batch."""
    for start in range(0, len(rows), batch):
        some = rows[start : start + batch]
        yield {
            input_name(position): _fed(columns.values[column.name][some])
            for position, column in enumerate(preparation.columns)
        }


def _fed(values: NDArray[Any]) -> NDArray[Any]:
    """Missing strings are empty in a graph; missing numbers are NaN already."""
    if values.dtype != object:
        return values
    return np.array(["" if value is None else value for value in values.tolist()], dtype=object)
