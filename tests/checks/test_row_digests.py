"""A row's digest is of its cells, and of nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars

from modelwright.checks.row_digests import Cells, cells_from, cells_of
from modelwright.records import Blob, Column, Dataset, Ingest

BLOB = Blob(digest="", kind="table", size_bytes=0)
ROLES = {"size": "numeric", "day": "date", "colour": "categorical", "label": "target", "note": "ignored"}


def table(rows: int = 200, seed: int = 0) -> polars.DataFrame:
    random = np.random.default_rng(seed)
    days = np.datetime64("2024-01-01") + random.integers(0, 300, rows).astype("timedelta64[D]")
    return polars.DataFrame(
        {
            "size": random.normal(size=rows),
            "day": polars.Series(days).cast(polars.Datetime("us")),
            "colour": polars.Series([["Red", "green", None][place] for place in random.integers(0, 3, rows)]),
            "label": random.choice(["yes", "no"], rows),
            "note": [f"note {number}" for number in range(rows)],
        }
    )


def digested(rows: polars.DataFrame, **roles: str) -> Cells:
    chosen: Any = {**ROLES, **roles}
    columns = tuple(
        Column(name=name, role=chosen.get(name, "ignored"), dtype="string", reason="", missing=0, unique=0)
        for name in rows.columns
    )
    ingest = Ingest(format="csv", rows_in=rows.height, rows_kept=rows.height)
    return cells_of(rows, Dataset(rows=rows.height, columns=columns, table=BLOB, lines=BLOB, ingest=ingest))


def test_names_count_for_nothing_where_they_are_left_out() -> None:
    cells, renamed = digested(table()), digested(table().rename({"size": "groesse", "colour": "farbe"}))
    assert (cells.of_rows_unnamed() == renamed.of_rows_unnamed()).all()
    assert (cells.of_rows(["label"]) == renamed.of_rows(["label"])).all()
    assert (cells.of_rows(cells.columns) != renamed.of_rows(renamed.columns)).all()


def test_cells_that_change_places_make_another_row() -> None:
    votes = polars.DataFrame({"first": [0, 1, 1], "second": [1, 0, 1]})
    cells = digested(votes)
    assert len(np.unique(cells.of_rows(["first", "second"]))) == 3
    assert (cells.of_rows(["first", "second"]) == cells.of_rows(["second", "first"])).all()


def test_without_a_column_the_digest_is_of_the_others() -> None:
    cells = digested(table())
    whole = cells.of_rows(cells.columns)
    others = [name for name in cells.columns if name != "colour"]
    assert (whole - cells.part("colour") == cells.of_rows(others)).all()


def test_ids_and_missing_cells_count_for_nothing() -> None:
    rows = table()
    more = rows.with_columns(number=np.arange(rows.height), nothing=polars.lit(None))
    cells, wider = digested(rows), digested(more, number="id")
    assert (cells.of_rows(cells.columns) == wider.of_rows(wider.columns)).all()


def test_zero_has_no_sign_and_digests_are_the_same_in_every_process() -> None:
    rows = polars.DataFrame({"size": [0.0, -0.0, 1.5], "label": ["a", "a", "b"]})
    found = digested(rows).of_rows(["size", "label"])
    assert found[0] == found[1]
    assert int(found[0]) == 6751708748638626563


def test_stacked_cells_are_the_same_cells_and_others_are_none() -> None:
    cells = digested(table())
    stacked = cells.stacked(np.arange(20))
    again = cells_from(stacked, cells.columns)
    assert again.rows == 20
    assert (again.of_rows(cells.columns) == cells.of_rows(cells.columns)[:20]).all()
    assert cells_from(stacked[:, :2], cells.columns).columns == ()
