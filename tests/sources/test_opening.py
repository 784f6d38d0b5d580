from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from modelwright.errors import SourceError
from modelwright.sources.reading import read_table


def refusal(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read_table(path)
    return caught.value


def test_an_absent_file_suggests_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "messages.csv").write_text("a,b\n1,2\n")
    error = refusal(tmp_path / "mesages.csv")
    assert error.received == "no such file"
    assert "messages.csv" in error.do_this


def test_an_absent_folder_is_said(tmp_path: Path) -> None:
    assert "no folder" in refusal(tmp_path / "nowhere" / "rows.csv").do_this


def test_a_path_no_file_can_have_is_absent() -> None:
    assert refusal(Path("a\x00b.csv")).received == "no such file"
    assert refusal(Path("x" * 5_000)).received == "no such file"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).received == "a folder"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()
    assert refusal(tmp_path / "rows.csv").received == "an empty file"


def test_an_empty_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(b""))
    assert refusal(tmp_path / "rows.csv.gz").received == "an empty file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    path.chmod(0)
    assert refusal(path).received == "permission denied"


@pytest.mark.parametrize("kept", [15, 200, -8, -1])
def test_a_truncated_gzip_is_refused(tmp_path: Path, kept: int) -> None:
    zipped = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(5_000)))
    (tmp_path / "rows.csv.gz").write_bytes(zipped[:kept])
    error = refusal(tmp_path / "rows.csv.gz")
    assert "cut short or damaged" in error.received


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    zipped = bytearray(gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(5_000))))
    zipped[len(zipped) // 2] ^= 0xFF
    (tmp_path / "rows.csv.gz").write_bytes(bytes(zipped))
    assert "cut short or damaged" in refusal(tmp_path / "rows.csv.gz").received


@pytest.mark.parametrize(
    ("head", "kind"), [(b"PK\x03\x04", "Excel"), (b"SQLite format 3\x00", "SQLite"), (b"%PDF-1.7", "PDF")]
)
def test_files_of_other_kinds_are_named(tmp_path: Path, head: bytes, kind: str) -> None:
    (tmp_path / "table.csv").write_bytes(head + b"\x00" * 100)
    assert kind in refusal(tmp_path / "table.csv").received


def test_a_json_array_is_told_how_to_become_lines(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('[{"a": 1}]')
    assert "jq" in refusal(tmp_path / "rows.json").do_this


def test_every_refusal_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n")
    parts = refusal(tmp_path / "rows.csv").parts()
    assert all(parts[part] for part in ("where", "expected", "received", "do_this"))
