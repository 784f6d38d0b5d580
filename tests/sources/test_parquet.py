from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars
import pytest

from modelwright.errors import SourceError
from modelwright.sources.reading import read_table


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    frame = polars.DataFrame(
        {"n": [1, None], "x": [0.5, 1.5], "d": [datetime(2020, 1, 1), None], "s": ["", "b"]}
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    table = read_table(tmp_path / "rows.parquet")
    assert table.frame.equals(frame)
    assert table.lines.tolist() == [1, 2]
    assert table.ingest.format == "parquet"


@pytest.mark.parametrize("kept", [4, 100, -1])
def test_a_corrupt_parquet_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "rows.parquet"
    polars.DataFrame({"n": range(1_000)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SourceError, match="whole Parquet file"):
        read_table(path)


def test_text_under_a_parquet_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="begins with"):
        read_table(tmp_path / "rows.parquet")


def test_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    polars.DataFrame({"n": []}).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(SourceError, match="0 rows of 1 columns"):
        read_table(tmp_path / "rows.parquet")


def test_names_with_glob_characters_are_plain_names(tmp_path: Path) -> None:
    polars.DataFrame({"n": [1]}).write_parquet(tmp_path / "rows[1]*.parquet")
    assert read_table(tmp_path / "rows[1]*.parquet").frame.height == 1
