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
def test_a_row_is_read_as_its_cells_are(cell: Any, tokens: tuple[str, ...]) -> None:
    field = Field(name="a", tensor="t", dtype="number", missing_tokens=tokens)
    schema = Schema([field])
    try:
        expected = reader(field)(cell)
    except CellProblem:
        with pytest.raises(RowProblem):
            schema.read([{"a": cell}])
        return
    ((got,),) = schema.read([{"a": cell}])
    assert repr(got) == repr(expected)
