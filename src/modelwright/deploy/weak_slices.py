"""Where is the model weaker than elsewhere? Slices found on some rows, and confirmed on others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import polars
from numpy.typing import NDArray
from scipy.special import ndtri

from modelwright.deploy.conditions import NONE, Coded, coded_columns
from modelwright.deploy.deciding import EVEN
from modelwright.engine.columns import targets_of
from modelwright.records import Bench, Condition, Desk, Estimate, Study, Weaknesses, WeakSlice, step
from modelwright.statistics.discoveries import benjamini_hochberg, higher_inside, mean_of
from modelwright.statistics.shares import independent_rows, share

RATE = 0.05
"""Of slices reported, at most so many are expected to be there by chance alone."""

FEWEST_ROWS = 30
"""Of fewer rows a mean loss is hardly known, and a manager need not care."""

LEAST_WORSE = 1.25
"""A slice whose loss is not a quarter higher than elsewhere is no news."""

STANDS_OUT = 2.0
"""Standard errors that a slice must be above the others to be worth confirming."""

CANDIDATES = 10
"""Slices held against fresh rows: each further one makes all of them harder to confirm."""

MOST_SEARCHED_ROWS = 200_000
"""More rows suggest the same slices."""

MOST_PAIRED = 24
"""Columns looked at in pairs: those in which single conditions stand out most."""

MOST_COMPARED = 500
"""Of those that stand out, the strongest are looked at for rows they share."""

WORST = 3
"""Rows of each slice kept as examples."""

Rows = NDArray[np.int64]
Losses = NDArray[np.float64]
Loss = Literal["wrong", "cost", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Rows with what the model's answers to them lost.

    Args:
        rows: positions in the data set. losses, units: of each.
        said: which rows they are, in words.
    """

    rows: Rows
    losses: Losses
    units: Rows
    said: str

    def part(self, places: Rows, said: str) -> Judged:
        """Some of them."""
        return Judged(rows=self.rows[places], losses=self.losses[places], units=self.units[places], said=said)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A slice that stands out: (column, code) pairs, and by how many standard errors."""

    parts: tuple[tuple[int, int], ...]
    by: float

    def holds(self, columns: list[Coded], rows: Rows) -> NDArray[np.bool_]:
        """Which of the rows have it."""
        return np.all([columns[column].codes[rows] == code for column, code in self.parts], axis=0)

    def conditions(self, columns: list[Coded]) -> tuple[Condition, ...]:
        """What its rows have in common."""
        return tuple(columns[column].conditions[code] for column, code in self.parts)


@step(version=1)
def find_weak_slices(desk: Desk, bench: Bench, tuned: Study, confirmed: Study | None = None) -> Weaknesses:
    """Look through values, ranges and pairs of them for rows that the model answers worse than others.

    Slices are searched on validation rows and confirmed on the sealed ones, with the model that ships, where
    these were opened; else on the two halves of the validation rows. What is confirmed is held to a false
    discovery rate, and intervals are as wide as slices that were picked need them.

    Source:
        Benjamini and Hochberg 1995; Benjamini and Yekutieli 2005 for the intervals of what was selected;
        Chung et al. 2019, "Slice finder", for the search.
    """
    table: polars.DataFrame = desk.read(bench.dataset.table)
    searched, fresh = _rows_to_judge(desk, bench, table, tuned, confirmed)
    columns = coded_columns(table, bench.dataset, searched.rows)
    return weak_among(columns, searched, fresh, _loss(bench), bench.protocol.seed)


def weak_among(columns: list[Coded], searched: Judged, fresh: Judged, loss: Loss, seed: int) -> Weaknesses:
    """The same, of rows whose losses are known."""
    suspects, looked_at = _suspects(columns, _drawn(searched, seed))
    return Weaknesses(
        loss=loss,
        searched=looked_at,
        candidates=len(suspects),
        searched_on=searched.said,
        confirmed_on=fresh.said,
        rows=len(fresh.rows),
        rate=RATE,
        found=_confirmed(columns, suspects, fresh, loss, seed),
    )


def _loss(bench: Bench) -> Loss:
    """What is compared: costs where the task states them for yes and no, else wrong answers; or distances."""
    if not bench.dataset.classes:
        return "off"
    return "cost" if bench.task.kind == "binary" and bench.task.costs.stated else "wrong"


def _rows_to_judge(
    desk: Desk, bench: Bench, table: polars.DataFrame, tuned: Study, confirmed: Study | None
) -> tuple[Judged, Judged]:
    """The rows to search, and others to confirm on; sealed rows only where they were opened."""
    truth, final = targets_of(table, bench.dataset, bench.task), confirmed.final if confirmed else None
    units = np.asarray(desk.read(bench.protocol.units), dtype=np.int64)
    threshold = EVEN if final is None or final.threshold is None else final.threshold
    predictions: NDArray[np.float64] = desk.read(tuned.best.predictions)
    rows = np.flatnonzero(np.isfinite(predictions).all(axis=2).sum(axis=1))
    outputs = np.nanmean(predictions[rows], axis=1)
    losses = _losses(bench, truth, truth[rows], outputs, threshold)
    validated = Judged(rows=rows, losses=losses, units=units[rows], said="validation rows")
    if final is None:
        return _halves(validated, bench.protocol.seed)
    sealed: Rows = desk.read(bench.protocol.test)
    outputs = np.asarray(desk.read(final.predictions), dtype=np.float64).reshape(len(sealed), -1)
    losses = _losses(bench, truth, truth[sealed], outputs, threshold)
    return validated, Judged(
        rows=sealed, losses=losses, units=units[sealed], said="the sealed rows, once they were opened"
    )


def _losses(
    bench: Bench, every: NDArray[Any], truth: NDArray[Any], outputs: NDArray[np.float64], threshold: float
) -> Losses:
    if not bench.dataset.classes:
        spread = every.std(axis=0)
        # Several targets are compared in their own spreads; a single one in its own unit.
        unit = np.where(spread > 0, spread, 1.0) if every.shape[1] > 1 else 1.0
        return np.mean(np.abs(outputs - truth) / unit, axis=1)
    if bench.task.kind != "binary":
        return (outputs.argmax(axis=1) != truth).astype(np.float64)
    says_yes, costs = outputs[:, -1] >= threshold, bench.task.costs
    alarm, miss = (costs.false_positive, costs.false_negative) if costs.stated else (1.0, 1.0)
    return np.where(says_yes & (truth == 0), alarm, np.where(~says_yes & (truth == 1), miss, 0.0))


def _halves(judged: Judged, seed: int) -> tuple[Judged, Judged]:
    """Whole units dealt to two halves."""
    found, place = np.unique(judged.units, return_inverse=True)
    first = np.random.default_rng(seed).permutation(len(found))[place] < len(found) / 2
    halves = (np.flatnonzero(first), np.flatnonzero(~first))
    one, other = (judged.part(rows, f"{said} half of the validation rows") for rows, said in _named(halves))
    return one, other


def _named(halves: tuple[Rows, Rows]) -> Iterator[tuple[Rows, str]]:
    return zip(halves, ("one", "the other"), strict=True)


def _drawn(judged: Judged, seed: int) -> Judged:
    if len(judged.rows) <= MOST_SEARCHED_ROWS:
        return judged
    drawn = np.random.default_rng(seed).choice(len(judged.rows), MOST_SEARCHED_ROWS, replace=False)
    return judged.part(np.sort(drawn), judged.said)


def _suspects(columns: list[Coded], judged: Judged) -> tuple[list[_Suspect], int]:
    """The slices that stand out most and have few rows in common, and how many were looked at."""
    singles = [_stand_out(columns, judged, (at,)) for at in range(len(columns))]
    found = [suspect for suspects, _ in singles for suspect in suspects]
    looked_at = sum(count for _, count in singles)
    strongest = sorted(range(len(columns)), key=lambda at: -_most(singles[at][0]))[:MOST_PAIRED]
    for pair in combinations(sorted(strongest), 2):
        suspects, count = _stand_out(columns, judged, pair)
        found += suspects
        looked_at += count
    return _apart(columns, judged, found), looked_at


def _most(suspects: list[_Suspect]) -> float:
    return max((suspect.by for suspect in suspects), default=0.0)


def _stand_out(columns: list[Coded], judged: Judged, chosen: tuple[int, ...]) -> tuple[list[_Suspect], int]:
    """Combinations of these columns' conditions that are worse than the rest, and than each alone."""
    sizes = [len(columns[at].conditions) for at in chosen]
    codes = [columns[at].codes[judged.rows] for at in chosen]
    complete = np.all([one != NONE for one in codes], axis=0)
    cells = np.ravel_multi_index([one[complete] for one in codes], sizes)
    every = int(np.prod(sizes))
    rows = np.bincount(cells, minlength=every)
    sums, squares = (
        np.bincount(cells, judged.losses[complete] ** power, every).astype(np.float64) for power in (1, 2)
    )
    by = _standard_errors(rows, sums, squares, judged)
    alone = _worst_alone(rows.reshape(sizes), sums.reshape(sizes)) if len(chosen) > 1 else np.zeros(every)
    large = (rows >= FEWEST_ROWS) & (rows <= len(judged.rows) / 2)
    means = sums / np.maximum(rows, 1)
    kept = np.flatnonzero(large & (by >= STANDS_OUT) & (means >= LEAST_WORSE * alone))
    places = [np.unravel_index(cell, sizes) for cell in kept.tolist()]
    suspects = [
        _Suspect(tuple(zip(chosen, map(int, place), strict=True)), float(by[cell]))
        for cell, place in zip(kept.tolist(), places, strict=True)
    ]
    return suspects, int(large.sum())


