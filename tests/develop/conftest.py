"""A small bench laid by hand: every row's part in every split is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.records import (
    Bench,
    Column,
    ColumnPlan,
    Costs,
    Dataset,
    Desk,
    ExistingSolution,
    Ingest,
    Plan,
    Protocol,
    Recipe,
    Study,
    Task,
    Verdict,
    digest,
    step,
)
from modelwright.statistics.measures import BUILT_IN

ROWS, TEST_ROWS, FOLDS = 120, 30, 3


def small_table(seed: int = 0, rows: int = ROWS) -> polars.DataFrame:
    """A number and a colour that tell the class and the price, each with noise."""
    generator = np.random.default_rng(seed)
    size = generator.normal(50, 10, rows)
    colour = generator.choice(["red", "green", "blue"], rows)
    tendency = size + 8 * (colour == "red") + generator.normal(0, 6, rows)
    return polars.DataFrame(
        {
            "size": size,
            "colour": colour,
            "label": np.where(tendency > 53, "yes", "no"),
            "price": tendency * 10,
            "rule": np.where(size > 53, "yes", "no"),
        }
    )


def lay(
    desk: Desk,
    table: polars.DataFrame,
    *,
    target: str = "label",
    measure: str = "log_loss",
    costs: Costs | None = None,
    existing: ExistingSolution | None = None,
) -> Bench:
    """A bench on the first rows in three folds, every third row validating; the last are sealed."""
    rows, classes = table.height, ("no", "yes") if target == "label" else ()
    task = Task(
        question="",
        source="",
        targets=(target,),
        kind="binary" if classes else "regression",
        kind_reason="",
        positive_class="yes" if classes else None,
        costs=costs or Costs(),
        existing_solution=existing,
    )
    roles = {"size": "numeric", "colour": "categorical", target: "target"}
    columns = tuple(
        Column(
            name=name,
            role=roles.get(name, "ignored"),  # type: ignore[arg-type]  # a Role, written as text
            dtype="number" if table[name].dtype.is_numeric() else "string",
            reason="",
            missing=0,
            unique=0,
        )
        for name in table.columns
    )
    dataset = Dataset(
        rows=rows,
        columns=columns,
        table=desk.keep(table, "table"),
        lines=desk.keep(np.arange(rows), "array"),
        classes=classes,
        ingest=Ingest(format="csv", rows_in=rows, rows_kept=rows),
    )
    splits = np.where(np.arange(rows)[None, :] % FOLDS == np.arange(FOLDS)[:, None], 2, 1).astype(np.int8)
    splits[:, rows - TEST_ROWS :] = 0
    protocol = Protocol(
        kind="k_fold",
        folds=FOLDS,
        repeats=1,
        seed=0,
        test=desk.keep(np.arange(rows - TEST_ROWS, rows), "array"),
        splits=desk.keep(splits, "array"),
        units=desk.keep(np.arange(rows), "array"),
        rows=rows - TEST_ROWS,
        test_rows=TEST_ROWS,
        reason="",
        test_reason="",
    )
    plan = Plan(
        columns=(
            ColumnPlan(name="size", treatment="number", reason=""),
            ColumnPlan(name="colour", treatment="category", reason=""),
        )
    )
    chosen = BUILT_IN[measure].chosen("")
    return Bench(task=task, dataset=dataset, measure=chosen, plan=plan, protocol=protocol)


@step(version=1)
def lay_small(desk: Desk, *, seed: int = 0) -> Bench:
    """The small bench as a step, for a project."""
    return lay(desk, small_table(seed))


def study_of(bench: Bench, *runs: Any, chosen: int = 0) -> Study:
    """A study by hand."""
    verdict = Verdict(question="", answer="yes", reason="")
    return Study(question="", bench=digest(bench), runs=runs, chosen=chosen, verdict=verdict)


class Laid:
    """What the tests of this room lay their benches with."""

    table = staticmethod(small_table)
    bench: Callable[..., Bench] = staticmethod(lay)
    step = staticmethod(lay_small)
    study = staticmethod(study_of)
    rows, test_rows, folds = ROWS, TEST_ROWS, FOLDS
    linear = Recipe(family="linear", name="linear")
    prior = Recipe(family="prior", name="prior", choices={"statistic": "mean"})


@pytest.fixture
def laid() -> type[Laid]:
    return Laid
