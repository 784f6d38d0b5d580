"""A row is known again by its content, whatever became of its file."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest
from numpy.typing import NDArray

from modelwright.develop.row_digests import known_again, row_digests
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


def digested(rows: polars.DataFrame, **roles: str) -> NDArray[np.uint64]:
    chosen: Any = {**ROLES, **roles}
    columns = tuple(
        Column(name=name, role=chosen.get(name, "ignored"), dtype="string", reason="", missing=0, unique=0)
        for name in rows.columns
    )
    ingest = Ingest(format="csv", rows_in=rows.height, rows_kept=rows.height)
    return row_digests(
        rows, Dataset(rows=rows.height, columns=columns, table=BLOB, lines=BLOB, ingest=ingest)
    )


CHANGES = {
    "other order": lambda rows: rows.sample(fraction=1.0, shuffle=True, seed=1),
    "columns in another order": lambda rows: rows.select(rows.columns[::-1]),
    "further rows": lambda rows: polars.concat([table(50, seed=9), rows]),
    "letter case and blanks": lambda rows: rows.with_columns(polars.col("colour").str.to_uppercase() + "  "),
    "an empty column": lambda rows: rows.with_columns(polars.lit(None).alias("nothing")),
    "another note": lambda rows: rows.with_columns(polars.lit("x").alias("note")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_row_is_known_again(change: str) -> None:
    before = digested(table()[:60])
    after = CHANGES[change](table())
    again = known_again(digested(after), before)
    assert again.sum() == 60
    sizes = set(table()[:60]["size"].to_list())
    assert set(after.filter(polars.Series(again))["size"].to_list()) == sizes


def test_names_count_for_nothing() -> None:
    renamed = table().rename({"size": "groesse", "colour": "farbe"})
    roles = {"groesse": "numeric", "farbe": "categorical"}
    assert (digested(renamed, **roles) == digested(table())).all()


def test_a_column_ignored_meanwhile_hides_no_row() -> None:
    before = digested(table())
    assert known_again(digested(table(), colour="ignored"), before).all()


def test_other_rows_are_not_known() -> None:
    assert not known_again(digested(table(seed=5)), digested(table())).any()


def test_of_rows_alike_as_many_are_known_as_there_were() -> None:
    coarse = polars.DataFrame({"colour": ["red"] * 90 + ["blue"] * 10, "label": ["yes"] * 100})
    before = digested(coarse[:20])
    assert known_again(digested(coarse), before).sum() == 20


def test_zero_has_no_sign_and_digests_are_the_same_in_every_process() -> None:
    rows = polars.DataFrame({"size": [0.0, -0.0, 1.5], "label": ["a", "a", "b"]})
    found = digested(rows)
    assert (found[0] == found[1]).all()
    assert found[:, 0].tolist() == digested(rows)[:, 0].tolist()
