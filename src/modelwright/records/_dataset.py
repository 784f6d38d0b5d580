"""Source, Snapshot and Dataset: a file as it came, as a table of text, and as typed rows with roles."""

from __future__ import annotations

from typing import Literal

from modelwright.records._blob import Blob
from modelwright.records._task import Role
from modelwright.records._wire import record

Dtype = Literal["number", "date", "string"]


@record
class Source:
    """A data file (or DataFrame) adopted into the project, byte for byte.

    Args:
        name: the file's base name (tells the format by its ending).
        file: the adopted bytes.
    """

    name: str
    file: Blob


@record
class Quarantined:
    """A row that could not be kept: its line in the file, why, and its first 200 characters."""

    line: int
    reason: str
    text: str


@record
class Change:
    """Something ingest changed: a rename, a cast, a cell made null. Lines are the first 20 at fault.

    Args:
        kind: ``rename``, ``cast`` or ``null``.
        column: the column changed (its new name).
        what: in words, e.g. ``"4 cells 'abc', 'n/a' are not numbers: null"``.
        count: how many cells (1 for a rename).
        lines: line numbers in the file, 1-based, header included; at most 20.
    """

    kind: Literal["rename", "cast", "null"]
    column: str
    what: str
    count: int
    lines: tuple[int, ...] = ()


@record
class Ingest:
    """What reading the file did. ``rows_in == rows_kept + rows_quarantined`` always.

    Args:
        format: ``csv``, ``parquet`` or ``jsonl``.
        encoding: of delimited text, e.g. ``utf-8``, ``latin-1``, ``utf-16``; empty otherwise.
        dialect: of delimited text, in words (``"delimiter ',' quote '\\"'"``); empty otherwise.
        quarantined: the first 1,000.
    """

    format: Literal["csv", "parquet", "jsonl"]
    encoding: str = ""
    dialect: str = ""
    rows_in: int
    rows_kept: int
    rows_quarantined: int = 0
    quarantined: tuple[Quarantined, ...] = ()
    changes: tuple[Change, ...] = ()


@record
class Snapshot:
    """A file read as a table, not yet cast.

    Args:
        names: the columns in order, unique.
        table: all-string columns for delimited text and JSON Lines (null = an empty or absent cell);
            the file's own types for Parquet.
        lines: int64 array (rows,), each row's 1-based line in the file.
    """

    name: str
    rows: int
    names: tuple[str, ...]
    table: Blob
    lines: Blob
    ingest: Ingest


@record
class Column:
    """One column of a dataset.

    Args:
        dtype: how its values are stored: float64 (``number``), datetime (``date``) or string.
        reason: why this role.
        missing: null cells. unique: distinct non-null values.
        missing_tokens: spellings that were read as null (besides an empty cell).
        date_format: the strptime format of a date column, or ``epoch`` for numbers of seconds.
    """

    name: str
    role: Role
    dtype: Dtype
    reason: str
    missing: int
    unique: int
    missing_tokens: tuple[str, ...] = ()
    date_format: str | None = None


@record
class Dataset:
    """Rows by content address, each column's role and type.

    Args:
        table: Parquet, rows in file order; number -> Float64, date -> Datetime[us], string -> String.
            Rows of a separate test file follow those of the data file.
        lines: int64 array (rows,), each row's line in its file.
        classes: target classes in the order of probability columns; empty for regression.
        test_rows: int64 array (test_rows,) where the task names a test part; None otherwise.
        unlabelled_rows: rows whose target was missing: left out of `table`.
    """

    rows: int
    columns: tuple[Column, ...]
    table: Blob
    lines: Blob
    classes: tuple[str, ...] = ()
    test_rows: Blob | None = None
    unlabelled_rows: int = 0
    ingest: Ingest
    test_ingest: Ingest | None = None

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns a model reads: numeric, categorical, date and text."""
        return tuple(c for c in self.columns if c.role in ("numeric", "categorical", "date", "text"))

    @property
    def targets(self) -> tuple[Column, ...]:
        """The target columns, in the file's order."""
        return tuple(c for c in self.columns if c.role == "target")
