"""A column in a few bins, the same for two sets of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.records import Column

FEWEST_BINS, BINS = 4, 20
"""Quantile bins of numbers, and most frequent values of words: enough to see where two sets differ."""

ROWS_A_BIN = 20
"""Of the smaller set, on average, where rows are few: each bin then holds enough for the chi-squared test."""

MISSING, OTHER = "missing", "another value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binned:
    """Two sets of rows in one column's bins.

    Args:
        one, other: each row's bin, int64 (rows of the set,). labels: of the bins, for people.
        ordered: whether the bins are in the order of their values.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    labels: tuple[str, ...]
    ordered: bool

    @property
    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of each set in each bin: int64 (bins,) each."""
        size = len(self.labels)
        return np.bincount(self.one, minlength=size), np.bincount(self.other, minlength=size)


def binned(column: Column, one: polars.Series, other: polars.Series) -> Binned:
    """Numbers and dates by the quantiles of both sets, texts by their length in words, words by their value.

    Quantiles of one set alone would make its counts equal by construction, and those of the other, being all
    that varies, no fair test.
    """
    if column.role == "text":
        counts = (values.str.count_matches(r"\S+") for values in (one, other))
        return _by_size(*counts, said="{:g} words".format)
    if one.dtype.is_temporal():
        seconds = (values.dt.epoch("s") for values in (one, other))
        return _by_size(*seconds, said=_moment)
    if one.dtype.is_numeric():
        return _by_size(one, other, said="{:g}".format)
    return _by_value(one.cast(polars.String), other.cast(polars.String))


def _moment(seconds: float) -> str:
    return str(np.datetime64(int(seconds), "s")).removesuffix("T00:00:00")


def _by_size(one: polars.Series, other: polars.Series, *, said: Callable[[float], str]) -> Binned:
    numbers = [values.cast(polars.Float64).fill_null(np.nan).to_numpy() for values in (one, other)]
    known = np.concatenate(numbers)
    known = known[np.isfinite(known)]
    fewest = min((len(values) for values in numbers if len(values)), default=0)
    bins = int(np.clip(fewest // ROWS_A_BIN, FEWEST_BINS, BINS))
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else np.empty(0)
    places = [
        np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="left") + 1) for values in numbers
    ]
    bounds = [f"up to {said(edge)}" for edge in edges] + [f"above {said(edges[-1])}" if len(edges) else "any"]
    return Binned(one=places[0], other=places[1], labels=(MISSING, *bounds), ordered=True)


def _by_value(one: polars.Series, other: polars.Series) -> Binned:
    frequent: list[str] = (
        polars.concat([one, other]).drop_nulls().value_counts(sort=True).to_series(0).head(BINS).to_list()
    )
    places = {value: place for place, value in enumerate(sorted(frequent), start=2)}
    one_codes, other_codes = (_places(values, places) for values in (one, other))
    labels = (MISSING, OTHER, *(repr(value) for value in places))
    return Binned(one=one_codes, other=other_codes, labels=labels, ordered=False)


def _places(values: polars.Series, places: dict[str, int]) -> NDArray[np.int64]:
    """0 where missing, the value's place, or 1 for any other: (rows,)."""
    if not places:
        return np.zeros(len(values), dtype=np.int64)
    found = values.replace_strict(places, default=1, return_dtype=polars.Int64)
    return np.where(values.is_null().to_numpy(), 0, found.to_numpy())
