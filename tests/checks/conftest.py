"""Real data, brought to where a check looks at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.checks.inspection import Inspection, NotApplicable
from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.snapshot import snapshot
from modelwright.define.understand import open_dataset
from modelwright.records import Finding, Ingest, Snapshot, Source

Inspect = Callable[..., Inspection]


@pytest.fixture
def inspect_file(desk: Any, shared_data: Path) -> Inspect:
    """A shared data set, framed and collected: ``inspect_file("titanic/...csv.gz", "Survived")``."""

    def inspected(name: str, *predict: str, **choices: Any) -> Inspection:
        path = shared_data / name
        read = snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))
        task = frame(desk, read, predict=predict, **choices)
        return open_dataset(desk, task, collect(desk, task, read))

    return inspected


@pytest.fixture
def inspect_table(desk: Any) -> Inspect:
    """A small table, framed and collected: ``inspect_table({"a": [...]}, "a")``."""

    def inspected(columns: dict[str, list[Any]], *predict: str, **choices: Any) -> Inspection:
        table = polars.DataFrame(columns, strict=False)
        read = Snapshot(
            name="small.parquet",
            rows=table.height,
            names=tuple(table.columns),
            table=desk.keep(table, "table"),
            lines=desk.keep(np.arange(table.height, dtype=np.int64) + 2, "array"),
            ingest=Ingest(format="parquet", rows_in=table.height, rows_kept=table.height),
        )
        task = frame(desk, read, predict=predict, **choices)
        return open_dataset(desk, task, collect(desk, task, read))

    return inspected


@pytest.fixture
def findings() -> Callable[[Any], tuple[Finding, ...]]:
    """An outcome as findings; not applicable is a failure."""

    def found(outcome: Any) -> tuple[Finding, ...]:
        assert not isinstance(outcome, NotApplicable), outcome
        return outcome

    return found
