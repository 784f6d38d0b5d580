"""A weak slice is found where there is one, and seldom where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest
from numpy.typing import NDArray

from modelwright.deploy.conditions import NONE, coded_columns
from modelwright.deploy.weak_slices import CANDIDATES, FEWEST_ROWS, Judged, Loss, weak_among
from modelwright.records import Blob, Column, Condition, Dataset, Ingest, Weaknesses

WORLDS = 200
NO_BLOB = Blob(digest="0" * 64, kind="table", size_bytes=0)


def rows_of(random: np.random.Generator, rows: int) -> polars.DataFrame:
    return polars.DataFrame(
        {
            "age": random.normal(40, 12, rows).round(1),
            "income": random.lognormal(10, 0.5, rows),
            "town": random.choice(["Bern", "Basel", "Biel", "Brig"], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "colour": [None if one > 0.9 else "red" if one > 0.4 else "blue" for one in random.random(rows)],
            "note": [" ".join(["word"] * int(count)) for count in random.integers(1, 30, rows)],
        }
    )


def dataset_of(table: polars.DataFrame) -> Dataset:
    roles: dict[str, Any] = {"age": "numeric", "income": "numeric", "note": "text"}
    columns = tuple(
        Column(
            name=name,
            role=roles.get(name, "categorical"),
            dtype="number" if roles.get(name) == "numeric" else "string",
            reason="",
            missing=0,
            unique=9,
        )
        for name in table.columns
    )
    ingest = Ingest(format="csv", rows_in=table.height, rows_kept=table.height)
    return Dataset(rows=table.height, columns=columns, table=NO_BLOB, lines=NO_BLOB, ingest=ingest)


def looked(table: polars.DataFrame, losses: NDArray[np.float64], loss: Loss = "wrong") -> Weaknesses:
    """Searched on the first two thirds, confirmed on the others."""
    rows = np.arange(table.height)
    cut = 2 * table.height // 3
    searched, fresh = (
        Judged(rows=part, losses=losses[part], units=part, said="some") for part in (rows[:cut], rows[cut:])
    )
    columns = coded_columns(table, dataset_of(table), searched.rows)
    return weak_among(columns, searched, fresh, loss, seed=0)


@pytest.mark.parametrize("loss", ["wrong", "cost", "off"])
def test_where_no_slice_is_weak_one_is_told_of_in_at_most_one_of_twenty_worlds(loss: Loss) -> None:
    random, told, tried = np.random.default_rng(1), 0, 0
    for _ in range(WORLDS):
        table = rows_of(random, 1_500)
        if loss == "off":
            losses = np.abs(random.standard_t(4, table.height))
        else:
            wrong = random.random(table.height) < 0.12
            losses = wrong * (random.choice([1.0, 20.0], table.height, p=[0.8, 0.2]) if loss == "cost" else 1)
        found = looked(table, losses.astype(np.float64), loss)
        told, tried = told + bool(found.found), tried + found.candidates
    assert tried > WORLDS / 5  # there was something to be wrong about
    assert told / WORLDS <= 0.05


@pytest.mark.parametrize("loss", ["wrong", "off"])
def test_a_planted_slice_is_found_and_named(loss: Loss) -> None:
    random, found = np.random.default_rng(2), 0
    for _ in range(20):
        table = rows_of(random, 3_000)
        weak = (table["town"] == "Biel").to_numpy()
        if loss == "off":
            losses = np.abs(random.normal(0, 1, table.height)) * np.where(weak, 2.0, 1.0)
        else:
            losses = (random.random(table.height) < np.where(weak, 0.35, 0.1)).astype(np.float64)
        told = looked(table, losses, loss)
        found += bool(told.found) and told.found[0].conditions == (Condition(column="town", value="Biel"),)
        if told.found:
            assert told.found[0].inside.low > told.found[0].outside.high
            assert told.found[0].rows == weak[2_000:].sum()
    assert found >= 19


def test_a_slice_of_two_conditions_is_found_where_neither_alone_is_weak() -> None:
    random, found = np.random.default_rng(3), 0
    for _ in range(10):
        table = rows_of(random, 6_000)
        red, bern = (
            (table[name] == value).fill_null(value=False).to_numpy()
            for name, value in (("colour", "red"), ("town", "Bern"))
        )
        losses = (random.random(table.height) < np.where(red & bern, 0.3, 0.1)).astype(np.float64)
        names = {one.column for one in looked(table, losses).found[0].conditions}
        found += names == {"colour", "town"}
    assert found >= 9


def test_of_slices_that_are_told_few_are_false() -> None:
    random, told, false = np.random.default_rng(4), 0, 0
    for _ in range(60):
        table = rows_of(random, 2_400)
        weak = (table["town"] == "Biel").to_numpy()
        losses = (random.random(table.height) < np.where(weak, 0.3, 0.1)).astype(np.float64)
        for one in looked(table, losses).found:
            told += 1
            false += "town" not in {condition.column for condition in one.conditions}
    assert told >= 50
    assert false / told <= 0.05


def test_every_row_has_at_most_one_condition_of_a_column_and_a_missing_one_is_one() -> None:
    table = rows_of(np.random.default_rng(0), 500)
    coded = coded_columns(table, dataset_of(table), np.arange(300))
    by_name = {one.conditions[0].column: one for one in coded}
    assert set(by_name) == set(table.columns)
    assert by_name["colour"].conditions[-1] == Condition(column="colour", missing=True)
    missing = by_name["colour"].codes == len(by_name["colour"].conditions) - 1
    assert missing.tolist() == table["colour"].is_null().to_list()
    ages = table["age"].to_numpy()
    for code, one in enumerate(by_name["age"].conditions):
        inside = (ages >= (one.low or -np.inf)) & (ages < (one.high or np.inf))
        assert (by_name["age"].codes == code).tolist() == inside.tolist()
    assert all((one.codes >= NONE).all() and (one.codes < len(one.conditions)).all() for one in coded)


def test_few_slices_are_held_against_fresh_rows_and_none_of_few_rows() -> None:
    random = np.random.default_rng(6)
    table = rows_of(random, 2_000)
    found = looked(table, (random.random(2_000) < 0.5).astype(np.float64))
    assert found.candidates <= CANDIDATES
    few = looked(table.head(60), np.ones(60))
    assert few.found == ()
    assert all(one.rows >= FEWEST_ROWS for one in found.found)
