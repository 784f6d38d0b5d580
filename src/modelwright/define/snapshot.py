"""A data file, read once and for all as a table, not yet cast."""

from __future__ import annotations

from pathlib import Path

from modelwright.records import Desk, Snapshot, Source, step
from modelwright.sources.reading import read_table


@step(version=1)
def snapshot(desk: Desk, source: Source) -> Snapshot:
    """Read an adopted file into columns, and say everything that reading changed or set aside.

    Raises:
        SourceError: the file cannot be read as a table.
    """
    path: Path = desk.read(source.file)
    desk.note(f"reading {source.name}", size_bytes=source.file.size_bytes)
    table = read_table(path, source.name)
    desk.note(
        f"read {table.ingest.rows_kept:,} rows of {len(table.names):,} columns",
        quarantined=table.ingest.rows_quarantined,
    )
    return Snapshot(
        name=source.name,
        rows=table.frame.height,
        names=table.names,
        table=desk.keep(table.frame, "table"),
        lines=desk.keep(table.lines, "array"),
        ingest=table.ingest,
    )
