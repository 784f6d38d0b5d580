"""A project begins on the page: a file comes in whole, under a harmless name, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.errors import UsageError
from modelwright.workbench.starting import safe_name

SIZES = np.random.default_rng(0).integers(1, 18, 120)
CSV = "size,late\n" + "".join(f"{size},{'yes' if size > 8 else 'no'}\n" for size in SIZES)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.csv", "a.csv"),
        ("../../etc/a.csv", "a.csv"),
        ("..\\..\\a.csv", "a.csv"),
        ("/abs/a.CSV", "a.CSV"),
        (".hidden.csv", "hidden.csv"),
        ("a\x00b\n.csv", "a_b_.csv"),
        ("tôle.parquet", "tôle.parquet"),
        ("x" * 400 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_name_means_nothing_to_the_file_system(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize("given", ["", "a.exe", ".csv", "task.toml", "..", "a/"])
def test_what_is_no_data_file_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="a data file"):
        safe_name(given)


def test_from_a_file_to_a_framed_task(ask_of: Any, tmp_path: Path) -> None:
    ask = ask_of(tmp_path / "late")
    assert "What is to be predicted?" in ask("/").text
    taken = ask("/data/file", "POST", CSV.encode(), {"x-file-name": "..%2Forders.csv"})
    assert json.loads(taken.body) == {"name": "orders.csv", "rows": 120, "columns": ["size", "late"]}
    answer = ask("/task", "POST", {"name": "orders.csv", "predict": "late", "question": "Which come late?"})
    assert answer.status == 200
    assert "Which come late?" in ask("/").text
    assert "What should one know about the data?" in ask("/").text


def test_a_column_that_is_not_there_is_refused_by_name(ask_of: Any, tmp_path: Path) -> None:
    ask = ask_of(tmp_path / "late")
    ask("/data/file", "POST", CSV.encode(), {"x-file-name": "orders.csv"})
    answer = ask("/task", "POST", {"name": "orders.csv", "predict": "latte"})
    assert answer.status == 422
    said = json.loads(answer.body)
    assert "latte" in said["received"]
    assert "Did you mean `late`?" in said["do_this"]


def test_a_file_that_cannot_be_read_leaves_nothing_half_done(ask_of: Any, tmp_path: Path) -> None:
    ask = ask_of(tmp_path / "late")
    answer = ask("/data/file", "POST", b"", {"x-file-name": "orders.csv"})
    assert answer.status == 422
    assert not list((tmp_path / "late").glob(".*.arriving"))
    assert ask("/").status == 200
