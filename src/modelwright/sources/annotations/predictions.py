"""A release's answers to items: its pre-labels and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.errors import UsageError
from modelwright.records import Item, Question

PROBABILITY = "probability_"


def write_items(path: Path, items: Sequence[Item]) -> None:
    """Write what annotators see as the rows of a CSV file, in order."""
    names = list(dict.fromkeys(name for item in items for name in item.content))
    columns = {name: [item.content.get(name) for item in items] for name in names}
    polars.DataFrame(columns, schema=dict.fromkeys(names, polars.String)).write_csv(path)


def read_predictions(path: Path, question: Question) -> tuple[list[str | None], NDArray[np.float64]]:
    """Each row's answer and probabilities, in the question's order of labels.

    Raises:
        UsageError: the release answers another question.
    """
    table = polars.read_csv(path, infer_schema=False)
    wanted = [PROBABILITY + label for label in question.labels]
    if question.kind != "single" or any(name not in table.columns for name in wanted):
        raise UsageError(
            where="the release",
            expected=f"probabilities of the labels {', '.join(map(repr, question.labels))}",
            received=f"answers with the columns {', '.join(map(repr, table.columns))}",
            do_this="Use a release whose classes are the annotation's labels.",
        )
    probabilities = table.select(polars.col(wanted).cast(polars.Float64).fill_null(1 / len(wanted)))
    return table["prediction"].to_list(), probabilities.to_numpy()
