"""Rows that agree are numbered alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest

from modelwright.checks import alike


def test_missing_cells_agree_and_so_do_zeros_and_what_is_no_number() -> None:
    table = polars.DataFrame({"a": [0.0, -0.0, float("nan"), -float("nan"), None, None], "b": ["x"] * 6})
    assert alike.numbered(table, ["a", "b"]).tolist() == [0, 0, 1, 1, 2, 2]


def test_numbers_go_by_first_appearance_and_are_those_of_grouping() -> None:
    random = np.random.default_rng(0)
    table = polars.DataFrame(
        {
            "n": random.integers(0, 9, 2_000),
            "w": random.choice(list("abc"), 2_000),
            "f": random.normal(size=2_000) > 0,
        }
    )
    number = alike.numbered(table, table.columns)
    assert (number == alike.by_grouping(table)).all()
    assert number[0] == 0
    assert (np.diff(np.unique(number, return_index=True)[1]) > 0).all()


def test_different_rows_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def same(self: polars.DataFrame, *_: Any) -> polars.Series:
        return polars.Series(np.zeros(self.height, dtype=np.uint64))

    monkeypatch.setattr(polars.DataFrame, "hash_rows", same)
    table = polars.DataFrame({"a": [1, 2, 1], "b": ["x", "x", "x"]})
    assert alike.numbered(table, ["a", "b"]).tolist() == [0, 1, 0]
