"""Are the rows like the population that the model will meet (section 6.1.2, "sampling bias")?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars

from modelwright.checks.unlike_population import (
    CODE,
    Representativeness,
    against_margins,
    against_sample,
)
from modelwright.define.understand import open_dataset
from modelwright.errors import DataError
from modelwright.records import Dataset, Desk, Representation, Snapshot, Task, Verdict, step
from modelwright.sources.casting import cast_column

QUESTION = "Are the rows like the population that the model will meet?"


@step(version=2)
def represent(
    desk: Desk,
    task: Task,
    dataset: Dataset,
    sample: Snapshot | None,
    *,
    margins: Mapping[str, Mapping[str, float]] | None = None,
) -> Representation:
    """Hold the rows against a sample of production rows, or against declared shares of the population.

    Args:
        sample: rows as production brings them; columns by name, the target need not be there.
        margins: instead, column -> value -> its share in the population.

    Raises:
        DataError: no column of the sample, or of the margins, is a column here.

    Source:
        Deep Learning with Python, 2nd ed., section 6.1.2 ("Beware of non-representative data").
    """
    inspection = open_dataset(desk, task, dataset)
    if sample is not None:
        table = _typed(desk.read(sample.table), dataset)
        found = against_sample(inspection, table)
        rows, named = sample.rows, sample.name
    else:
        found = against_margins(inspection, margins or {})
        rows, named = 0, "the declared shares"
    if not found.compared:
        raise _nothing_to_compare(dataset, named)
    return Representation(
        verdict=_verdict(found, named),
        weights=desk.keep(found.weights, "array"),
        effective_rows=found.effective_rows,
        sample_rows=rows,
    )


def _typed(table: polars.DataFrame, dataset: Dataset) -> polars.DataFrame:
    """The sample's columns that are columns here, cast as they were."""
    typed = [
        cast_column(
            table[column.name],
            column.dtype,
            missing_tokens=column.missing_tokens,
            date_format=column.date_format,
        )[0]
        for column in dataset.columns
        if column.name in table.columns
    ]
    return polars.DataFrame(typed)


def _verdict(found: Representativeness, named: str) -> Verdict:
    answer: Literal["yes", "no"] = "no" if found.findings else "yes"
    compared = f"{len(found.compared)} columns held against {named}"
    if found.findings:
        reason = f"{compared}; {CODE}: {found.findings[0].message}"
    else:
        reason = f"{compared}: none differs by more than chance and enough to matter"
    return Verdict(question=QUESTION, answer=answer, reason=reason, findings=found.findings)


def _nothing_to_compare(dataset: Dataset, named: str) -> DataError:
    names = ", ".join(repr(column.name) for column in dataset.columns[:10])
    return DataError(
        where=named,
        expected="at least one of the columns that the task knows",
        received="none of them",
        do_this=f"Give its columns the names they have here: {names}.",
    )
