"""When it says 80%, is it right in 80%? What was said held against what happened, group by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from modelwright.records import Estimate
from modelwright.statistics.shares import independent_rows, share

EDGES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Groups begin here: tenths, and finer where what is rare is told from what is never."""

FEWEST = 10
"""A share of fewer rows says next to nothing."""

LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of which about the same was said.

    Args:
        said: the mean probability. happened: the share in which it was so, with its interval.
        off: whether the two differ by more than chance, all groups looked at together.
    """

    said: float
    happened: Estimate
    rows: int
    off: bool


def calibration(
    said: NDArray[np.float64], happened: NDArray[np.bool_], units: NDArray[np.int64]
) -> tuple[Group, ...]:
    """Groups by what was said, of at least `FEWEST` rows each.

    Args:
        said: probabilities, (rows,). happened: whether it was so, (rows,).
        units: rows of one number are worth one.
    """
    place = np.searchsorted(EDGES, said, side="right")
    groups = [np.flatnonzero(place == at) for at in np.unique(place)]
    kept = [rows for rows in groups if len(rows) >= FEWEST]
    return tuple(_group(said[rows], happened[rows], units[rows], among=len(kept)) for rows in kept)


def _group(
    said: NDArray[np.float64], happened: NDArray[np.bool_], units: NDArray[np.int64], *, among: int
) -> Group:
    worth, count, mean = independent_rows(units), float(happened.sum()), float(said.mean())
    return Group(
        said=mean,
        happened=share(count, len(said), worth=worth),
        rows=len(said),
        # So strict that of groups that are right one in twenty families of them is called wrong (Bonferroni).
        off=_differs(count * worth / len(said), worth, mean, (1 - LEVEL) / among),
    )


def _differs(count: float, rows: float, said: float, level: float) -> bool:
    """Whether a share would seldom be so far from what was said.

    Source:
        Clopper and Pearson 1934, which keeps its level in the tails, where Wilson's interval does not.
    """
    low = float(betaincinv(count, rows - count + 1, level / 2)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, rows - count, 1 - level / 2)) if count < rows else 1.0
    return not low <= said <= high
