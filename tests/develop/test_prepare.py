"""A plan says how columns are prepared, and learns nothing from rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modelwright.develop.prepare import DROP_SHARE, prepare
from modelwright.records import Column, Dataset, Input, Plan, Role, Task, digest


def planned(desk: Any, laid: Any, columns: tuple[Column, ...], inputs: tuple[Input, ...] = ()) -> Plan:
    bench = laid.bench(desk, laid.table())
    dataset: Dataset = replace(bench.dataset, columns=columns)
    task: Task = replace(bench.task, inputs=inputs)
    return prepare(desk, task, dataset)


def column(name: str, role: Role, missing: int = 0) -> Column:
    return Column(name=name, role=role, dtype="string", reason="", missing=missing, unique=3)


@pytest.mark.parametrize(
    ("role", "treatment"),
    [("numeric", "number"), ("categorical", "category"), ("date", "date"), ("text", "text")],
)
def test_every_role_of_a_feature_has_its_treatment(desk: Any, laid: Any, role: Role, treatment: str) -> None:
    (plan,) = planned(desk, laid, (column("a", role),)).columns
    assert plan.treatment == treatment
    assert plan.reason


@pytest.mark.parametrize("role", ["target", "id", "group", "time", "ignored"])
def test_what_no_model_reads_is_not_prepared(desk: Any, laid: Any, role: Role) -> None:
    plan = planned(desk, laid, (column("kept", "numeric"), column("other", role)))
    assert [entry.name for entry in plan.columns] == ["kept"]


@pytest.mark.parametrize(
    ("may_be_missing", "missing_here", "share"),
    [(True, 0, DROP_SHARE), (True, 4, 0.0), (False, 0, 0.0), (False, 4, 0.0)],
)
def test_copies_are_dropped_only_where_production_lacks_what_the_data_never_does(
    desk: Any, laid: Any, may_be_missing: bool, missing_here: int, share: float
) -> None:
    entry = Input(name="a", may_be_missing=may_be_missing)
    (plan,) = planned(desk, laid, (column("a", "categorical", missing_here),), (entry,)).columns
    assert plan.drop_share == share
    assert ("10% of training rows" in plan.reason) == (share > 0)


def test_a_plan_does_not_depend_on_any_value(desk: Any, laid: Any) -> None:
    plans = []
    for seed in (0, 1):
        bench = laid.bench(desk, laid.table(seed))
        plans.append(digest(prepare(desk, bench.task, bench.dataset)))
    assert plans[0] == plans[1]
