"""What a fold prepares is fitted on its own training rows, and on no other row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.develop import folds as folds_module
from modelwright.develop.folds import Folds, augmented_rows, folds_of
from modelwright.records import Bench


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds_module, "_latest", {})


def changed(table: polars.DataFrame, row: int, **cells: Any) -> polars.DataFrame:
    """The table with some cells of one row replaced."""
    here = polars.int_range(table.height) == row
    return table.with_columns(
        polars.when(here).then(polars.lit(value)).otherwise(polars.col(name)).alias(name)
        for name, value in cells.items()
    )


def same_training(one: Folds, other: Folds, index: int) -> bool:
    first, second = one.fold(index).training, other.fold(index).training
    return np.array_equal(first.numbers, second.numbers) and np.array_equal(first.codes, second.codes)


def test_a_validation_rows_values_change_no_training_row_of_its_fold(desk: Any, laid: Any) -> None:
    table = laid.table()
    before = folds_of(desk, laid.bench(desk, table))
    after = folds_of(desk, laid.bench(desk, changed(table, 0, size=1e6, colour="never seen")))
    assert same_training(before, after, 0), "row 0 validates in split 0"
    assert not same_training(before, after, 1), "row 0 trains in split 1"


def test_a_sealed_rows_values_change_nothing_that_is_prepared(desk: Any, laid: Any) -> None:
    table = laid.table()
    before = folds_of(desk, laid.bench(desk, table))
    after = folds_of(desk, laid.bench(desk, changed(table, laid.rows - 1, size=1e6, colour="never seen")))
    for index in range(laid.folds):
        assert same_training(before, after, index)
        assert np.array_equal(before.fold(index).validation.numbers, after.fold(index).validation.numbers)


def test_every_row_but_the_sealed_is_usable_and_validated_once(desk: Any, laid: Any) -> None:
    folds = folds_of(desk, laid.bench(desk, laid.table()))
    assert np.array_equal(folds.usable, np.arange(laid.rows - laid.test_rows))
    validated = np.concatenate([folds.fold(index).rows for index in range(len(folds))])
    assert np.array_equal(np.sort(validated), folds.developed)


def test_no_row_trains_and_validates_in_one_fold(desk: Any, laid: Any) -> None:
    folds = folds_of(desk, laid.bench(desk, laid.table()))
    for index in range(len(folds)):
        fold = folds.fold(index)
        assert len(fold.answers) + len(fold.rows) == len(folds.usable)
        assert np.array_equal(fold.validation_answers, folds.answers[fold.rows])


def test_copies_with_a_column_dropped_are_added_to_training_only(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    columns = tuple(replace(column, drop_share=0.2) for column in bench.plan.columns)
    dropping: Bench = replace(bench, plan=replace(bench.plan, columns=columns))
    plain = folds_of(desk, bench).fold(0)
    fold = folds_of(desk, dropping).fold(0)
    assert len(fold.answers) > len(plain.answers)
    assert fold.training.numbers.shape[0] == len(fold.answers)
    assert len(fold.rows) == len(plain.rows)
    assert np.array_equal(fold.answers[: len(plain.answers)], plain.answers)


def test_a_copy_keeps_the_answer_of_its_row(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table(), target="price", measure="rmse")
    columns = tuple(replace(column, drop_share=0.3) for column in bench.plan.columns)
    folds = folds_of(desk, replace(bench, plan=replace(bench.plan, columns=columns)))
    changed_columns, rows, sources = augmented_rows(folds, folds.usable)
    assert set(sources) == set(folds.usable)
    sizes, copied = folds.columns.values["size"][sources], changed_columns.values["size"][rows]
    kept = ~np.isnan(copied)
    assert np.array_equal(sizes[kept], copied[kept])
    assert 0 < np.isnan(copied).sum() < len(copied) / 2


def test_folds_beyond_the_memory_limit_are_prepared_alike_again(
    desk: Any, laid: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds = folds_of(desk, laid.bench(desk, laid.table()))
    remembered = folds.fold(0)
    assert folds.fold(0) is remembered
    monkeypatch.setattr(folds_module, "CACHED_BYTES", 0)
    first, second = folds.fold(1), folds.fold(1)
    assert first is not second
    assert np.array_equal(first.training.numbers, second.training.numbers)


def test_another_bench_is_never_mistaken_for_the_latest(desk: Any, laid: Any) -> None:
    one, other = laid.bench(desk, laid.table(0)), laid.bench(desk, laid.table(1))
    first = folds_of(desk, one)
    assert folds_of(desk, one) is first
    assert not np.array_equal(folds_of(desk, other).answers, first.answers)
    assert np.array_equal(folds_of(desk, one).answers, first.answers)
