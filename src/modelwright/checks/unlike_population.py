"""MW115: are the rows like the population that the model will meet?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.binning import Binned, binned
from modelwright.checks.inspection import Inspection, quoted
from modelwright.checks.spread import Unlike, unlike
from modelwright.records import Column, Finding
from modelwright.statistics.shift import effective_rows, raked

CODE: str = "MW115"
TITLE: str = "Unlike the population"

LEAST_DISTANCE = 0.05
"""A twentieth of the rows would have to change their value: from here on means are visibly others."""

LEAST_RATIO = 1.5
"""Of a declared share: rarer by this factor or more frequent, however rare it is (a fraud is 1 in 600)."""

SERIOUS_DISTANCE = 0.2
DECLARED_ROWS = 10_000_000
"""Rows a declared share stands for: it is taken as known."""

MOST_COLUMNS_RAKED = 10
"""Columns whose shares the weights restore, those furthest off first."""

Margins = Mapping[str, Mapping[str, float]]
"""Column -> value -> its share in the population."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Representativeness:
    """How the rows stand to the population.

    Args:
        findings: one for all columns at fault; none where the rows are like the population.
        weights: for each row, mean 1, with which the columns at fault have the population's shares: float64
            (rows,). effective_rows: how many rows are left of them, as a mean goes.
        compared: columns held against the population.
    """

    findings: tuple[Finding, ...]
    weights: NDArray[np.float64]
    effective_rows: float
    compared: tuple[str, ...]


def against_sample(inspection: Inspection, sample: polars.DataFrame) -> Representativeness:
    """Hold every column that a sample of production rows has, typed as here, against the rows learnt from."""
    columns = [column for column in _columns(inspection) if column.name in sample.columns]
    parts = [binned(column, inspection.known[column.name], sample[column.name]) for column in columns]
    return _judged(inspection, columns, parts, "in the sample", least_ratio=None)


def against_margins(inspection: Inspection, margins: Margins) -> Representativeness:
    """Hold columns against the shares that a person says their values have in the population."""
    columns = [column for column in _columns(inspection) if column.name in margins]
    parts = [_declared(inspection.known[column.name], margins[column.name]) for column in columns]
    return _judged(inspection, columns, parts, "in the population", least_ratio=LEAST_RATIO)


def _columns(inspection: Inspection) -> list[Column]:
    kinds = ("numeric", "categorical", "date", "text", "target", "group")
    return [column for column in inspection.dataset.columns if column.role in kinds]


def _declared(values: polars.Series, shares: Mapping[str, float]) -> Binned:
    """The rows beside as many as a declaration stands for; values that it leaves out are one bin."""
    names = list(shares)
    places = {name: place for place, name in enumerate(names)}
    words = values.cast(polars.String)
    one = words.replace_strict(places, default=len(names), return_dtype=polars.Int64).fill_null(len(names))
    wanted = np.array([shares[name] for name in names])
    wanted = np.append(wanted, max(0.0, 1.0 - wanted.sum())) / max(1.0, wanted.sum())
    counts = np.round(wanted * DECLARED_ROWS).astype(np.int64)
    labels = (*(repr(name) for name in names), "any other value")
    return Binned(
        one=one.to_numpy(), other=np.repeat(np.arange(len(counts)), counts), labels=labels, ordered=False
    )


def _judged(
    inspection: Inspection,
    columns: list[Column],
    parts: list[Binned],
    where: str,
    *,
    least_ratio: float | None,
) -> Representativeness:
    found = unlike(columns, parts, lambda one: _far(one) or _rare(one, least_ratio))
    weights = _weights(inspection, [one.part for one in found[:MOST_COLUMNS_RAKED]])
    findings = (_finding(found, where, effective_rows(weights), inspection.known.height),) if found else ()
    return Representativeness(
        findings=findings,
        weights=weights,
        effective_rows=effective_rows(weights),
        compared=tuple(column.name for column in columns),
    )


def _far(one: Unlike) -> bool:
    return one.shift.distance >= LEAST_DISTANCE


def _rare(one: Unlike, least_ratio: float | None) -> bool:
    """Whether a declared value is rarer or more frequent by a factor that matters, be it rare."""
    if least_ratio is None:
        return False
    here, there = (count / max(count.sum(), 1) for count in one.part.counts)
    both = (here > 0) & (there > 0)
    ratios = np.abs(np.log(here[both] / there[both]))
    return bool(ratios.max(initial=0.0) >= np.log(least_ratio)) and one.shift.distance > 0


def _weights(inspection: Inspection, parts: list[Binned]) -> NDArray[np.float64]:
    """Of all rows, those of a test part included as 0: it is not learnt from."""
    rows = np.flatnonzero(~inspection.test)
    weights = np.zeros(inspection.table.height)
    wanted = [part.counts[1] / max(part.counts[1].sum(), 1) for part in parts]
    weights[rows] = raked([part.one for part in parts], wanted) if parts else 1.0
    return weights


def _finding(found: list[Unlike], where: str, effective: float, rows: int) -> Finding:
    names = tuple(one.column.name for one in found)
    worst = found[0].shift.distance
    return Finding(
        code=CODE,
        title=TITLE,
        severity="serious" if worst >= SERIOUS_DISTANCE else "warning",
        columns=names,
        message=f"{quoted(names)}: the rows are not like the population",
        evidence=(
            *(one.said(where) for one in found),
            f"weighted to match, the {rows:,} rows know a mean as well as {effective:,.0f} would",
        ),
        advice="Ask how the rows were collected: who had no chance of being among them? Collect more of "
        "what is rare here, or weight the rows (the weights are kept with this verdict). A threshold or an "
        "expected cost found on these rows does not hold for the population.",
    )
