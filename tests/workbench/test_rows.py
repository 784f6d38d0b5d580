"""The rows asked for, in order, a page at a time, found in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars
import pytest

from modelwright.workbench import rows
from modelwright.workbench.rows import ROWS_A_PAGE, Asked, Found, find_rows

COUNT = 1_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "table.parquet"
    number = np.arange(COUNT, dtype=np.float64)
    place = polars.Series([None if n % 10 == 0 else f"Place {int(n) % 7}" for n in number])
    polars.DataFrame({"number": number, "half": number / 2, "place": place}).write_parquet(path)
    return path


def found(file: Path, sealed: list[int] | None = None, **asked: object) -> Found:
    lines = np.arange(COUNT, dtype=np.int64) + 2
    return find_rows(file, lines, np.array(sealed or [], dtype=np.int64), Asked(**asked))  # pyright: ignore[reportArgumentType] # as the page asks


def test_the_first_page_is_the_first_rows(file: Path) -> None:
    page = found(file)
    assert (page.count, page.all, len(page.cells)) == (COUNT, COUNT, ROWS_A_PAGE)
    assert page.cells[3] == ("3", "1.5", "Place 3")
    assert page.lines[3] == 5


def test_pages_follow_each_other_without_gap(file: Path) -> None:
    lines = [line for number in range(20) for line in found(file, page=number).lines]
    assert lines == list(range(2, COUNT + 2))
    assert found(file, page=20).cells == ()


def test_sealed_rows_are_left_out_of_rows_and_counts(file: Path) -> None:
    page = found(file, sealed=[0, 1, 999])
    assert (page.count, page.all, page.sealed) == (997, 997, 3)
    assert page.lines[0] == 4


@pytest.mark.parametrize("close", [rows.CLOSE_TOGETHER, 0])
def test_words_are_found_in_any_column_whatever_their_case(
    file: Path, monkeypatch: pytest.MonkeyPatch, close: int
) -> None:
    monkeypatch.setattr(rows, "CLOSE_TOGETHER", close)
    page = found(file, text="pLaCe 3")
    expected = [n for n in range(COUNT) if n % 7 == 3 and n % 10]
    assert page.count == len(expected)
    assert [line - 2 for line in page.lines] == expected[:ROWS_A_PAGE]
    assert {cells[2] for cells in page.cells} == {"Place 3"}


def test_a_number_is_found_as_it_is_written(file: Path) -> None:
    assert found(file, column="number", value="12").cells == (("12", "6", "Place 5"),)
    assert found(file, column="half", value="1.5").lines == (5,)


def test_missing_cells_are_found_by_no_value(file: Path) -> None:
    assert found(file, column="place").count == COUNT // 10


def test_lines_pick_their_rows(file: Path) -> None:
    assert found(file, lines=(7, 2, 5_000)).lines == (2, 7)


def test_text_is_no_pattern(file: Path) -> None:
    assert found(file, text="Place .").count == 0
    assert found(file, text="(").count == 0


def test_very_long_cells_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    polars.DataFrame({"text": ["x" * 4_000]}).write_parquet(path)
    page = find_rows(path, np.array([2]), np.array([], dtype=np.int64), Asked())
    assert len(page.cells[0][0] or "") == rows.MAX_CELL + 1


def test_words_are_not_looked_for_in_numbers_where_there_are_only_numbers(tmp_path: Path) -> None:
    path = tmp_path / "numbers.parquet"
    polars.DataFrame({"number": np.arange(COUNT) / 8}).write_parquet(path)
    assert found(path, text="q").count == 0
    assert found(path, text="12.125").count == 2  # and 112.125