def _standard_errors(rows: Rows, sums: Losses, squares: Losses, judged: Judged) -> Losses:
    """By how many standard errors each cell's mean is above the mean of all other rows; 0 where not worse."""
    total, whole, whole_squares = len(judged.rows), judged.losses.sum(), np.square(judged.losses).sum()
    inside, outside = np.maximum(rows, 1), np.maximum(total - rows, 1)
    mean, rest = sums / inside, (whole - sums) / outside
    spread = (squares / inside - mean**2) / inside + ((whole_squares - squares) / outside - rest**2) / outside
    by = (mean - rest) / np.sqrt(np.maximum(spread, 1e-300))
    return np.where((mean >= LEAST_WORSE * rest) & (mean > rest) & (spread > 0), by, 0.0)


def _worst_alone(rows: NDArray[np.int64], sums: Losses) -> Losses:
    """The larger of the mean losses that a pair's two conditions have alone, flat."""
    means = [sums.sum(axis=axis) / np.maximum(rows.sum(axis=axis), 1) for axis in (1, 0)]
    return np.maximum(means[0][:, None], means[1][None, :]).ravel()


def _apart(columns: list[Coded], judged: Judged, found: list[_Suspect]) -> list[_Suspect]:
    """The strongest, without those that share most of their rows with a stronger one."""
    kept: list[tuple[_Suspect, NDArray[np.bool_]]] = []
    strongest = sorted(found, key=lambda one: (-one.by, len(one.parts), one.parts))
    for suspect in strongest[:MOST_COMPARED]:
        if len(kept) == CANDIDATES:
            break
        holds = suspect.holds(columns, judged.rows)
        shared = [(holds & other).sum() / min(holds.sum(), other.sum()) for _, other in kept]
        if all(part <= 0.5 for part in shared):
            kept.append((suspect, holds))
    return [suspect for suspect, _ in kept]


