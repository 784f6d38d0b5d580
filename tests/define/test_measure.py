"""The measure follows from the kind of task and the balance of its targets, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.define.measure import choose_measure
from modelwright.errors import UsageError
from modelwright.records import Blob, Column, Dataset, Ingest, Measure, Task, TaskKind, decode, encode
from modelwright.statistics.measures import measure_function

CODE = """
def waste_cost(targets, predictions, weights=None):
    return float(abs(targets - predictions).mean())
"""


def framed(
    desk: Any, targets: dict[str, Any], kind: TaskKind, *, measure: str | None = None, test: Any = None
) -> tuple[Task, Dataset]:
    table = polars.DataFrame(targets)
    dtype = "string" if kind in ("binary", "multiclass") else "number"
    blob: Blob = desk.keep(table, "table")
    classes = tuple(sorted(set(table.to_series().to_list()))) if dtype == "string" else ()
    columns = tuple(
        Column(name=name, role="target", dtype=dtype, reason="", missing=0, unique=2) for name in targets
    )
    dataset = Dataset(
        rows=table.height,
        columns=columns,
        table=blob,
        lines=desk.keep(np.arange(table.height), "array"),
        classes=classes,
        test_rows=None if test is None else desk.keep(np.array(test, dtype=np.int64), "array"),
        ingest=Ingest(format="csv", rows_in=table.height, rows_kept=table.height),
    )
    task = Task(question="", source="", targets=tuple(targets), kind=kind, kind_reason="", measure=measure)
    return task, dataset


@pytest.mark.parametrize(
    ("targets", "kind", "expected"),
    [
        ({"y": ["a"] * 60 + ["b"] * 40}, "binary", "roc_auc"),
        ({"y": ["a"] * 81 + ["b"] * 19}, "binary", "average_precision"),
        ({"y": ["a"] * 5 + ["b"] * 95}, "binary", "roc_auc"),
        ({"y": ["a"] * 30 + ["b"] * 40 + ["c"] * 20}, "multiclass", "accuracy"),
        ({"y": ["a"] * 30 + ["b"] * 90 + ["c"] * 20}, "multiclass", "f1"),
        ({"y": [1.0, 2.0], "z": [5.0, 9.0]}, "vector_regression", "r2"),
    ],
)
def test_the_measure_follows_from_kind_and_balance(
    desk: Any, targets: dict[str, Any], kind: TaskKind, expected: str
) -> None:
    measure = choose_measure(desk, *framed(desk, targets, kind))
    assert measure.name == expected
    assert len(measure.reason) > 30


def test_a_heavy_tailed_target_is_measured_by_absolute_error(desk: Any) -> None:
    generator = np.random.default_rng(0)
    calm, wild = generator.normal(size=2000), generator.standard_cauchy(size=2000)
    assert choose_measure(desk, *framed(desk, {"y": calm}, "regression")).name == "rmse"
    measure = choose_measure(desk, *framed(desk, {"y": wild}, "regression"))
    assert measure.name == "mae"
    assert "the 1% of rows farthest from the median" in measure.reason


def test_real_prices_are_measured_by_squared_error(desk: Any, shared_data: Path) -> None:
    for file, target in (
        ("california_housing/california_housing.csv.gz", "median_house_value"),
        ("bike_sharing_hourly/hour.csv.gz", "cnt"),
    ):
        prices = polars.read_csv(shared_data / file)[target].cast(polars.Float64)
        assert choose_measure(desk, *framed(desk, {"y": prices}, "regression")).name == "rmse"


def test_the_sealed_test_part_has_no_say(desk: Any) -> None:
    targets = {"y": ["a"] * 81 + ["b"] * 60}
    task, dataset = framed(desk, targets, "binary", test=range(100, 141))
    assert choose_measure(desk, task, dataset).name == "average_precision"


def test_a_class_without_development_rows_does_not_make_classes_imbalanced(desk: Any) -> None:
    targets = {"y": ["a"] * 30 + ["b"] * 30 + ["c"] * 2}
    task, dataset = framed(desk, targets, "multiclass", test=[60, 61])
    assert choose_measure(desk, task, dataset).name == "accuracy"


def test_a_measure_may_be_named_however_it_is_spelled(desk: Any) -> None:
    named = framed(desk, {"y": ["a", "b"]}, "binary", measure="ROC-AUC")
    assert choose_measure(desk, *named).name == "roc_auc"
    assert choose_measure(desk, *named).reason == "named by the task"


def test_an_unknown_measure_names_the_nearest_and_all_that_fit(desk: Any) -> None:
    with pytest.raises(UsageError, match=r"accuracy, .*brier.*'acuracy'.*Write 'accuracy', the nearest"):
        choose_measure(desk, *framed(desk, {"y": ["a", "b"]}, "binary", measure="acuracy"))
    with pytest.raises(UsageError, match="Write one of them"):
        choose_measure(desk, *framed(desk, {"y": [1.0, 2.0]}, "regression", measure="zzz"))


def test_a_measure_of_another_kind_of_task_is_refused(desk: Any) -> None:
    with pytest.raises(UsageError, match=r"for regression: rmse.*'roc_auc', which measures something else"):
        choose_measure(desk, *framed(desk, {"y": [1.0, 2.0]}, "regression", measure="roc_auc"))
    with pytest.raises(UsageError, match="Write 'roc_auc_ovr', the nearest"):
        choose_measure(desk, *framed(desk, {"y": ["a", "b", "c"]}, "multiclass", measure="roc_auc"))


def test_a_users_function_becomes_the_measure_and_survives_its_record(desk: Any) -> None:
    task, dataset = framed(desk, {"y": [1.0, 2.0]}, "regression", measure="mine.py:waste_cost")
    measure = choose_measure(desk, task, dataset, code=CODE)
    assert (measure.goal, measure.reads, measure.title) == ("minimise", "value", "waste cost")
    score = measure_function(decode(encode(measure), Measure), ())
    assert score(np.array([1.0, 2.0]), np.array([[2.0], [4.0]])) == 1.5


def test_a_users_file_that_is_absent_or_lacks_the_function_is_told(desk: Any) -> None:
    task, dataset = framed(desk, {"y": [1.0, 2.0]}, "regression", measure="mine.py:other")
    with pytest.raises(UsageError, match="empty or absent"):
        choose_measure(desk, task, dataset)
    with pytest.raises(UsageError, match="a file with waste_cost"):
        choose_measure(desk, task, dataset, code=CODE)
