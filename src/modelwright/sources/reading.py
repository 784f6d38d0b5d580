"""Any data file in, one table out: the door to every format."""

from __future__ import annotations

from pathlib import Path

from modelwright.sources.delimited import read_delimited
from modelwright.sources.json_lines import read_json_lines
from modelwright.sources.opening import check_file, format_of
from modelwright.sources.parquet import read_parquet
from modelwright.sources.table import Table

_READERS = {"csv": read_delimited, "jsonl": read_json_lines, "parquet": read_parquet}

__all__ = ["Table", "read_table"]


def read_table(path: Path, name: str | None = None) -> Table:
    """Read a delimited text, JSON Lines or Parquet file.

    Args:
        path: where the bytes lie.
        name: the file's name as the user knows it; its ending tells the format. The path's by default.

    Raises:
        SourceError: the file cannot be read as a table; the error says what to do.
    """
    check_file(path)
    shown = path.name if name is None else name
    return _READERS[format_of(path, shown)](path, shown)
