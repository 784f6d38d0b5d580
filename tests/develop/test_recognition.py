"""A row is known again by its content, whatever became of its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.checks.row_digests import Cells, cells_from, cells_of
from modelwright.develop.recognition import known_again, recognise
from modelwright.records import Blob, Column, Dataset, Ingest, Seal

BLOB = Blob(digest="", kind="table", size_bytes=0)
COLUMNS = ("size", "weight", "colour", "label", "note")


def table(rows: int = 200, seed: int = 0) -> polars.DataFrame:
    random = np.random.default_rng(seed)
    return polars.DataFrame(
        {
            "size": random.normal(size=rows),
            "weight": random.normal(size=rows).round(3),
            "colour": [["Red", "green", None][place] for place in random.integers(0, 3, rows)],
            "label": random.choice(["yes", "no"], rows),
            "note": [f"note {seed} {number}" for number in range(rows)],
        }
    )


def numbered(rows: polars.DataFrame) -> polars.DataFrame:
    return rows.with_columns(place=np.arange(rows.height))


def cells(rows: polars.DataFrame) -> Cells:
    columns = tuple(
        Column(name=name, role="ignored", dtype="string", reason="", missing=0, unique=0)
        for name in rows.columns
    )
    ingest = Ingest(format="csv", rows_in=rows.height, rows_kept=rows.height)
    return cells_of(rows, Dataset(rows=rows.height, columns=columns, table=BLOB, lines=BLOB, ingest=ingest))


def sealed(rows: polars.DataFrame) -> Cells:
    whole = cells(rows)
    return cells_from(whole.stacked(np.arange(rows.height)), whole.columns)


CHANGES: dict[str, Callable[[polars.DataFrame], polars.DataFrame]] = {
    "other order": lambda rows: rows.sample(fraction=1.0, shuffle=True, seed=1),
    "columns in another order": lambda rows: rows.select(rows.columns[::-1]),
    "further rows": lambda rows: polars.concat(
        [numbered(table(50, seed=9)).with_columns(place=polars.lit(-1, dtype=polars.Int64)), rows]
    ),
    "letter case and blanks": lambda rows: rows.with_columns(polars.col("colour").str.to_uppercase() + "  "),
    "an empty column": lambda rows: rows.with_columns(polars.lit(None).alias("nothing")),
    "a column of numbers added": lambda rows: rows.with_columns(more=np.arange(rows.height)),
    "another note": lambda rows: rows.with_columns(polars.lit("x").alias("note")),
    "the note dropped": lambda rows: rows.drop("note"),
    "two columns dropped and one added": lambda rows: rows.drop("note", "colour").with_columns(new=1),
    "a column renamed and one added": lambda rows: rows.rename({"size": "groesse"}).with_columns(new=1),
    "all columns renamed": lambda rows: rows.rename({name: f"{name} 2" for name in COLUMNS}),
    "labels mended": lambda rows: rows.with_columns(label=polars.lit("yes")),
    "three columns written anew": lambda rows: rows.with_columns(
        polars.col("weight") * 2.2, polars.col("colour") + "ish", note=polars.lit("x")
    ),
    "one number of each mended": lambda rows: rows.with_columns(polars.col("weight") + 1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_row_is_known_again(change: str) -> None:
    after = CHANGES[change](numbered(table()))
    again = known_again(cells(after.drop("place")), sealed(table()[:60]))
    assert set(after.filter(polars.Series(again))["place"].to_list()) == set(range(60))


def test_rows_of_ones_and_zeros_are_not_taken_for_each_other() -> None:
    random = np.random.default_rng(0)
    votes = polars.DataFrame({f"vote {place}": random.integers(0, 2, 300) for place in range(30)})
    order = random.permutation(300)
    again = known_again(cells(votes[order.tolist()]), sealed(votes[:60]))
    assert set(order[again].tolist()) == set(range(60))


def test_other_rows_are_not_known() -> None:
    assert not known_again(cells(table(seed=5)), sealed(table())).any()


def test_a_column_that_happens_to_have_the_same_name_makes_no_row_known() -> None:
    other = table(seed=5).select("label").with_columns(price=np.arange(200.0))
    assert not known_again(cells(other), sealed(table())).any()


def test_of_rows_alike_as_many_are_known_as_there_were() -> None:
    coarse = polars.DataFrame({"colour": ["red"] * 90 + ["blue"] * 10, "label": ["yes"] * 100})
    assert known_again(cells(coarse), sealed(coarse[:20])).sum() == 20


def seal_of(desk: Any, rows: polars.DataFrame, **more: Any) -> Seal:
    whole = cells(rows)
    digests = desk.keep(whole.stacked(np.arange(rows.height)), "array")
    return Seal(name="first", digests=digests, columns=whole.columns, rows=rows.height, **more)


@pytest.mark.parametrize(
    ("seen", "beside", "said"),
    [
        (slice(0, 200), "", ""),
        (slice(20, 200), "", "; 20 rows sealed before are not known among these"),
        (slice(60, 200), "", "; none of the 60 rows sealed before in this project is known among these"),
        (slice(0, 200), "spam", "; sealed in the project spam beside, too"),
        (slice(60, 200), "spam", ""),
    ],
)
def test_what_is_not_found_is_said(desk: Any, seen: slice, beside: str, said: str) -> None:
    before = seal_of(desk, table()[:60], project=beside)
    assert recognise(desk, cells(table()[seen]), (before,)).said == said


def test_digests_of_another_version_know_nothing_and_that_is_said(desk: Any) -> None:
    whole = cells(table()[:60])
    old = desk.keep(whole.stacked(np.arange(60))[:, :2], "array")
    before = Seal(name="first", digests=old, columns=whole.columns, rows=60)
    found = recognise(desk, cells(table()), (before,))
    assert not found.again.any()
    assert "none of the 60 rows" in found.said
