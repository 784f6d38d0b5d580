"""Which rows of very many numbers rise and fall together: pictures, spectra or windows taken twice?"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

LEAST_NUMBERS = 64
"""Of fewer numbers a correlation says little: unlike rows of 8 by 8 pixels hardly ever reach 0.97."""

LEAST_CORRELATION = 0.97
"""Between two rows, each number counted from its column's mean in its column's spread. Of thumbnails have
another so like them: 0.5% of 10,000 digits of MNIST, 1.2% of Fashion-MNIST, no aerial photograph of RSSCN7,
and 41% of the photographs of magnetic tiles, each tile taken under several lamps."""

FURTHEST = 3.0
"""Spreads from the mean that count at most, so that one bright dot on a dark border is not the whole row."""

MOST_ROWS = 20_000
"""Rows compared each with each: some five seconds where each has a thousand numbers."""

ROWS_AT_ONCE = 2_000


def like_profiles(numbers: NDArray[np.float32]) -> NDArray[np.int64]:
    """Pairs of rows whose numbers go up and down together: int64 (pairs, 2), the earlier row first.

    Args:
        numbers: float32 (rows, numbers); NaN where missing, which counts as the column's mean.
    """
    profiles = _profiles(numbers)
    found = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, len(profiles), ROWS_AT_ONCE):
        alike = profiles[start : start + ROWS_AT_ONCE] @ profiles[start:].T >= LEAST_CORRELATION
        one, other = np.nonzero(np.triu(alike, 1))
        found.append(np.column_stack([one, other]) + start)
    return np.concatenate(found)


def numbers_of(table: polars.DataFrame, columns: list[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Some rows of these columns, NaN where missing: float32 (rows, columns)."""
    chosen = table.select(polars.col(columns).cast(polars.Float32).fill_null(float("nan")))
    return chosen[rows.tolist()].to_numpy()


def _profiles(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row as a direction, (rows, numbers that vary): the product of two is their correlation."""
    known = np.isfinite(numbers)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, numbers, 0).sum(axis=0, dtype=np.float64) / count
    away = np.where(known, numbers - mean, 0)
    spread = np.sqrt((away**2).sum(axis=0) / count)
    away = np.clip(away[:, spread > 0] / spread[spread > 0], -FURTHEST, FURTHEST)
    away -= away.mean(axis=1, keepdims=True) if away.shape[1] else 0
    length = np.sqrt((away**2).sum(axis=1, keepdims=True))
    return np.divide(away, length, out=np.zeros_like(away), where=length > 0).astype(np.float32)
