"""A row changed in one cell, or a text in a word, stays with its original; chance twins do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest

from modelwright.checks import near_copies
from modelwright.checks.row_digests import cells_of
from modelwright.develop.duplicates import Units, units_of
from modelwright.records import Blob, Column, Dataset, Ingest

BLOB = Blob(digest="", kind="table", size_bytes=0)
WORDS = [f"word{number}" for number in range(3_000)]


def units(table: polars.DataFrame, text: str | None = None, group: str | None = None) -> Units:
    roles: Any = {text: "text", group: "group", "label": "target"}
    columns = tuple(
        Column(name=name, role=roles.get(name, "numeric"), dtype="string", reason="", missing=0, unique=0)
        for name in table.columns
    )
    ingest = Ingest(format="csv", rows_in=table.height, rows_kept=table.height)
    dataset = Dataset(rows=table.height, columns=columns, table=BLOB, lines=BLOB, ingest=ingest)
    return units_of(table, dataset, cells_of(table, dataset), group)


def numbers(rows: int = 300, seed: int = 0) -> polars.DataFrame:
    random = np.random.default_rng(seed)
    return polars.DataFrame(
        {
            "size": random.normal(size=rows).round(4),
            "weight": random.normal(size=rows).round(4),
            "town": random.choice(["Bern", "Basel", "Chur"], rows),
        }
    )


def texts(count: int = 300, length: int = 30, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, length)) for _ in range(count)]


@pytest.mark.parametrize("column", ["size", "weight", "town"])
def test_a_row_changed_in_one_cell_stays_with_its_original(column: str) -> None:
    table = numbers()
    other = polars.lit("Sion") if column == "town" else polars.col(column) + 5
    found = units(polars.concat([table, table[:8].with_columns(other.alias(column))]))
    assert found.numbers[300:].tolist() == list(range(8))
    assert (found.near, found.copies, found.count) == (8, 0, 300)


def test_two_cells_changed_make_another_row() -> None:
    table = numbers()
    other = table[:8].with_columns(polars.col("size") + 5, polars.col("weight") + 5)
    assert units(polars.concat([table, other])).near == 0


def test_rows_that_one_column_tells_apart_are_no_copies() -> None:
    random = np.random.default_rng(0)
    table = polars.DataFrame(
        {"hour": np.tile(np.arange(24), 50), "day": np.repeat(random.normal(size=50), 24)}
    )
    found = units(table)
    assert found.near == 0
    assert found.count == 1_200


def test_a_text_with_a_word_changed_stays_with_its_original() -> None:
    rows = texts()
    changed = [" ".join([*text.split()[:12], "another", *text.split()[13:]]) for text in rows[:10]]
    found = units(polars.DataFrame({"text": rows + changed}), "text")
    assert found.numbers[300:].tolist() == list(range(10))
    assert found.near == 10


def test_a_long_text_sent_again_stays_with_its_original_whatever_else_changed() -> None:
    random = np.random.default_rng(1)
    rows = polars.DataFrame(
        {"text": texts(), "day": random.normal(size=300), "hour": random.normal(size=300)}
    )
    again = rows[:5].with_columns(polars.col("day") + 1, polars.col("hour") + 1)
    assert units(polars.concat([rows, again]), "text").numbers[300:].tolist() == list(range(5))


def test_short_texts_are_alike_by_nature() -> None:
    rows = [f"see you at {hour} then" for hour in range(200)]
    assert units(polars.DataFrame({"text": rows}), "text").near == 0


def test_a_chain_of_near_copies_grows_no_giant() -> None:
    chain = [texts(1)[0].split()]
    for place in range(29):
        chain.append([*chain[-1][:place], f"link{place}", *chain[-1][place + 1 :]])
    rows = texts(270, seed=5) + [" ".join(words) for words in chain]
    found = units(polars.DataFrame({"text": rows}), "text")
    assert found.loose == 30
    assert np.bincount(found.numbers).max() == 1


def test_exact_and_near_copies_and_groups_are_one_unit() -> None:
    table = numbers(40)
    both = polars.concat([table, table[:1], table[:1].with_columns(polars.col("size") + 1), table[1:2]])
    group = [None] * 42 + ["a"]
    group[5] = "a"
    found = units(both.with_columns(who=polars.Series(group)), group="who")
    assert found.numbers[[0, 40, 41]].tolist() == [0, 0, 0]
    assert found.numbers[[1, 5, 42]].tolist() == [1, 1, 1]


def test_among_very_many_rows_near_copies_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_copies, "MOST_ROWS", 100)
    table = numbers()
    both = polars.concat([table, table[:8].with_columns(polars.col("size") + 5)])
    assert units(both).near is None


def test_sms_messages_nearly_sent_twice_are_kept_together(shared_data: Any) -> None:
    table = polars.read_csv(shared_data / "sms_spam/sms_spam.csv.gz").select("text")
    found = units(table, "text")
    assert found.copies == 415
    assert 80 <= found.near <= 200
    assert found.loose == 0
