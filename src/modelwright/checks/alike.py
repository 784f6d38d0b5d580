"""Which rows agree in some columns?"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray


def numbered(table: polars.DataFrame, names: list[str]) -> NDArray[np.int64]:
    """A number a row, the same for rows that agree in all these columns: int64 (rows,)."""
    keys = [f"key {index}" for index in range(len(names))]
    rows = polars.DataFrame({key: table[name] for key, name in zip(keys, names, strict=True)})
    groups = rows.with_row_index("row").group_by(keys, maintain_order=True).agg("row")
    sizes = groups["row"].list.len().to_numpy()
    number = np.empty(table.height, dtype=np.int64)
    number[groups["row"].explode().to_numpy()] = np.repeat(np.arange(len(sizes)), sizes)
    return number
