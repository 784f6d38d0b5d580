"""Rows are held against production rows or declared shares, and weights would bring them there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.represent import represent
from modelwright.define.snapshot import snapshot
from modelwright.errors import DataError
from modelwright.records import Dataset, Ingest, Snapshot, Source, Task


def read(desk: Any, table: polars.DataFrame, name: str = "rows.parquet") -> Snapshot:
    return Snapshot(
        name=name,
        rows=table.height,
        names=tuple(table.columns),
        table=desk.keep(table, "table"),
        lines=desk.keep(np.arange(table.height, dtype=np.int64) + 2, "array"),
        ingest=Ingest(format="parquet", rows_in=table.height, rows_kept=table.height),
    )


def people(seed: int, rows: int, women: float) -> polars.DataFrame:
    random = np.random.default_rng(seed)
    return polars.DataFrame(
        {
            "sex": random.choice(["woman", "man"], rows, p=[women, 1 - women]),
            "age": random.normal(40, 12, rows),
            "label": random.choice(["yes", "no"], rows),
        }
    )


def framed(desk: Any, table: polars.DataFrame) -> tuple[Task, Dataset]:
    rows = read(desk, table)
    task = frame(desk, rows, predict=("label",))
    return task, collect(desk, task, rows)


def test_a_kind_of_row_that_is_rare_here_is_named_and_weighted_up(desk: Any) -> None:
    task, dataset = framed(desk, people(0, 2_000, 0.2))
    sample = people(1, 3_000, 0.5).drop("label")
    found = represent(desk, task, dataset, read(desk, sample, "sample.parquet"))
    assert found.verdict.answer == "no"
    (finding,) = found.verdict.findings
    assert finding.columns == ("sex",)
    assert finding.severity == "serious"
    weights = desk.read(found.weights)
    women = (desk.read(dataset.table)["sex"] == "woman").to_numpy()
    share = float((sample["sex"] == "woman").to_numpy().mean())
    assert weights[women].sum() / weights.sum() == pytest.approx(share, abs=0.01)
    assert 900 < found.effective_rows < 2_000


def test_rows_of_one_population_are_rarely_called_unlike_it(desk: Any) -> None:
    answers = [
        represent(
            desk, *framed(desk, people(seed, 1_000, 0.4)), read(desk, people(1_000 + seed, 800, 0.4))
        ).verdict.answer
        for seed in range(60)
    ]
    assert answers.count("no") <= 6  # 1 in 20 are expected; more than 6 of 60 come once in 27 times


def test_the_frauds_of_a_case_control_sample_are_too_many(desk: Any, shared_data: Path) -> None:
    path = shared_data / "creditcard_fraud_casecontrol" / "creditcard_casecontrol.parquet"
    rows = snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))
    task = frame(desk, rows, predict=("Class",))
    dataset = collect(desk, task, rows)
    found = represent(desk, task, dataset, None, margins={"Class": {"1": 0.00173}})
    (finding,) = found.verdict.findings
    assert finding.columns == ("Class",)
    assert "9.1% here" in finding.evidence[0]


def test_a_sample_without_any_of_the_columns_says_so(desk: Any) -> None:
    task, dataset = framed(desk, people(0, 200, 0.5))
    with pytest.raises(DataError, match="none of them"):
        represent(desk, task, dataset, read(desk, polars.DataFrame({"else": [1.0, 2.0]})))
