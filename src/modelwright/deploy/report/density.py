"""How close do the answers come? Predicted against actual, and how far off they are."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.axes import limits, nice_ticks, scale, tick_words
from modelwright.deploy.report.chart import SMALL_WIDTH, Axis, frame
from modelwright.deploy.report.figures import number
from modelwright.deploy.report.lettering import text_width
from modelwright.deploy.report.svg import box, dot, line, picture

Values = NDArray[np.float64]
_MOST_DOTS = 400  # beyond, dots hide one another and squares of density say more
_SQUARES = 44
_WILD = 0.002  # share of the lowest and highest predictions drawn at the edge
_HEIGHT = 316.0
_BARS = 31  # odd, so that one bar is centred on zero
_EXTREMES = 0.005  # share of residuals gathered in the outermost bars on each side


def predicted_against_actual(actual: Values, predicted: Values) -> Markup:
    """Each row at (actual, predicted); right answers lie on the diagonal. Many rows become squares."""
    low, high = limits(np.concatenate([actual, np.quantile(predicted, [_WILD, 1 - _WILD])]))
    axes = Axis(title="actual", low=low, high=high), Axis(title="predicted", low=low, high=high)
    widest = max(text_width(name, 11) for name in tick_words(nice_ticks(low, high)))
    x = scale(low, high, 10 + widest, SMALL_WIDTH - max(10, widest / 2))
    y = scale(low, high, _HEIGHT - 38, 24)
    parts = [*frame(x, y, *axes), line(x.start, y.start, x.end, y.end, "hairline")]
    if len(actual) <= _MOST_DOTS:
        pairs = zip(actual.tolist(), predicted.tolist(), strict=True)
        parts += [dot(x(a), y(p), 2.2, "dot cloud") for a, p in pairs]
    else:
        parts += _squares(actual, predicted, (low, high), (x.start, x.end), (y.start, y.end))
    described = f"{len(actual):,} rows; the closer to the diagonal, the better the answer."
    return picture(SMALL_WIDTH, _HEIGHT, "Predicted against actual", described, parts)


def _squares(
    actual: Values,
    predicted: Values,
    ends: tuple[float, float],
    xs: tuple[float, float],
    ys: tuple[float, float],
) -> list[Markup]:
    counts, _, _ = np.histogram2d(actual, np.clip(predicted, *ends), bins=_SQUARES, range=[ends, ends])
    # Square roots: a lone row stays visible beside a square of thousands.
    shades = np.sqrt(counts / counts.max())
    step_x, step_y = (xs[1] - xs[0]) / _SQUARES, (ys[0] - ys[1]) / _SQUARES
    parts: list[Markup] = []
    for column, row in np.argwhere(counts > 0).tolist():
        shade = f"{0.14 + 0.86 * shades[column, row]:.2f}"
        x, y = xs[0] + column * step_x, ys[0] - (row + 1) * step_y
        parts.append(box(x, y, step_x, step_y, "cloud", fill_opacity=shade))
    return parts


def residuals(actual: Values, predicted: Values) -> Markup:
    """How many answers are off by how much (predicted minus actual)."""
    off = predicted - actual
    reach = float(np.quantile(np.abs(off), 1 - 2 * _EXTREMES)) or float(np.abs(off).max()) or 1.0
    edges = np.linspace(-reach, reach, _BARS + 1)
    counts, _ = np.histogram(np.clip(off, -reach, reach), bins=edges)
    x_axis = Axis(title="too low  ←  predicted − actual  →  too high", low=-reach, high=reach)
    y_axis = Axis(title="rows", low=0, high=float(counts.max()) * 1.04)
    left = 10 + max(text_width(name, 11) for name in tick_words(nice_ticks(0, y_axis.high)))
    x, y = scale(-reach, reach, left, SMALL_WIDTH - 10), scale(0, y_axis.high, _HEIGHT - 38, 24)
    parts = [*frame(x, y, x_axis, y_axis)]
    for index, count in enumerate(counts.tolist()):
        start, end = x(float(edges[index])), x(float(edges[index + 1]))
        parts.append(box(start + 0.5, y(count), end - start - 1, y.start - y(count), "bar"))
    parts.append(line(x(0), y.start, x(0), y.end, "hairline"))
    described = f"Half of the answers are off by less than {number(float(np.median(np.abs(off))))}."
    return picture(SMALL_WIDTH, _HEIGHT, "How far off the answers are", described, parts)
