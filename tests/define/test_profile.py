"""The profile says of all rows what plain polars says of them, and never shows a sealed one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.define import profile as profile_module
from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.profile import profile
from modelwright.define.profile_totals import BARS, bars_of
from modelwright.define.snapshot import snapshot
from modelwright.records import ColumnProfile, Dataset, Profile, Protocol, Source, Task, decode, encode


def sealed(desk: Any, rows: int, test: np.ndarray) -> Protocol:
    return Protocol(
        kind="holdout",
        folds=1,
        repeats=1,
        seed=0,
        test=desk.keep(test.astype(np.int64), "array"),
        splits=desk.keep(np.ones((1, rows), dtype=np.int8), "array"),
        units=desk.keep(np.arange(rows), "array"),
        rows=rows - len(test),
        test_rows=len(test),
        reason="",
        test_reason="",
    )


def framed(desk: Any, path: Path, target: str) -> tuple[Task, Dataset]:
    read = snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))
    task = frame(desk, read, predict=(target,))
    return task, collect(desk, task, read)


def looked_at(desk: Any, path: Path, target: str, test: np.ndarray | None = None) -> tuple[Profile, Dataset]:
    task, dataset = framed(desk, path, target)
    test = np.empty(0) if test is None else test
    return profile(desk, task, dataset, sealed(desk, dataset.rows, test)), dataset


def column(found: Profile, name: str) -> ColumnProfile:
    return next(one for one in found.columns if one.name == name)


def test_counts_and_extremes_are_those_of_all_rows_though_they_come_in_parts(
    desk: Any, shared_data: Path
) -> None:
    found, dataset = looked_at(desk, shared_data / "titanic/titanic_kaggle_train.csv.gz", "Survived")
    table = desk.read(dataset.table)
    assert found.rows == found.drawn == table.height > 300
    for one in found.columns:
        values = table[one.name]
        assert one.missing == values.null_count()
        if values.dtype.is_numeric():
            assert (one.low, one.high) == (values.min(), values.max())
            assert one.middle == pytest.approx(values.median())
            assert one.bars is not None
            assert sum(one.bars.rows) == len(values) - one.missing
        elif one.top:
            counts = dict(values.drop_nulls().cast(polars.String).value_counts().rows())
            assert all(counts[value.value] == value.rows for value in one.top)
            assert one.top[0].rows == max(counts.values())


def test_what_a_column_answers_alone_stands_beside_it_with_an_interval(desk: Any, shared_data: Path) -> None:
    found, _ = looked_at(desk, shared_data / "titanic/titanic_kaggle_train.csv.gz", "Survived")
    assert (found.alone, found.chance) == ("ROC AUC", 0.5)
    sex = column(found, "Sex").alone
    assert sex is not None
    assert sex.low < 0.77 < sex.high
    assert column(found, "Survived").alone is None


def test_columns_missing_in_the_same_rows_are_told_together(desk: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [
        "a,b,c,y",
        *(f"{i},{i % 7},{i % 5},{i % 2}" for i in range(300)),
        *[",,3,1"] * 40,
        *["1,,2,0"] * 9,
    ]
    path.write_text("\n".join(rows))
    found, _ = looked_at(desk, path, "y")
    assert [(one.columns, one.rows) for one in found.missing_together] == [(("b", "a"), 40)]


def test_no_sealed_row_is_shown_or_counted(desk: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    random = np.random.default_rng(0)
    secret = random.choice(900, 200, replace=False)
    notes = [f"{'sealed' if i in set(secret.tolist()) else 'open'} words of row {i} here" for i in range(900)]
    lines = [f"{notes[i]},{99_999 if 'sealed' in notes[i] else i % 13},{i % 2}" for i in range(900)]
    path.write_text("\n".join(["note,size,y", *lines]))
    found, _ = looked_at(desk, path, "y", np.sort(secret))
    assert found.rows == 700
    assert "sealed words" not in encode(found).decode()
    assert column(found, "size").high == 12
    assert found.samples


def test_of_many_rows_some_are_drawn_and_counts_stay_exact(
    desk: Any, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = looked_at(desk, shared_data / "titanic/titanic_kaggle_train.csv.gz", "Survived")
    monkeypatch.setattr(profile_module, "DRAWN_ROWS", 200)
    found, _ = looked_at(desk, shared_data / "titanic/titanic_kaggle_train.csv.gz", "Survived")
    assert found.drawn == 200
    for one, other in zip(found.columns, whole.columns, strict=True):
        assert (one.missing, one.low, one.high, one.top) == (other.missing, other.low, other.high, other.top)


def test_a_profile_is_written_and_read_back(desk: Any, shared_data: Path) -> None:
    found, _ = looked_at(desk, shared_data / "bike_sharing_hourly/hour.csv.gz", "cnt")
    assert decode(encode(found), Profile) == found


def test_the_same_rows_give_the_same_profile(desk: Any, shared_data: Path) -> None:
    path = shared_data / "sms_spam/sms_spam.csv.gz"
    assert looked_at(desk, path, "label")[0] == looked_at(desk, path, "label")[0]


@pytest.mark.parametrize(
    ("values", "bars"),
    [([3.0], 1), ([0.0, 1.0, 1.0, 2.0], 3), (list(range(10)), 10), (np.linspace(0, 1, 500), BARS)],
    ids=["one value", "few whole numbers", "a row of whole numbers", "many numbers"],
)
def test_every_value_is_in_a_bar(values: Any, bars: int) -> None:
    found = bars_of(np.array(values, dtype=np.float64))
    assert found is not None
    assert len(found.rows) == bars
    assert sum(found.rows) == len(values)


def test_a_wild_value_flattens_no_bars() -> None:
    found = bars_of(np.append(np.linspace(0, 1, 999), 1e9))
    assert found is not None
    assert found.edges[-1] < 2
    assert sum(found.rows) == 1_000


def test_numbers_without_value_make_no_bars() -> None:
    assert bars_of(np.empty(0)) is None


def test_nothing_is_judged_where_rows_are_too_few(desk: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n1,a\n2,b\n3,a\n4,b\n")
    found, _ = looked_at(desk, path, "y")
    assert found.alone == ""
    assert all(one.alone is None for one in found.columns)
    assert replace(found, samples=()).rows == 4
