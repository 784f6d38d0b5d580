"""A small chart of lines and points against two numbered axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.axes import Scale, nice_ticks, scale, tick_words
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.deploy.report.svg import dot, element, line, path, picture, words

SMALL_WIDTH, SMALL_HEIGHT = 328.0, 232.0
_MOST_POINTS = 240  # more cannot be told apart at this width
_LINE_HEIGHT = 14.0
_SIZE = 11.0
_BOLD = 1.12  # bold letters are this much wider


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line.

    Args:
        points: float64 array (points, 2).
        kind: its CSS class; ``dots`` draws a mark at each point as well.
        label: written at its end.
        bars: float64 array (points, 2): low and high of each point, for whiskers.
    """

    points: NDArray[np.float64]
    kind: str = "accent"
    label: str = ""
    dots: bool = False
    bars: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What an axis shows, from where to where."""

    title: str
    low: float
    high: float
    ticks: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point worth seeing; with a label, a line through the whole height leads up to it."""

    x: float
    y: float
    label: str = ""


def chart(
    title: str,
    description: str,
    series: Sequence[Series],
    x_axis: Axis,
    y_axis: Axis,
    *,
    marks: Sequence[Mark] = (),
    width: float = SMALL_WIDTH,
    height: float = SMALL_HEIGHT,
) -> Markup:
    """Lines and points against two axes.

    Args:
        title, description: for those who cannot see the picture.
        series: the lines, the most important last (it is drawn on top).
        marks: named points.
        width, height: in pixels.
    """
    ends = max((_BOLD * text_width(s.label, _SIZE) + 8 for s in series if s.label), default=10.0)
    left = 10 + max(text_width(t, _SIZE) for t in tick_words(_ticks(y_axis)) or [""])
    x = scale(x_axis.low, x_axis.high, left, width - min(ends, 0.34 * width))
    named_above = any(mark.label for mark in marks)
    y = scale(y_axis.low, y_axis.high, height - 38, 38 if named_above else 24)
    parts = [*frame(x, y, x_axis, y_axis)]
    for one in series:
        parts += _drawn(one, x, y)
    parts += _end_labels(series, x, y, width)
    for mark in marks:
        parts += _marked(mark, x, y, width)
    return picture(width, height, title, description, parts)


def frame(x: Scale, y: Scale, x_axis: Axis, y_axis: Axis) -> list[Markup]:
    """Grid lines, tick names and axis titles."""
    parts: list[Markup] = [words(0, 11, fitted(y_axis.title, x.end, _SIZE), kind="axis")]
    ticks = _ticks(y_axis)
    for tick, name in zip(ticks, tick_words(ticks), strict=True):
        parts.append(line(x.start, y(tick), x.end, y(tick), "grid"))
        parts.append(words(x.start - 6, y(tick) + 4, name, kind="tick", anchor="end"))
    parts += x_ticks(x, y.start, x_axis)
    return parts


def x_ticks(x: Scale, bottom: float, axis: Axis) -> list[Markup]:
    """The horizontal axis below a plot: a line, ticks that do not touch, and the title."""
    parts = [line(x.start, bottom, x.end, bottom, "base")]
    ticks = _ticks(axis)
    for tick, name in list(zip(ticks, tick_words(ticks), strict=True))[:: _every(x, ticks)]:
        parts.append(line(x(tick), bottom, x(tick), bottom + 4, "base"))
        parts.append(words(x(tick), bottom + 16, name, kind="tick", anchor="middle"))
    title = fitted(axis.title, x.end - x.start + 40, _SIZE)
    parts.append(words((x.start + x.end) / 2, bottom + 32, title, kind="axis", anchor="middle"))
    return parts


def _every(x: Scale, ticks: list[float]) -> int:
    """Every how many ticks one is named, so that names do not touch."""
    if len(ticks) < 2:
        return 1
    widest = max(text_width(name, _SIZE) for name in tick_words(ticks)) + 6
    return max(1, math.ceil(widest / abs(x(ticks[1]) - x(ticks[0]))))


def thinned(points: NDArray[np.float64], most: int = _MOST_POINTS) -> NDArray[np.float64]:
    """At most `most` of the points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return points
    return points[np.unique(np.linspace(0, len(points) - 1, most).round().astype(np.int64))]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near the wanted ones, at least `gap` apart, inside [low, high] where they fit."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    free_from = low
    for index in order:
        placed[index] = max(wanted[index], free_from)
        free_from = placed[index] + gap
    free_to = high
    for index in reversed(order):
        placed[index] = min(placed[index], free_to)
        free_to = placed[index] - gap
    return placed


def _ticks(axis: Axis) -> list[float]:
    return nice_ticks(axis.low, axis.high, axis.ticks)


def _drawn(one: Series, x: Scale, y: Scale) -> list[Markup]:
    points = one.points[np.isfinite(one.points).all(axis=1)]
    if not one.dots:
        points = thinned(points)
    places = [(x(a), y(b)) for a, b in points.tolist()]
    parts = [path(places, f"line {one.kind}")] if len(places) > 1 else []
    if one.bars is not None:
        for (a, _), (low, high) in zip(one.points.tolist(), one.bars.tolist(), strict=True):
            parts.append(line(x(a), y(low), x(a), y(high), f"whisker {one.kind}"))
    if one.dots or len(places) == 1:
        parts += [dot(a, b, 3, f"dot {one.kind}") for a, b in places]
    return parts


def _end_labels(series: Sequence[Series], x: Scale, y: Scale, width: float) -> list[Markup]:
    labelled = [s for s in series if s.label and len(s.points)]
    wanted = [y(float(s.points[-1, 1])) for s in labelled]
    placed = spread(wanted, _LINE_HEIGHT, y.end, y.start)
    parts: list[Markup] = []
    for one, at in zip(labelled, placed, strict=True):
        start = x(float(one.points[-1, 0])) + 6
        parts.append(words(start, at + 4, fitted(one.label, width - start, _SIZE), kind=f"label {one.kind}"))
    return parts


def _marked(mark: Mark, x: Scale, y: Scale, width: float) -> list[Markup]:
    at, height = x(mark.x), y(mark.y)
    point = element("circle", kind="dot mark", cx=at, cy=height, r=4)
    if not mark.label:
        return [point]
    # Above the plot, where nothing else is written.
    half = _BOLD * text_width(mark.label, _SIZE) / 2
    middle = min(max(at, half), width - half)
    label = words(middle, y.end - 6, mark.label, kind="label halo", anchor="middle")
    return [line(at, y.end, at, y.start, "hairline"), point, label]
