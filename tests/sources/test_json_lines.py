from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from modelwright.errors import SourceError
from modelwright.sources.reading import Table, read_table


def read(folder: Path, content: str | bytes, name: str = "rows.jsonl") -> Table:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


def test_numbers_keep_their_source_text(tmp_path: Path) -> None:
    table = read(tmp_path, '{"n": 1.50, "id": 9007199254740993}\n{"n": 1e5, "id": 99999999999999999999}\n')
    assert table.frame["n"].to_list() == ["1.50", "1e5"]
    assert table.frame["id"].to_list() == ["9007199254740993", "99999999999999999999"]


def test_true_false_null_and_absent_keys(tmp_path: Path) -> None:
    table = read(tmp_path, '{"a": true, "b": null}\n{"a": false, "c": "x"}\n{"a": "", "c": "01"}\n')
    assert table.names == ("a", "b", "c")
    assert table.frame.rows() == [("true", None, None), ("false", None, "x"), (None, None, "01")]


def test_nested_values_become_canonical_json(tmp_path: Path) -> None:
    table = read(tmp_path, '{"a": {"z": [1, 2.5, 9007199254740993], "b": "\u00e9"}, "k": 1}\n')
    assert table.frame["a"].item() == '{"b":"\u00e9","z":[1,2.5,9007199254740993]}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a": 1', "is not JSON"),
        ("[1, 2]", "is JSON but not an object"),
        ("3", "is JSON but not an object"),
        ('{"a": 1, "a": 2}', "holds the key 'a' twice"),
        ('{"a": "\\ud800"}', "not valid Unicode"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ],
)
def test_bad_lines_are_set_aside_with_line_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    table = read(tmp_path, '{"a": 0}\n\n' + line + '\n{"a": 9}\n')
    (row,) = table.ingest.quarantined
    assert row.line == 3
    assert reason in row.reason
    assert table.frame["a"].to_list() == ["0", "9"]
    assert table.lines.tolist() == [1, 4]
    assert table.ingest.rows_in == 3


def test_nan_as_python_writes_it_is_text(tmp_path: Path) -> None:
    assert read(tmp_path, '{"a": NaN}\n{"a": -Infinity}\n').frame["a"].to_list() == ["NaN", "-Infinity"]


def test_gzip_ndjson_and_byte_order_marks_work(tmp_path: Path) -> None:
    zipped = gzip.compress(b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}\r\n')
    assert read(tmp_path, zipped, "rows.ndjson.gz").frame["a"].to_list() == ["1", "2"]


def test_a_file_without_one_good_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 1 is not JSON"):
        read(tmp_path, "a,b\n1,2\n")


def test_a_blank_key_gets_a_name(tmp_path: Path) -> None:
    table = read(tmp_path, '{"": 1, "b": 2}\n')
    assert table.names == ("column_1", "b")
    assert table.ingest.changes[0].kind == "rename"


_values = (
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=5)
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=some.lists(some.dictionaries(some.sampled_from("abc"), _values), min_size=1, max_size=6))
def test_no_cell_is_changed_on_the_way(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    written = [row for row in rows if all(_encodable(value) for value in row.values())]
    if not written:
        return
    table = read(tmp_path, "".join(json.dumps(row) + "\n" for row in written))
    assert table.ingest.rows_in == table.ingest.rows_kept == len(written)
    for number, row in enumerate(written):
        for key, value in row.items():
            cell = table.frame[key][number]
            said = value if isinstance(value, str) else json.dumps(value)
            assert cell == (None if value in (None, "") else said)


def _encodable(value: Any) -> bool:
    return (
        not isinstance(value, str) or value.isprintable() or value.encode("utf-8", "ignore").decode() == value
    )
