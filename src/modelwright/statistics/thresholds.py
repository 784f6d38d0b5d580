"""From which probability on should a row be answered positive? Every cut point is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.errors import UndefinedMeasure, UsageError

NEVER = float(np.nextafter(1.0, 2.0))
"""The threshold that no probability reaches: every row is answered negative."""
SAME = 1e-12
"""Costs closer than this, relatively, are the same: sums of products round differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cuts:
    """Every way of parting the rows: `thresholds` ascending, errors made at each; all (cuts,)."""

    thresholds: NDArray[np.float64]
    false_positives: NDArray[np.int64]
    false_negatives: NDArray[np.int64]
    positives: int

    def f1(self) -> NDArray[np.float64]:
        """F1 of the positive class at each cut."""
        hits = self.positives - self.false_negatives
        return 2.0 * hits / (2 * hits + self.false_positives + self.false_negatives)


def choose_threshold(
    targets: NDArray[Any],
    probability: NDArray[np.float64],
    *,
    cost_false_positive: float = 1.0,
    cost_false_negative: float = 1.0,
    objective: Literal["cost", "f1"] = "cost",
) -> tuple[float, str]:
    """The threshold of least cost (or best F1) over these rows.

    A cut lies midway between two neighbouring probabilities. Of cuts equally good, the nearest to
    the one that calibrated probabilities ask for (cost of a false positive over both costs) is taken.

    Args:
        targets: 1 for a positive row, 0 for a negative, (rows,).
        probability: of the positive class, (rows,).

    Returns:
        The threshold (a row is positive from it on; just above 1 means never), and why.

    Raises:
        UsageError: a cost is negative, or both are 0.
        UndefinedMeasure: no rows, a probability that is none, or F1 without a positive row.
    """
    _require_costs(cost_false_positive, cost_false_negative)
    _require_rows(targets, probability, objective)
    cuts = _all_cuts(targets, probability)
    if objective == "f1":
        losses, aim = -cuts.f1(), 0.5
    else:
        losses = cost_false_positive * cuts.false_positives + cost_false_negative * cuts.false_negatives
        aim = cost_false_positive / (cost_false_positive + cost_false_negative)
    least = float(losses.min())
    best = np.flatnonzero(losses <= least + SAME * max(1.0, abs(least)))
    chosen = int(best[np.argmin(np.abs(cuts.thresholds[best] - aim))])
    threshold = float(cuts.thresholds[chosen])
    half = int((np.unique(probability) < 0.5).sum())
    if objective == "f1":
        gain = f"F1 is {-losses[chosen]:.3f} there, against {-losses[half]:.3f} at one half"
    else:
        gain = (
            f"a false positive costs {cost_false_positive:g}, a false negative {cost_false_negative:g}: "
            f"{losses[chosen]:,.6g} in all there, against {losses[half]:,.6g} at one half"
        )
    return threshold, f"{_said(cuts, chosen)} among {len(targets):,} rows; {gain}"


def _all_cuts(targets: NDArray[Any], probability: NDArray[np.float64]) -> _Cuts:
    """Cut `i` answers positive from the i-th distinct probability on; the last answers never."""
    values, group = np.unique(probability, return_inverse=True)
    positives = np.bincount(group, targets, len(values)).astype(np.int64)
    negatives = np.bincount(group, minlength=len(values)) - positives
    missed = np.concatenate(([0], np.cumsum(positives)))
    spared = np.concatenate(([0], np.cumsum(negatives)))
    # a midpoint of neighbouring floats may round down to the lower one: then the upper one cuts
    middles = values[:-1] + (values[1:] - values[:-1]) / 2
    middles = np.where(middles > values[:-1], middles, values[1:])
    never = (values[-1] + 1.0) / 2 if (values[-1] + 1.0) / 2 > values[-1] else NEVER
    return _Cuts(
        thresholds=np.concatenate(([0.0], middles, [never])),
        false_positives=spared[-1] - spared,
        false_negatives=missed,
        positives=int(missed[-1]),
    )


def _said(cuts: _Cuts, chosen: int) -> str:
    false_positives = int(cuts.false_positives[chosen])
    false_negatives = int(cuts.false_negatives[chosen])
    where = f"positive from {cuts.thresholds[chosen]:.4g} on"
    if chosen == 0:
        where = "always positive"
    if chosen == len(cuts.thresholds) - 1:
        where = "never positive"
    return f"{where}: {false_positives:,} false positives and {false_negatives:,} false negatives"


def _require_costs(false_positive: float, false_negative: float) -> None:
    costs = (false_positive, false_negative)
    if min(costs) < 0 or max(costs) <= 0 or not np.isfinite(costs).all():
        raise UsageError(
            where="costs of errors",
            expected="two costs of 0 or more, not both 0",
            received=f"false positive {false_positive:g}, false negative {false_negative:g}",
            do_this="State under [costs] in task.toml what each error costs.",
        )


def _require_rows(targets: NDArray[Any], probability: NDArray[np.float64], objective: str) -> None:
    problem = ""
    if len(targets) == 0:
        problem = "no rows"
    elif not ((probability >= 0) & (probability <= 1)).all():
        problem = "numbers that are not probabilities"
    elif objective == "f1" and not (targets == 1).any():
        problem = "no positive row"
    if problem:
        raise UndefinedMeasure(
            where="choice of the threshold",
            expected="rows with probabilities, some of them positive",
            received=problem,
            do_this="Bring more rows of the positive class, or keep the threshold at one half.",
        )
