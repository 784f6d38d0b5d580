"""MW116: do the late rows differ from the early ones, in what they are or in what follows from it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.binning import binned
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, quoted
from modelwright.records import Column, Finding
from modelwright.statistics.change import (
    Changes,
    Cut,
    blocks_for,
    counts_by_block,
    relation_changes,
    spread_changes,
    sums_by_block,
    what_follows,
)

CODE: str = "MW116"
TITLE: str = "Change over time"

MIN_ROWS = 200
"""Five a block, at least."""

MOST_ROWS = 100_000
"""Of more rows every second, third, ... is read: 5,000 a block know a share to 0.7 points."""

MOST_CHANCE = 0.05
"""Of data sets in which nothing changes, one in twenty may be reported: all columns together, and what is
asked of them (how they are spread, and what follows from them for each target) in equal shares."""

WILD_SHARE = 0.001
"""Numbers beyond these quantiles lend no slope: one of them would decide it."""

LEAST_SPREAD = 0.1
LEAST_RELATION = 0.1
"""A tenth of the rows in another bin; or a target whose mean, bin by bin, moved by a tenth of its standard
deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Rows outside the test part in order of time.

    Args:
        by: the column that orders them. rows: int64 (rows,). cuts: the columns and targets in bins, by name.
        blocks: of time.
    """

    by: Column
    rows: NDArray[np.int64]
    cuts: dict[str, Cut]
    blocks: int


def look(inspection: Inspection) -> Outcome:
    """Columns spread otherwise in the last quarter, and columns that the target follows otherwise."""
    ordered = inspection.by_time()
    if ordered is None:
        return NotApplicable("no time column, and not exactly one date, says when each row was")
    by, rows = ordered
    if len(rows) < MIN_ROWS:
        return NotApplicable(f"fewer than {MIN_ROWS} rows with a time")
    columns = [c for c in inspection.features if c.dtype != "date"]
    timed = _timed(inspection, by, rows[:: max(1, -(-len(rows) // MOST_ROWS))], columns)
    found = [_spread(inspection, timed, columns), *_relations(inspection, timed, columns)]
    return tuple(finding for finding in found if finding is not None)


def _timed(inspection: Inspection, by: Column, rows: NDArray[np.int64], columns: list[Column]) -> Timed:
    cuts = {c.name: _cut(inspection, rows, c) for c in [*columns, *inspection.dataset.targets]}
    return Timed(by=by, rows=rows, cuts=cuts, blocks=blocks_for(list(cuts.values())))


def _cut(inspection: Inspection, rows: NDArray[np.int64], column: Column) -> Cut:
    values = inspection.table[column.name][rows]
    part = binned(column, values, values.head(0))
    numbers = np.zeros(len(values))
    if column.dtype == "number":
        known = values.cast(polars.Float64).fill_nan(None)
        low, high = (known.quantile(share) or 0.0 for share in (WILD_SHARE, 1 - WILD_SHARE))
        numbers = known.clip(low, high).fill_null(0.0).to_numpy()
    return Cut(codes=part.one, bins=len(part.labels), ordered=part.ordered, numbers=numbers)


def _spread(
    inspection: Inspection,
    timed: Timed,
    columns: list[Column],
) -> Finding | None:
    """Covariate drift, and drift of the target by itself."""
    looked = [*columns, *inspection.dataset.targets]
    cuts = [timed.cuts[c.name] for c in looked]
    tables = [counts_by_block(cut.codes, cut.bins, timed.blocks) for cut in cuts]
    ordered = [cut.ordered for cut in cuts]
    changes = spread_changes(tables, ordered, inspection.seed)
    places = _changed(changes, LEAST_SPREAD, inspection)
    if not places:
        return None
    names = tuple(looked[place].name for place in places)
    return Finding(
        code=CODE,
        title="Columns change over time",
        severity="warning",
        columns=names,
        message=f"{quoted(names)}: spread otherwise in the last quarter, in order of `{timed.by.name}`",
        evidence=tuple(
            f"`{looked[place].name}`: {percent(float(changes.distances[place]))} of the late rows and more "
            f"would have to change their value; chance {changes.chances[place]:.3f}"
            for place in places
        ),
        advice=f"Judge models on the future (--time {timed.by.name}), and look after launch whether inputs "
        "go on changing. What is learnt from old rows may still hold: that the inputs change does not mean "
        "that what follows from them does.",
    )


def _relations(
    inspection: Inspection,
    timed: Timed,
    columns: list[Column],
) -> list[Finding]:
    """Concept drift: of equal values another target follows."""
    found: list[Finding] = []
    for target in inspection.dataset.targets:
        values = _as_number(inspection, target, timed)
        scale = float(values.std())
        if not columns or not scale:
            continue
        cuts = [timed.cuts[c.name] for c in columns]
        follows = what_follows(cuts, values / scale)
        tables = [
            (
                counts_by_block(cut.codes, cut.bins, timed.blocks),
                sums_by_block(cut.codes, cut.bins, left, timed.blocks),
            )
            for cut, left in zip(cuts, follows, strict=True)
        ]
        changes = relation_changes(tables, inspection.seed)
        places = _changed(changes, LEAST_RELATION, inspection)
        if places:
            found.append(_relation_finding(timed, target, columns, changes, places))
    return found


def _as_number(inspection: Inspection, target: Column, timed: Timed) -> NDArray[np.float64]:
    """A number; of classes, whether it is the one the task is about (of several, the most frequent)."""
    values = inspection.table[target.name][timed.rows]
    classes = inspection.dataset.classes
    if not classes:
        return values.cast(polars.Float64).fill_null(strategy="mean").to_numpy()
    words = values.cast(polars.String)
    chosen = classes[-1] if len(classes) == 2 else words.mode().sort()[0]
    return (words == chosen).cast(polars.Float64).fill_null(0.0).to_numpy()


def _changed(changes: Changes, least: float, inspection: Inspection) -> list[int]:
    """The places of what changed, furthest first."""
    most = MOST_CHANCE / (1 + len(inspection.dataset.targets))
    places = np.flatnonzero((changes.chances <= most) & (changes.distances >= least))
    return sorted(places.tolist(), key=lambda place: -float(changes.distances[place]))


def _relation_finding(
    timed: Timed, target: Column, columns: list[Column], changes: Changes, places: list[int]
) -> Finding:
    names = tuple(columns[place].name for place in places)
    return Finding(
        code=CODE,
        title="What follows changes over time",
        severity="warning",
        columns=(target.name, *names),
        message=f"of the same {quoted(names)} another `{target.name}` follows in the last quarter",
        evidence=(
            *(
                f"within the bins of `{columns[place].name}` the mean of `{target.name}` moved by "
                f"{float(changes.distances[place]):.2g} standard deviations; chance "
                f"{changes.chances[place]:.3f}"
                for place in places
            ),
            f"{timed.blocks} blocks of time, the last {timed.blocks // 4} against as many drawn at random",
        ),
        advice=f"Old rows teach what no longer holds. Judge models on the future (--time {timed.by.name}), "
        "try with recent rows only, and plan to train anew; or find the column that changed meanwhile and "
        "is not here.",
    )
