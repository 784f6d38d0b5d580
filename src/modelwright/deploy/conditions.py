"""What may rows have in common? Values of words, ranges of numbers, dates and lengths of texts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Column, Condition, Dataset

PARTS = (0.2, 0.4, 0.6, 0.8)
"""Numbers are parted at these quantiles: fifths of the rows are large enough to be judged."""

MOST_VALUES = 20
"""Of words, the most frequent values are looked at."""

NONE = -1
"""The code of a row that has none of a column's conditions."""

_ROLES = ("numeric", "categorical", "date", "text", "time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A column's conditions, of which a row has at most one.

    Args:
        codes: int16 (rows,): the position of the condition that a row has, or `NONE`.
    """

    conditions: tuple[Condition, ...]
    codes: NDArray[np.int16]


def coded_columns(table: polars.DataFrame, dataset: Dataset, known: NDArray[np.int64]) -> list[Coded]:
    """Every column that rows may have something in common in.

    Args:
        known: rows from which edges and values are taken.
    """
    columns = [one for one in dataset.columns if one.role in _ROLES]
    coded = [_coded(table[one.name], one, known) for one in columns]
    return [one for one in coded if len(one.conditions) > 1]


def _coded(series: polars.Series, column: Column, known: NDArray[np.int64]) -> Coded:
    if column.role == "text":
        return _parted(series.str.count_matches(r"\S+").cast(polars.Float64), column.name, known, words=True)
    if series.dtype == polars.String:
        return _valued(series, column.name, known)
    if series.dtype.is_temporal():
        series = series.cast(polars.Datetime("us")).dt.epoch("us").cast(polars.Float64) / 1e6
    return _parted(series.cast(polars.Float64), column.name, known, words=False)


def _parted(series: polars.Series, name: str, known: NDArray[np.int64], *, words: bool) -> Coded:
    values = series.fill_null(np.nan).to_numpy().astype(np.float64)
    seen = values[known]
    seen = seen[np.isfinite(seen)]
    missing = np.isnan(values)
    edges = np.unique(np.quantile(seen, PARTS, method="higher")) if len(seen) else np.empty(0)
    edges = edges[edges > seen.min()] if len(seen) else edges
    ends = [None, *edges.tolist(), None]
    conditions = [
        Condition(column=name, measured="words" if words else "value", low=low, high=high)
        for low, high in pairwise(ends)
    ]
    codes = np.searchsorted(edges, values, side="right").astype(np.int16)
    codes[missing] = NONE
    return _with_missing(conditions, codes, missing, name)


def _valued(series: polars.Series, name: str, known: NDArray[np.int64]) -> Coded:
    counts = series.gather(known).drop_nulls().value_counts(sort=False)
    ordered = counts.sort(["count", name], descending=[True, False])
    values: list[str] = ordered[name].head(MOST_VALUES).to_list()
    place = {value: code for code, value in enumerate(values)}
    codes = series.replace_strict(place, default=NONE, return_dtype=polars.Int16).fill_null(NONE).to_numpy()
    conditions = [Condition(column=name, value=value) for value in values]
    return _with_missing(conditions, codes.astype(np.int16), series.is_null().to_numpy(), name)


def _with_missing(
    conditions: list[Condition], codes: NDArray[np.int16], missing: NDArray[np.bool_], name: str
) -> Coded:
    if missing.any():
        codes = np.where(missing, np.int16(len(conditions)), codes)
        conditions = [*conditions, Condition(column=name, missing=True)]
    return Coded(conditions=tuple(conditions), codes=codes)
