"""Raw rows -> the graph's input tensors, under the manifest's schema."""

from __future__ import annotations

import difflib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import CellProblem, reader
from .manifest import Field
from .problems import RowProblem, shown

Row = Mapping[str, object]
Cells = tuple[float | str, ...]
Tensors = dict[str, NDArray[Any]]

LARGEST = sys.float_info.max
NUMBERS = frozenset((float, int))  # and nothing derived from them: true and false are no numbers here


class Schema:
    """Reads rows under a release's fields.

    Args:
        fields: the manifest's inputs.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.names = frozenset(field.name for field in fields)
        self._readers = [(field, field.name, _is_plain(field), reader(field)) for field in fields]
        self._pick = _picker(fields)
        self._numeric = all(field.dtype != "string" for field in fields)

    def tensors(self, rows: Sequence[Row], *, first: int = 1, extras: bool = False) -> Tensors:
        """The rows as one array a field: `read`, then `arrays`."""
        return self.arrays(self.read(rows, first=first, extras=extras))

    def read(self, rows: Sequence[Row], *, first: int = 1, extras: bool = False) -> list[Cells]:
        """Each row's cells in the order of the fields, as the model means them.

        Args:
            first: the number of the first row, for messages.
            extras: whether fields the model does not know are ignored rather than refused.

        Raises:
            RowProblem: a row breaks the schema; row and field are named.
        """
        return [self._cells(row, number, extras) for number, row in enumerate(rows, first)]

    def arrays(self, rows: Sequence[Cells]) -> Tensors:
        """Rows that were read, of one caller or of several, as the graph's input tensors.

        Shapes:
            each tensor: (rows,), float64 or object of str.
        """
        if self._numeric and rows:  # at once rather than field by field
            cells = np.fromiter(chain.from_iterable(rows), np.float64, len(rows) * len(self.fields))
            matrix = np.ascontiguousarray(cells.reshape(len(rows), -1).T)
            return dict(zip((field.tensor for field in self.fields), matrix, strict=True))
        columns = zip(*rows, strict=True) if rows else [()] * len(self.fields)
        return {
            field.tensor: np.array(cells, dtype=object if field.dtype == "string" else np.float64)
            for field, cells in zip(self.fields, columns, strict=True)
        }

    def _cells(self, row: Row, number: int, extras: bool) -> Cells:
        if type(row) is not dict and not isinstance(row, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # rows come from outside
            raise _not_a_row(number, row)
        plain = self._plain_numbers(row)
        if plain is not None:
            return plain
        if not extras and not row.keys() <= self.names:
            raise self._unknown(number, row)
        cells: list[float | str] = []
        for field, name, plain, read in self._readers:
            cell = row.get(name)
            if plain and type(cell) is float and -LARGEST <= cell <= LARGEST:
                cells.append(cell)  # what `read` would say, which is asked for everything else
                continue
            if cell is None and field.required and name not in row:
                raise _absent(field, number)
            try:
                cells.append(read(cell))
            except CellProblem as problem:
                raise _not_allowed(field, number, problem) from None
        return tuple(cells)

    def _plain_numbers(self, row: Row) -> Cells | None:
        """The cells of a row of finite numbers under a schema of numbers, which mean themselves; else None.

        One pass through the fields in C rather than in Python: the commonest row takes half the time.
        """
        if self._pick is None or len(row) != len(self.fields):
            return None
        try:
            cells = self._pick(row)
            return cells if NUMBERS.issuperset(map(type, cells)) and all(map(math.isfinite, cells)) else None
        except (KeyError, OverflowError):  # an unknown field, or a whole number beyond 1.8e308
            return None

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


def _picker(fields: Sequence[Field]) -> Callable[[Row], tuple[Any, ...]] | None:
    """Takes a row's cells in the order of the fields, where all of them are plain numbers."""
    if len(fields) < 2 or not all(map(_is_plain, fields)):  # of one name, itemgetter makes no tuple
        return None
    return itemgetter(*(field.name for field in fields))


def _is_plain(field: Field) -> bool:
    """Whether a finite number in the field means itself: no number stands for a missing one."""
    return field.dtype == "number" and not field.missing_tokens


def _not_allowed(field: Field, number: int, problem: CellProblem) -> RowProblem:
    return RowProblem(
        row=number,
        field=field.name,
        expected=problem.expected,
        received=problem.received,
        do_this=problem.do_this,
    )


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