def _confirmed(
    columns: list[Coded], suspects: list[_Suspect], fresh: Judged, loss: Loss, seed: int
) -> tuple[WeakSlice, ...]:
    """Those that rows which did not suggest them show, too."""
    masks = [suspect.holds(columns, fresh.rows) for suspect in suspects]
    tried = [at for at, inside in enumerate(masks) if FEWEST_ROWS <= inside.sum() < len(inside)]
    p_values = np.array([higher_inside(fresh.losses, masks[at], fresh.units, seed=seed) for at in tried])
    kept = benjamini_hochberg(p_values, RATE)
    # What was picked among several needs wider intervals: of all that are told, 95% are to hold the truth.
    level = 1 - RATE * max(1, int(kept.sum())) / max(1, len(tried))
    told = [
        _slice(suspects[at].conditions(columns), masks[at], fresh, loss, level, float(p_value))
        for at, p_value, stays in zip(tried, p_values, kept, strict=True)
        if stays
    ]
    return tuple(sorted(filter(_clearly, told), key=lambda one: one.outside.value - one.inside.value))


def _clearly(one: WeakSlice) -> bool:
    """Whether it is worse by enough to be news, and by more than its interval is wide."""
    inside, outside = one.inside, one.outside
    return inside.value >= LEAST_WORSE * outside.value and inside.low > outside.value


def _slice(
    conditions: tuple[Condition, ...],
    inside: NDArray[np.bool_],
    fresh: Judged,
    loss: Loss,
    level: float,
    p_value: float,
) -> WeakSlice:
    places = np.flatnonzero(inside)
    worst = places[np.argsort(-fresh.losses[places], kind="stable")[:WORST]]
    return WeakSlice(
        conditions=conditions,
        rows=len(places),
        share=len(places) / len(inside),
        inside=_mean(fresh, places, loss, level),
        outside=_mean(fresh, np.flatnonzero(~inside), loss, level),
        p_value=p_value,
        worst=tuple(fresh.rows[worst].tolist()),
    )


def _mean(fresh: Judged, places: Rows, loss: Loss, level: float) -> Estimate:
    losses, units = fresh.losses[places], fresh.units[places]
    if loss != "wrong":
        return mean_of(losses, units, level=level)
    z = float(ndtri((1 + level) / 2))
    return share(float(losses.sum()), len(losses), worth=independent_rows(units), z=z)
