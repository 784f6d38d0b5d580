from __future__ import annotations

from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.define.snapshot import snapshot
from modelwright.errors import SourceError
from modelwright.records import Snapshot as SnapshotRecord
from modelwright.records import Source, decode, encode
from modelwright.sources.frames import frame_to_parquet


def adopted(desk: Any, content: bytes, name: str) -> Source:
    return Source(name=name, file=desk.keep(content, "file"))


def test_a_snapshot_holds_the_rows_their_lines_and_what_reading_did(desk: Any) -> None:
    made = snapshot(desk, adopted(desk, b"a,a\n1,\n2\n\n3,x\n", "rows.csv"))
    assert made.names == ("a", "a.2")
    assert made.rows == 2
    assert desk.read(made.table).rows() == [("1", None), ("3", "x")]
    assert desk.read(made.lines).tolist() == [2, 5]
    assert (made.ingest.rows_in, made.ingest.rows_kept, made.ingest.rows_quarantined) == (3, 2, 1)
    assert made.ingest.encoding == "utf-8"
    assert made.ingest.changes[0].kind == "rename"


def test_the_format_follows_the_name_not_the_stored_path(desk: Any) -> None:
    made = snapshot(desk, adopted(desk, b'{"a": 1}\n{"a": 2}\n', "rows.jsonl"))
    assert made.ingest.format == "jsonl"
    assert desk.read(made.table)["a"].to_list() == ["1", "2"]


def test_a_frame_adopted_as_parquet_keeps_its_types(desk: Any) -> None:
    frame = polars.DataFrame({"a": [1, 2], "b": [0.5, None]})
    made = snapshot(desk, adopted(desk, frame_to_parquet(frame), "frame.parquet"))
    assert desk.read(made.table).equals(frame)


def test_the_same_file_gives_the_same_record(desk: Any) -> None:
    source = adopted(desk, b"a,b\n" + b"1,x\n" * 1_000, "rows.csv")
    first = snapshot(desk, source)
    assert encode(first) == encode(snapshot(desk, source))
    assert decode(encode(first), SnapshotRecord) == first


def test_an_unreadable_source_is_named_as_the_user_knows_it(desk: Any) -> None:
    with pytest.raises(SourceError, match=r"messages\.csv"):
        snapshot(desk, adopted(desk, b"a,b\n", "messages.csv"))


def test_imdb_is_read_whole(desk: Any, shared_data: Path) -> None:
    source = Source(name="imdb.parquet", file=desk.keep(shared_data / "imdb" / "imdb.parquet", "file"))
    assert snapshot(desk, source).rows == 50_000
