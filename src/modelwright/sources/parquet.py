"""Rows of Parquet, with the file's own types."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars

from modelwright.errors import SourceError
from modelwright.records import Ingest
from modelwright.sources.naming import unique_names
from modelwright.sources.table import Table


def read_parquet(path: Path, name: str) -> Table:
    """Read a Parquet file; its rows' lines are their numbers from 1.

    Raises:
        SourceError: the file is damaged, or holds no row or column.
    """
    try:
        table = polars.read_parquet(path, glob=False)
    except (polars.exceptions.PolarsError, OSError, ValueError) as error:
        raise SourceError(
            where=name,
            expected="a whole Parquet file with distinct column names",
            received=str(error).splitlines()[0][:200] or type(error).__name__,
            do_this="Write or fetch the file again; it may have been cut short.",
        ) from error
    if not table.width or not table.height:
        raise SourceError(
            where=name,
            expected="rows and columns",
            received=f"{table.height:,} rows of {table.width:,} columns",
            do_this="Check the query or script that wrote the file.",
        )
    names, changes = unique_names(table.columns, 1)
    return Table(
        names=names,
        frame=table.rename(dict(zip(table.columns, names, strict=True))),
        lines=np.arange(1, table.height + 1, dtype=np.int64),
        ingest=Ingest(format="parquet", rows_in=table.height, rows_kept=table.height, changes=changes),
    )
