"""Do the answers have anything to do with the targets? Targets dealt anew, again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure
from modelwright.statistics.measures import Score
from modelwright.statistics.resampling import MUTUAL

Goal = Literal["maximise", "minimise"]

PERMUTATIONS = 199
"""Each chance is then a multiple of 1 in 200, and one of 0.03 is known to 0.012."""

ALPHA = 0.03
"""Chance below which answers are called related to the targets. A verdict that may be wrong once in twenty
times leaves so much room for what dealing cannot mimic: that splits share their training rows."""

MOST_ROWS = 20_000
"""Rows dealt, drawn at random in whole units: an AUC of 0.51 is then already found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Whether the best of some candidates answers better than by chance.

    Args:
        chance: how often targets dealt anew are answered as well by the best.
        observed: the best one's score. usual: what the best reaches by chance, on average.
        border: the score that has a chance of `ALPHA`.
        rows: that were read, int64 (rows read,).
    """

    chance: float
    observed: float
    usual: float
    border: float
    rows: NDArray[np.int64]


def association(
    score: Score,
    targets: NDArray[Any],
    candidates: Sequence[NDArray[Any]],
    *,
    goal: Goal,
    units: NDArray[Any],
    seed: int,
    in_order: bool = False,
    mutual: bool = False,
    permutations: int = PERMUTATIONS,
) -> Association:
    """Test that no candidate's answers have to do with the targets.

    The candidates were trained on other rows than they answered, so targets may be dealt anew without
    training again; the best of them is compared with the best on each deal, which makes up for choosing
    among them.

    Args:
        candidates: outputs on rows not trained on, (rows, outputs) or (rows, repeats, outputs).
        units: rows with one number keep their targets together.
        in_order: rows stand in order of time: targets are shifted along it, not dealt, so that neighbours
            stay alike.
        mutual: rows answer each other, as in K-fold: the model that answers one row was trained on the rows
            that are answered with its help. Where two are alike and share a target by luck, both are
            answered rightly by that one chance, which deals of finished answers do not show; dealt scores
            are then spread by `MUTUAL`.

    Raises:
        UndefinedMeasure: the score has no value here.

    Source:
        Ojala and Garriga 2010, "Permutation tests for studying classifier performance"; Westfall and Young
        1993 (the largest of several statistics).
    """
    sign = 1.0 if goal == "maximise" else -1.0
    rows = _rows_read(units, seed)
    dealt = dealing(units[rows], seed, in_order=in_order)
    outputs = [each[rows] for each in candidates]

    def best(drawn: NDArray[Any]) -> float:
        return max(sign * score(drawn, each) for each in outputs)

    observed = best(targets[rows])
    null = _by_chance(lambda: best(targets[rows][dealt()]), permutations)
    if mutual:
        null = null.mean() + MUTUAL * (null - null.mean())
    return Association(
        chance=(1 + int((null >= observed).sum())) / (1 + len(null)),
        observed=sign * observed,
        usual=sign * float(null.mean()),
        border=sign * float(np.quantile(null, 1 - ALPHA, method="higher")),
        rows=rows,
    )


def _by_chance(once: Callable[[], float], permutations: int) -> NDArray[np.float64]:
    """The scores of so many deals, those left out that have no value."""
    found: list[float] = []
    for _ in range(permutations):
        with suppress(UndefinedMeasure):
            found.append(once())
    if len(found) < permutations // 2:
        raise UndefinedMeasure(
            where="permutation test",
            expected="rows of which most deals have a value",
            received=f"{len(found)} of {permutations} deals have one",
            do_this="Bring more rows of what is rare.",
        )
    return np.array(found)


def _rows_read(units: NDArray[Any], seed: int) -> NDArray[np.int64]:
    """All rows, or those of as many whole units, drawn at random, as `MOST_ROWS` hold."""
    if len(units) <= MOST_ROWS:
        return np.arange(len(units))
    numbers = np.unique(units)
    share = MOST_ROWS / len(units)
    kept = np.random.default_rng(seed).choice(numbers, max(2, int(share * len(numbers))), replace=False)
    return np.flatnonzero(np.isin(units, kept))


def dealing(units: NDArray[Any], seed: int, *, in_order: bool) -> Callable[[], NDArray[np.int64]]:
    """Gives row positions dealt anew at each call: by units, or, of rows in order of time, shifted."""
    return _shifting(len(units), seed) if in_order else _changing_places(units, seed)


def _changing_places(units: NDArray[Any], seed: int) -> Callable[[], NDArray[np.int64]]:
    """Row positions dealt anew: whole units change places, their rows one after the other."""
    generator = np.random.default_rng([seed, 1])
    by_unit = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[by_unit], prepend=units[by_unit][0] - 1))
    blocks = np.split(by_unit, starts[1:])
    alone = len(blocks) == len(units)

    def deal() -> NDArray[np.int64]:
        if alone:
            return generator.permutation(len(units))
        order = generator.permutation(len(blocks))
        dealt = np.empty(len(units), dtype=np.int64)
        dealt[by_unit] = np.concatenate([blocks[place] for place in order])
        return dealt

    return deal


def _shifting(rows: int, seed: int) -> Callable[[], NDArray[np.int64]]:
    """Row positions moved along by a random distance, what falls off the end coming first."""
    generator = np.random.default_rng([seed, 2])
    least = max(1, rows // 20)

    def shift() -> NDArray[np.int64]:
        return np.roll(np.arange(rows), int(generator.integers(least, max(least + 1, rows - least))))

    return shift
