"""Which run did best, and is the difference real? Dots with their intervals, one row a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelwright.deploy.report.axes import Scale, scale
from modelwright.deploy.report.chart import Axis, x_ticks
from modelwright.deploy.report.figures import interval_of, value_of
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.deploy.report.svg import box, element, line, path, picture, words
from modelwright.records import Estimate

WIDE, NARROW = 680.0, 328.0
_ROW, _TALL_ROW = 28.0, 46.0
_MOST_LABEL = 230.0
_BOLD = 1.12  # bold letters are this much wider
# The axis shows the better half of the runs and this many times their span; what lies beyond is an arrow
# at the edge, so that one hopeless run does not press all others into one point.
_SPANS_SHOWN = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run: its name, its score and how it is drawn (``baseline``, ``model``, ``chosen``, ``sealed``)."""

    label: str
    score: Estimate
    kind: str = "model"


def forest(
    rows: Sequence[Row], measure: str, *, maximise: bool, narrow: bool = False, whole: bool = False
) -> Markup:
    """Dots with intervals, with a dotted line at the best baseline.

    Args:
        rows: top to bottom.
        measure: the axis's title.
        maximise: whether more is better.
        narrow: for a phone: names above the lines.
        whole: show every row to scale, however far away.
    """
    width, tall = (NARROW, _TALL_ROW) if narrow else (WIDE, _ROW)
    values = [f"{value_of(row.score)}   {interval_of(row.score)}" for row in rows]
    labels = min(_MOST_LABEL, max(_BOLD * text_width(row.label) for row in rows) + 14)
    numbers = max(map(text_width, values)) + 16
    low, high = _ends(rows, maximise=maximise, whole=whole)
    x = scale(low, high, 12, width - 12) if narrow else scale(low, high, labels, width - numbers)
    bottom = 8 + tall * len(rows)
    better = f"{measure} · better {'→' if maximise else '←'}"
    parts = _reference(rows, x, maximise=maximise, narrow=narrow)
    parts += x_ticks(x, bottom, Axis(title=better, low=x.low, high=x.high, ticks=4 if narrow else 6))
    for index, (row, value) in enumerate(zip(rows, values, strict=True)):
        top = 8 + tall * index
        parts += _names(row, value, width, top + (14 if narrow else tall / 2 + 4), labels, narrow=narrow)
        parts += _interval(row, x, top + (30 if narrow else tall / 2))
    described = "; ".join(f"{row.label}: {value}" for row, value in zip(rows, values, strict=True))
    return picture(width, bottom + 38, f"{measure} of each run, with intervals", described, parts)


def _names(row: Row, value: str, width: float, at: float, labels: float, *, narrow: bool) -> list[Markup]:
    room = (width - text_width(value) - 12 if narrow else labels - 12) / _BOLD
    kind = "label strong" if row.kind in ("chosen", "sealed") else "label"
    return [
        words(0, at, fitted(row.label, room), kind=kind),
        words(width, at, value, kind="value", anchor="end"),
    ]


def _interval(row: Row, x: Scale, at: float) -> list[Markup]:
    score = row.score
    if not math.isfinite(score.value):
        return []
    parts: list[Markup] = []
    low, high = (end if math.isfinite(end) else score.value for end in (score.low, score.high))
    if high >= x.low and low <= x.high:
        parts.append(line(x(low), at, x(high), at, f"whisker {row.kind}"))
        parts += [line(x(e), at - 4, x(e), at + 4, f"whisker {row.kind}") for e in (low, high) if x.holds(e)]
    if x.holds(score.value):
        shape = "rect" if row.kind == "sealed" else "circle"
        parts.append(_point(shape, x(score.value), at, row.kind))
    else:
        parts.append(_arrow(x, at, row.kind, leftwards=score.value < x.low))
    return parts


def _point(shape: str, x: float, y: float, kind: str) -> Markup:
    if shape == "circle":
        return element("circle", kind=f"dot {kind}", cx=x, cy=y, r=4.5)
    return box(x - 4.5, y - 4.5, 9, 9, f"dot {kind}", transform=f"rotate(45 {x:.1f} {y:.1f})")


def _arrow(x: Scale, at: float, kind: str, *, leftwards: bool) -> Markup:
    edge, way = (x.start, 1) if leftwards else (x.end, -1)
    tip = edge + way * 1
    return path([(tip + way * 8, at - 5), (tip, at), (tip + way * 8, at + 5)], f"arrow {kind}", closed=True)


def _reference(rows: Sequence[Row], x: Scale, *, maximise: bool, narrow: bool) -> list[Markup]:
    """A dotted line at the best baseline; on a phone it leaves out the names."""
    values = [r.score.value for r in rows if r.kind == "baseline" and math.isfinite(r.score.value)]
    best = (max(values) if maximise else min(values)) if values else math.nan
    if not x.holds(best):
        return []
    if not narrow:
        return [line(x(best), 4, x(best), 8 + _ROW * len(rows), "hairline")]
    tops = [8 + _TALL_ROW * index for index in range(len(rows))]
    return [line(x(best), top + 20, x(best), top + 40, "hairline") for top in tops]


def _ends(rows: Sequence[Row], *, maximise: bool, whole: bool) -> tuple[float, float]:
    """The axis: the better half of the rows, and of the others what lies not too far away."""
    finite = [r for r in rows if all(map(math.isfinite, (r.score.value, r.score.low, r.score.high)))]
    if not finite:
        return 0.0, 1.0
    ranked = sorted(finite, key=lambda row: row.score.value, reverse=maximise)
    low, high = _union(ranked[: (len(ranked) + 1) // 2])
    span = (high - low) or abs(high) * 0.05 or 1.0
    reach = math.inf if whole else _SPANS_SHOWN * span
    near = [r for r in finite if r.score.value >= low - reach and r.score.value <= high + reach]
    low, high = _union(near)
    room = 0.03 * ((high - low) or span)
    return low - room, high + room


def _union(rows: Sequence[Row]) -> tuple[float, float]:
    return min(row.score.low for row in rows), max(row.score.high for row in rows)
