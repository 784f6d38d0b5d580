"""How well is a score known, and is one model really better than another?

Bootstrapped in whole units (a row, its duplicates, its group), which makes no claim about a score's
distribution but is too narrow near 0 and 1: of 60 rows answered with 97 % accuracy, the percentile
interval held the truth 83 times in 100. So the bootstrap gives the variance only, and the shape comes
from the score's scale:

- a share between 0 and 1: Wilson's interval at the number of rows whose share varies as much;
- an error above 0 (and 1 - R²): a t interval of its logarithm;
- a user's own measure: the bootstrap's percentiles, widened for few units;
- a difference: a t interval of the difference itself.

Simulated coverage of the 95 % interval stands in ``tests/statistics/test_intervals.py``.

Source: Wilson 1927; Korn and Graubard 1998 (effective sample size); Hesterberg 2015, "What teachers
should know about the bootstrap", section 5.3 (widening); Donner and Zou 2012 (two independent ones).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from modelwright.errors import UndefinedMeasure
from modelwright.records import Estimate
from modelwright.statistics.measures import Score
from modelwright.statistics.resampling import MUTUAL, Draws, draw, part_of, resamples_for
from modelwright.statistics.scoring import Scorer, Weights

Goal = Literal["maximise", "minimise"]
Metric = Callable[[NDArray[Any], NDArray[Any], Weights], float]
LEVEL = 0.95


def bootstrap(
    score: Score | Metric,
    targets: NDArray[Any],
    outputs: NDArray[Any],
    *,
    units: NDArray[Any],
    seed: int,
    resamples: int | None = None,
    level: float = LEVEL,
) -> Estimate:
    """A score and the interval it is known to.

    Args:
        score: a measure of (targets, outputs, weights), as `measure_function` makes.
        units: rows with one number are drawn together, (rows,).
        resamples: fewer where rows are many, unless given.

    Raises:
        UndefinedMeasure: the score has no value here, or the rows are all of one unit.
    """
    value = _scorer(score, targets, outputs)()
    draws = _draws(score, targets, (outputs,), units, seed, resamples)
    low, high, shape = _shaped(_scale(score), value, draws, _freedom(score, targets, units), level)
    return Estimate(value=value, low=low, high=high, level=level, method=f"{shape}, {draws.said()}")


def paired_bootstrap(
    score: Score | Metric,
    targets: NDArray[Any],
    challenger: NDArray[Any],
    champion: NDArray[Any],
    *,
    goal: Goal,
    units: NDArray[Any],
    seed: int,
    mutual: bool = False,
    resamples: int | None = None,
    level: float = LEVEL,
) -> Estimate:
    """How much better the challenger scores on the very same rows; positive is better.

    "Better" may be said when `low` is above 0: false for 1 of 40 pairs of equal models at level 0.95.

    Args:
        challenger, champion: outputs, (rows, outputs).
        mutual: rows answer each other, as in K-fold; the interval is then wider by `MUTUAL`.

    Raises:
        UndefinedMeasure: the score has no value here, or the rows are all of one unit.
    """
    sign = 1.0 if goal == "maximise" else -1.0
    value = sign * (_scorer(score, targets, challenger)() - _scorer(score, targets, champion)())
    draws = _draws(score, targets, (challenger, champion), units, seed, resamples)
    spread = float(np.std(draws.values[:, 0] - draws.values[:, 1], ddof=1)) * _widening(draws.units)
    reach = _t_quantile(level, _freedom(score, targets, units)) * spread * (MUTUAL if mutual else 1.0)
    wider = f", {MUTUAL:.2f} times as wide as folds answer each other" if mutual else ""
    method = f"paired bootstrap, t interval, {draws.said()}{wider}"
    return Estimate(value=value, low=value - reach, high=value + reach, level=level, method=method)


def resampled(
    scorer: Scorer, units: int, *, value: float, factor: float = 1.0, seed: int, level: float = LEVEL
) -> Estimate:
    """The interval of a coefficient at most 1 (agreement, R²), each unit of the scorer drawn by itself.

    Args:
        value: the coefficient over all units; `factor`: see `part_of`, where the scorer has a part of them.

    Raises:
        UndefinedMeasure: hardly any resample has a value, or there is one unit only.
    """
    draws = draw((scorer,), np.arange(units), seed=seed, resamples=resamples_for(units)).shrunk(factor)
    low, high, shape = _shaped("explained", value, draws, units, level)
    return Estimate(value=value, low=low, high=high, level=level, method=f"{shape}, {draws.said()}")


def unpaired_difference(later: Estimate, earlier: Estimate, *, goal: Goal) -> Estimate:
    """How much better `later` is than an independent `earlier` estimate; positive is better.

    "Significantly worse" may be said when `high` is below 0. Both estimates must be of one level.

    Source: Donner and Zou 2012, "Closed-form confidence intervals for functions of the normal mean
    and standard deviation" (MOVER): squares of the arms of the two intervals add.
    """
    sign = 1.0 if goal == "maximise" else -1.0
    value = later.value - earlier.value
    low = value - float(np.hypot(later.value - later.low, earlier.high - earlier.value))
    high = value + float(np.hypot(later.high - later.value, earlier.value - earlier.low))
    low, high = (low, high) if sign > 0 else (-high, -low)
    method = "difference of two independent estimates, arms of their intervals added in squares"
    return Estimate(value=sign * value, low=low, high=high, level=later.level, method=method)


def mean_estimate(values: Sequence[float] | NDArray[np.float64]) -> Estimate:
    """The mean of independent numbers, with a t interval.

    Raises:
        UndefinedMeasure: there are fewer than two.
    """
    count = len(values)
    if count < 2:
        raise _too_few_units(f"{count} of them")
    mean = float(np.mean(values))
    arm = _t_quantile(LEVEL, count) * float(np.std(values, ddof=1)) / math.sqrt(count)
    return Estimate(value=mean, low=mean - arm, high=mean + arm, level=LEVEL, method="t interval of the mean")


def wilson_of_counts(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval of a share of independent trials, which stays inside 0 and 1 and holds for rare events.

    Args:
        z: standard deviations either side; 1.96 covers 95%.

    Source: Wilson 1927.
    """
    return wilson(successes / trials, trials, z)


