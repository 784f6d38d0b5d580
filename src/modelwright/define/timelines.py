"""How do rows and target go over time?"""

from __future__ import annotations

import math

import numpy as np
import polars
from numpy.typing import NDArray
from scipy.special import stdtrit

from modelwright.checks.inspection import Inspection
from modelwright.define.profile_totals import BEYOND, sizes_of
from modelwright.records import Estimate, Timeline
from modelwright.statistics.intervals import LEVEL, wilson_of_counts

PERIODS = 40
"""Enough to see a year's weeks or a break, few enough that each holds rows."""

MOST_TIMELINES = 3
MIN_ROWS = 5
"""With fewer, a period's mean says nothing."""


def timelines_of(inspection: Inspection) -> tuple[Timeline, ...]:
    """A timeline for each of the first date columns that has more than one date."""
    dates = [column for column in inspection.features if column.role == "date"][:MOST_TIMELINES]
    of, values = _followed(inspection)
    found = [
        _timeline(name, seconds, of, values)
        for name, seconds in ((c.name, sizes_of(c, inspection.table[c.name])) for c in dates)
        if seconds is not None
    ]
    return tuple(timeline for timeline in found if timeline is not None)


def _followed(inspection: Inspection) -> tuple[str, NDArray[np.float64]]:
    """What is followed, in words, and each row's value of it: 0 or 1 where it is a share."""
    name = inspection.task.targets[0]
    target, classes = inspection.table[name], inspection.dataset.classes
    if not classes:
        return f"mean {name}", target.cast(polars.Float64).fill_null(np.nan).to_numpy()
    words = target.cast(polars.String)
    shown = classes[1] if len(classes) == 2 else words.mode().sort()[0]
    return f"share of {shown}", (words == shown).cast(polars.Float64).fill_null(np.nan).to_numpy()


def _timeline(name: str, seconds: polars.Series, of: str, values: NDArray[np.float64]) -> Timeline | None:
    at = seconds.fill_null(np.nan).to_numpy()
    known = np.isfinite(at) & np.isfinite(values)
    at, values = at[known], values[known]
    if not len(at):
        return None
    low, high = (float(end) for end in np.quantile(at, [BEYOND, 1 - BEYOND]))
    if high <= low:
        return None
    edges = np.linspace(low, high, PERIODS + 1)
    inside = (at >= low) & (at <= high)
    period = np.clip(np.searchsorted(edges, at[inside], side="right") - 1, 0, PERIODS - 1)
    share = of.startswith("share")
    estimates = [_estimate(values[inside][period == index], share=share) for index in range(PERIODS)]
    return Timeline(
        column=name,
        edges=tuple(edges.tolist()),
        rows=tuple(np.bincount(period, minlength=PERIODS).tolist()),
        of=of,
        values=tuple(estimates),
    )


def _estimate(values: NDArray[np.float64], *, share: bool) -> Estimate | None:
    rows = len(values)
    if rows < MIN_ROWS:
        return None
    mean = float(values.mean())
    if share:
        low, high = wilson_of_counts(int(values.sum()), rows)
        return Estimate(value=mean, low=low, high=high, level=LEVEL, method="Wilson")
    arm = float(stdtrit(rows - 1, (1 + LEVEL) / 2)) * float(values.std(ddof=1)) / math.sqrt(rows)
    if not math.isfinite(arm):
        return None
    return Estimate(value=mean, low=mean - arm, high=mean + arm, level=LEVEL, method="t interval of the mean")
