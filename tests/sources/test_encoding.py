from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from modelwright.errors import SourceError
from modelwright.sources.reading import Table, read_table

TEXT = "name,city\nZoë,Köln\nJosé,Málaga\n"


def read(folder: Path, content: bytes) -> Table:
    path = folder / "rows.csv"
    path.write_bytes(content)
    return read_table(path)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16"),
        (TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("latin-1"), "latin-1"),
        (TEXT.replace("Zoë", "“Zoë” €").encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_found_and_named(tmp_path: Path, content: bytes, shown: str) -> None:
    table = read(tmp_path, content)
    assert table.ingest.encoding == shown
    assert table.names == ("name", "city")
    assert table.frame["city"].to_list() == ["Köln", "Málaga"]


def test_one_latin_1_byte_far_down_is_noticed(tmp_path: Path) -> None:
    table = read(tmp_path, b"a,b\n" + b"1,x\n" * 400_000 + "2,é\n".encode("latin-1"))
    assert table.ingest.encoding == "latin-1"
    assert table.frame["b"][-1] == "é"


def test_broken_bytes_in_utf_8_cost_their_rows_only(tmp_path: Path) -> None:
    table = read(tmp_path, TEXT.encode() + b"br\xffken,x\nlast,y\n")
    assert table.ingest.encoding == "utf-8"
    assert [(row.line, row.reason) for row in table.ingest.quarantined] == [
        (4, "holds bytes that are not UTF-8")
    ]
    assert table.frame["name"].to_list() == ["Zoë", "José", "last"]


def test_a_binary_file_is_refused_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="NUL byte on line 3"):
        read(tmp_path, b"a,b\n1,2\n3,\x00\n")


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="binary"):
        read(tmp_path, bytes(range(256)) * 20)


def test_cut_utf_16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="utf-16 text"):
        read(tmp_path, TEXT.encode("utf-16")[:-1])