def wilson(share: float, trials: float, z: float = 1.959964) -> tuple[float, float]:
    """`wilson_of_counts` of a share that is known as well as from so many trials, not necessarily whole."""
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def _draws(
    score: Score | Metric,
    targets: NDArray[Any],
    outputs: tuple[NDArray[Any], ...],
    units: NDArray[Any],
    seed: int,
    resamples: int | None,
) -> Draws:
    """All outputs scored on the same resamples."""
    rows, factor = part_of(units, seed)
    if rows is not None:
        targets, units, outputs = targets[rows], units[rows], tuple(each[rows] for each in outputs)
    scorers = tuple(_scorer(score, targets, each) for each in outputs)
    chosen = resamples or resamples_for(len(outputs) * len(targets))
    return draw(scorers, units, seed=seed, resamples=chosen).shrunk(factor)


def _scorer(score: Score | Metric, targets: NDArray[Any], outputs: NDArray[Any]) -> Scorer:
    if isinstance(score, Score):
        return score.on(targets, outputs)
    return lambda weights=None: float(score(targets, outputs, weights))


def _scale(score: Score | Metric) -> str:
    return score.scale if isinstance(score, Score) else "any"


def _freedom(score: Score | Metric, targets: NDArray[Any], units: NDArray[Any]) -> int:
    """Units behind the score: for one that rests on the rarer of two classes, the units that hold it."""
    if isinstance(score, Score) and score.rests_on_rarer_class:
        present = [np.unique(units[targets == position]) for position in np.unique(targets)]
        return min(len(held) for held in present)
    return len(np.unique(units))


def _shaped(scale: str, value: float, draws: Draws, freedom: int, level: float) -> tuple[float, float, str]:
    """The interval's ends, and its shape in words."""
    values, widening = draws.values[:, 0], _widening(draws.units)
    quantile = _t_quantile(level, freedom)
    if scale == "share":
        variance = float(np.var(values, ddof=1)) * widening**2
        return *_wilson(value, variance, freedom, quantile), "Wilson interval, bootstrapped variance"
    if scale == "error":
        return *_of_logarithm(value, values, widening * quantile), "t interval of the logarithm, bootstrap"
    if scale == "explained":
        low, high = _of_logarithm(1.0 - value, 1.0 - values, widening * quantile)
        return 1.0 - high, 1.0 - low, "t interval of the logarithm of 1 - value, bootstrap"
    tail = float(ndtr(-widening * quantile))
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return min(float(low), value), max(float(high), value), "bootstrap percentiles, widened for few units"


def _wilson(value: float, variance: float, units: int, quantile: float) -> tuple[float, float]:
    """Wilson's interval at the effective number of rows; at that of `units` where nothing varies."""
    spread = value * (1.0 - value)
    rows = spread / variance if variance > 0 and spread > 0 else float(units)
    squared = quantile**2
    centre = (value + squared / (2 * rows)) / (1 + squared / rows)
    arm = quantile / (1 + squared / rows) * np.sqrt(spread / rows + squared / (4 * rows**2))
    return max(0.0, min(float(centre - arm), value)), min(1.0, max(float(centre + arm), value))


def _of_logarithm(value: float, values: NDArray[np.float64], arms: float) -> tuple[float, float]:
    positive = values[values > 0]
    if value <= 0 or len(positive) < 2:  # no error at all: nothing varies
        return value, value
    factor = float(np.exp(arms * np.std(np.log(positive), ddof=1)))
    return value / factor, value * factor


def _widening(units: int) -> float:
    """The bootstrap's variance has `units` below, the unbiased one has `units - 1`."""
    if units < 2:
        raise _too_few_units("rows that are all of one unit")
    return float(np.sqrt(units / (units - 1)))


def _too_few_units(received: str) -> UndefinedMeasure:
    return UndefinedMeasure(
        where="interval of a score",
        expected="rows of at least two units (duplicates and groups count as one)",
        received=received,
        do_this="Bring more rows or groups: from a single one nobody can tell how a score varies.",
    )


def _t_quantile(level: float, units: int) -> float:
    return float(stdtrit(max(units - 1, 1), (1.0 + level) / 2))
