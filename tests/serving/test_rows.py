"""The short way through a row of numbers says what the cell's own reading says."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest

from modelwright.serving.cells import CellProblem, reader
from modelwright.serving.manifest import Field
from modelwright.serving.problems import RowProblem
from modelwright.serving.rows import Schema

CELLS: list[Any] = [
    0.0, -0.0, 1.5, -999.0, 5e-324, sys.float_info.max, -sys.float_info.max, math.nan, math.inf, -math.inf,
    3, True, 10**400, "4", " 7 ", "x", "?", None, [], {},
]  # fmt: skip


@pytest.mark.parametrize("cell", CELLS, ids=repr)
@pytest.mark.parametrize("tokens", [(), ("-999", "?")])
@pytest.mark.parametrize("beside", [(), ("b",), ("b", "c")])
def test_a_row_is_read_as_its_cells_are(cell: Any, tokens: tuple[str, ...], beside: tuple[str, ...]) -> None:
    field = Field(name="a", tensor="t", dtype="number", missing_tokens=tokens)
    more = [Field(name=name, tensor=name, dtype="number") for name in beside]
    schema, row = Schema([*more, field]), {"a": cell, **dict.fromkeys(beside, 2)}
    try:
        expected = reader(field)(cell)
    except CellProblem:
        with pytest.raises(RowProblem, match="'a'"):
            schema.read([row])
        return
    tensors = schema.tensors([row])
    assert repr(tensors.pop("t").tolist()) == repr([expected])
    assert {name: values.tolist() for name, values in tensors.items()} == {name: [2.0] for name in beside}


def test_a_row_of_numbers_must_have_just_the_fields() -> None:
    schema = Schema([Field(name=name, tensor=name, dtype="number") for name in "ab"])
    for row in ({"a": 1.0}, {"a": 1.0, "c": 2.0}, {"a": 1.0, "b": 2.0, "c": 3.0}):
        with pytest.raises(RowProblem):
            schema.read([row])
    assert schema.read([{"c": 3.0, "b": 2.0, "a": 1.0}], extras=True) == [(1.0, 2.0)]
