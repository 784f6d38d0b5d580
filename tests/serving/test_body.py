from __future__ import annotations

import pytest

from modelwright.serving.body import MAX_ROWS, read_rows
from modelwright.serving.problems import Problem


def test_one_row_and_many_are_told_apart() -> None:
    assert read_rows(b'{"a": 1}') == ([{"a": 1}], True)
    assert read_rows(b'\xef\xbb\xbf[{"a": 1}, {"a": null}]') == ([{"a": 1}, {"a": None}], False)
    assert read_rows(b"[]") == ([], False)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "empty body"),
        (b'{"a": 1', 400, "line 1"),
        (b'{"a": 1,\n"b": x}', 400, "line 2, column 6 (byte 14)"),
        (b'{"a": NaN}', 400, "row 1, field 'a'"),
        (b'[{"a": 1}, {"b": -Infinity}]', 400, "row 2, field 'b'"),
        (b'{"a": 1e999}', 400, "beyond 1.8e308"),
        (b'{"a": "\\ud800"}', 400, "surrogate"),
        (b'{"a": "\xff"}', 400, "UTF-8"),
        (b"[" * 200_000, 400, "nested"),
        (b'{"a":' * 200_000, 400, "nested"),
        (b"3", 422, "received 3"),
        (b'"text"', 422, "text"),
        (b"null", 422, "null"),
        (b"[" + b"{}," * MAX_ROWS + b"{}]", 413, f"{MAX_ROWS + 1} rows"),
    ],
)
def test_what_is_not_rows_is_explained(body: bytes, status: int, words: str) -> None:
    with pytest.raises(Problem) as caught:
        read_rows(body)
    assert caught.value.status == status
    assert words in str(caught.value)
