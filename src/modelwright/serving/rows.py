"""Raw rows -> the graph's input tensors, under the manifest's schema."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import CellProblem, reader
from .manifest import Field
from .problems import RowProblem, shown

Row = Mapping[str, object]
Tensors = dict[str, NDArray[Any]]


class Schema:
    """Reads rows under a release's fields.

    Args:
        fields: the manifest's inputs.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.names = frozenset(field.name for field in fields)
        self._readers = [(field, reader(field)) for field in fields]

    def tensors(self, rows: Sequence[Row], *, first: int = 1, extras: bool = False) -> Tensors:
        """The rows as one array a field.

        Args:
            first: the number of the first row, for messages.
            extras: whether fields the model does not know are ignored rather than refused.

        Shapes:
            each tensor: (rows,), float64 or object of str.

        Raises:
            RowProblem: a row breaks the schema; row and field are named.
        """
        for number, row in enumerate(rows, first):
            if not isinstance(row, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # rows come from outside
                raise _not_a_row(number, row)
            if not extras and not row.keys() <= self.names:
                raise self._unknown(number, row)
        return {field.tensor: _column(field, read, rows, first) for field, read in self._readers}

    def _unknown(self, number: int, row: Row) -> RowProblem:
        name = next(name for name in row if name not in self.names)
        near = difflib.get_close_matches(name, sorted(self.names), n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        return RowProblem(
            row=number,
            field=name,
            expected="only fields of the schema: " + ", ".join(field.name for field in self.fields),
            received="a field the model does not know",
            do_this=f"{hint}Leave the field out; the schema lists the fields.",
        )


def _column(field: Field, read: Any, rows: Sequence[Row], first: int) -> NDArray[Any]:
    values: list[float | str] = []
    for number, row in enumerate(rows, first):
        if field.required and field.name not in row:
            raise _absent(field, number)
        try:
            values.append(read(row.get(field.name)))
        except CellProblem as problem:
            raise RowProblem(
                row=number,
                field=field.name,
                expected=problem.expected,
                received=problem.received,
                do_this=problem.do_this,
            ) from None
    return np.array(values, dtype=object if field.dtype == "string" else np.float64)


def _absent(field: Field, number: int) -> RowProblem:
    return RowProblem(
        row=number,
        field=field.name,
        expected=f"the field '{field.name}' ({field.dtype})",
        received="a row without it",
        do_this="Add the field; send null if its value is not known.",
    )


def _not_a_row(number: int, row: object) -> RowProblem:
    return RowProblem(
        row=number,
        expected='a row as a JSON object, {"field": value, ...}',
        received=shown(row),
        do_this="Send one object, or a list of objects.",
    )
