"""What do the rows look like? (section 6.1.3)"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable
from modelwright.checks.judging import judged_targets, score_alone
from modelwright.define.places import places_of
from modelwright.define.profile_totals import Totals, bars_of, sizes_of
from modelwright.define.samples import samples_of
from modelwright.define.timelines import timelines_of
from modelwright.records import (
    Column,
    ColumnProfile,
    Counted,
    Dataset,
    Desk,
    Estimate,
    MissingTogether,
    Profile,
    Protocol,
    Task,
    step,
)

DRAWN_ROWS = 100_000
"""Rows drawn for medians, bars and samples: a share is then known to 0.3 points."""

JUDGED_ROWS = 4_000
"""Rows on which a column answers alone: an AUC of 0.7 is then known to 0.02, in a tenth of a second."""

JUDGED_COLUMNS = 100
"""Columns that answer alone, the most complete ones."""

TOP_VALUES = 8
MOST_PATTERNS = 8
"""What a person takes in at one look."""


@step(version=1)
def profile(desk: Desk, task: Task, dataset: Dataset, protocol: Protocol, *, seed: int = 0) -> Profile:
    """Look at every column, at what is missing together, at time, at places and at single rows.

    The table is read once, part after part, so that memory does not grow with its rows. Sealed rows are left
    out of everything.
    """
    known = np.ones(dataset.rows, dtype=np.bool_)
    known[desk.read(protocol.test)] = False
    chosen = _drawn(known, seed)
    totals, table = _passed(desk, dataset, known, chosen)
    lines: NDArray[np.int64] = desk.read(dataset.lines)
    inspection = Inspection(
        task=task,
        dataset=dataset,
        table=table,
        lines=lines[chosen],
        test=np.zeros(table.height, dtype=np.bool_),
        seed=seed,
    )
    title, chance, alone = _alone(desk, inspection)
    return Profile(
        rows=totals.rows,
        drawn=table.height,
        alone=title,
        chance=chance,
        columns=tuple(_column(one, totals, table[one.name], alone.get(one.name)) for one in dataset.columns),
        missing_together=_together(totals),
        timelines=timelines_of(inspection),
        places=places_of(desk, inspection),
        samples=samples_of(inspection),
    )


def _drawn(known: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Which rows are drawn, bool (rows,)."""
    rows = np.flatnonzero(known)
    if len(rows) <= DRAWN_ROWS:
        return known
    chosen = np.zeros_like(known)
    chosen[np.random.default_rng(seed).choice(rows, DRAWN_ROWS, replace=False)] = True
    return chosen


def _passed(
    desk: Desk, dataset: Dataset, known: NDArray[np.bool_], chosen: NDArray[np.bool_]
) -> tuple[Totals, polars.DataFrame]:
    """The one pass: totals of all known rows, and the rows drawn."""
    totals, drawn, start = Totals(columns=dataset.columns), list[polars.DataFrame](), 0
    for part in desk.scan(dataset.table):
        stop = start + part.height
        totals.add(part.filter(polars.Series(known[start:stop])))
        drawn.append(part.filter(polars.Series(chosen[start:stop])))
        desk.note("looking at the rows", done=stop, total=dataset.rows)
        start = stop
    return totals, polars.concat(drawn)


def _alone(desk: Desk, inspection: Inspection) -> tuple[str, float, dict[str, Estimate]]:
    """What each column answers alone: the measure's title, what no information scores, and the scores."""
    judged = judged_targets(inspection, inspection.table, JUDGED_ROWS)
    if isinstance(judged, NotApplicable):
        return "", 0.0, {}
    target = judged[0]
    columns = sorted(inspection.features, key=lambda column: column.missing)[:JUDGED_COLUMNS]
    found: dict[str, Estimate] = {}
    for done, column in enumerate(columns, start=1):
        values = inspection.table[column.name][target.rows]
        sized = sizes_of(column, values)
        scored = score_alone(values if sized is None else sized, target, inspection.seed, least=-np.inf)
        if scored is not None and np.isfinite([scored.value, scored.low, scored.high]).all():
            found[column.name] = scored
        desk.note("each column alone", done=done, total=len(columns))
    of = f" of {target.name}" if len(judged) > 1 else ""
    return target.title + of, 0.5 if target.classes else 0.0, found


def _column(column: Column, totals: Totals, drawn: polars.Series, alone: Estimate | None) -> ColumnProfile:
    sized = sizes_of(column, drawn)
    values = np.empty(0) if sized is None else sized.drop_nulls().to_numpy()
    values = values[np.isfinite(values)]
    low, high = totals.extremes.get(column.name, (None, None))
    counts = totals.counts.get(column.name)
    top = () if counts is None else tuple(Counted(value=v, rows=n) for v, n in counts.head(TOP_VALUES).rows())
    return ColumnProfile(
        name=column.name,
        role=column.role,
        missing=totals.missing.get(column.name, 0),
        unique=column.unique,
        low=low,
        middle=float(np.median(values)) if len(values) else None,
        high=high,
        bars=bars_of(values),
        top=top,
        alone=alone,
    )


def _together(totals: Totals) -> tuple[MissingTogether, ...]:
    """The most frequent sets of columns missing in one row, where there are several in a set."""
    patterns = [(names, rows) for names, rows in totals.patterns() if len(names) > 1]
    return tuple(MissingTogether(columns=names, rows=rows) for names, rows in patterns[:MOST_PATTERNS])
