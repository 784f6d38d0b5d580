"""What would another threshold have done?"""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.blocks import Figure
from modelwright.deploy.report.chart import Axis, Mark, Series, chart
from modelwright.deploy.report.figures import number
from modelwright.deploy.report.spread import sureness
from modelwright.deploy.report.wording import short
from modelwright.records import Costs

Truth = NDArray[np.int64]
Array = NDArray[np.float64]
_SQUARE_HEIGHT = 300.0


def rate_figures(
    truth: Truth, probability: Array, threshold: float, classes: tuple[str, ...]
) -> tuple[Figure, ...]:
    """ROC, precision against recall, and how sure it is. Both classes must be among the rows."""
    thresholds, hits, alarms = _sweep(truth, probability)
    positives, negatives = int(truth.sum()), int(len(truth) - truth.sum())
    recall, false_rate = hits / positives, alarms / negatives
    at = int(np.flatnonzero(thresholds >= threshold)[-1])
    mark = f"threshold {threshold:.3g}"
    return (
        Figure(
            title="ROC curve",
            caption="What share of the positives is found when this share of the negatives raises an alarm. "
            "A coin lies on the dotted line. "
            f"The dot is the {mark}.",
            picture=_roc(recall, false_rate, at, mark),
        ),
        Figure(
            title="Precision and recall",
            caption="How often an alarm is right when this share of the positives is found. Guessing lies on "
            f"the dotted line. The dot is the {mark}.",
            picture=_precision(recall, hits, alarms, at, mark, positives / len(truth)),
        ),
        Figure(
            title="How sure the model is",
            caption="Where the probabilities of each class lie. The fewer in the middle, the clearer the "
            "answers; the dotted line is the threshold.",
            picture=sureness(truth, probability, threshold, classes),
        ),
    )


def cost_curve(
    truth: Truth,
    probability: Array,
    threshold: float,
    classes: tuple[str, ...],
    *,
    costs: Costs,
    per: float,
    period: str,
) -> Markup:
    """What each threshold would have cost on these rows, beside the cheaper of two constant answers."""
    thresholds, hits, alarms = _sweep(truth, probability)
    each = per / len(truth)
    cost = each * (costs.false_positive * alarms + costs.false_negative * (truth.sum() - hits))
    grid = np.linspace(0, 1, 201)
    # The answers at a threshold are those of the smallest swept probability not below it.
    swept = cost[np.searchsorted(-thresholds, -grid, side="right") - 1]
    here = float(cost[np.searchsorted(-thresholds, -threshold, side="right") - 1])
    constant, answer = min((float(cost[0]), classes[0]), (float(cost[-1]), classes[1]))
    high = 1.15 * max(constant, here) or 1.0
    # Thresholds dearer than not deciding at all would only flatten the part that matters.
    curve = np.column_stack([grid, np.where(swept <= high, swept, np.nan)])
    level = np.array([[0.0, constant], [1.0, constant]])
    return chart(
        "Cost against threshold",
        f"At the threshold {threshold:.3g} the cost is {number(here)} {costs.unit} {period}.",
        [Series(points=level, kind="dotted", label=short(f"always {answer}", 14)), Series(points=curve)],
        Axis(title="threshold", low=0, high=1),
        Axis(title=f"cost in {short(costs.unit, 16)}, {period}", low=0, high=high),
        marks=[Mark(x=threshold, y=here, label=f"{number(here)} at {threshold:.3g}")],
        height=_SQUARE_HEIGHT - 40,
    )


def _sweep(truth: Truth, probability: Array) -> tuple[Array, Array, Array]:
    """Falling thresholds (the first above all), with hits and false alarms at each: float64 (thresholds,)."""
    order = np.argsort(-probability, kind="stable")
    ranked, right = probability[order], truth[order].astype(np.float64)
    last_of_ties = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(right)[last_of_ties]
    alarms = last_of_ties + 1 - hits
    return (
        np.concatenate([[np.inf], ranked[last_of_ties]]),
        np.concatenate([[0.0], hits]),
        np.concatenate([[0.0], alarms]),
    )


def _roc(recall: Array, false_rate: Array, at: int, mark: str) -> Markup:
    diagonal = Series(points=np.array([[0.0, 0.0], [1.0, 1.0]]), kind="dotted")
    return chart(
        "ROC curve",
        f"At the {mark}, {recall[at]:.1%} of the positives are found and {false_rate[at]:.1%} of the "
        "negatives raise an alarm.",
        [diagonal, Series(points=np.column_stack([false_rate, recall]))],
        Axis(title="negatives that raise an alarm", low=0, high=1),
        Axis(title="positives found", low=0, high=1.02),
        marks=[Mark(x=float(false_rate[at]), y=float(recall[at]))],
        height=_SQUARE_HEIGHT,
    )


def _precision(recall: Array, hits: Array, alarms: Array, at: int, mark: str, base: float) -> Markup:
    said = hits + alarms
    precision = np.divide(hits, said, out=np.ones_like(hits), where=said > 0)
    level = Series(points=np.array([[0.0, base], [1.0, base]]), kind="dotted")
    return chart(
        "Precision and recall",
        f"At the {mark}, {recall[at]:.1%} of the positives are found and {precision[at]:.1%} of the alarms "
        "are right.",
        [level, Series(points=np.column_stack([recall, precision])[1:])],
        Axis(title="positives found (recall)", low=0, high=1),
        Axis(title="alarms that are right (precision)", low=0, high=1.02),
        marks=[Mark(x=float(recall[at]), y=float(precision[at]))],
        height=_SQUARE_HEIGHT,
    )
