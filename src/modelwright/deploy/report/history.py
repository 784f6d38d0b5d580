"""How did the search go? Each candidate in the order tried, and the best so far."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from modelwright.deploy.report.axes import Scale, limits, scale
from modelwright.deploy.report.chart import Axis, frame
from modelwright.deploy.report.figures import value_of
from modelwright.deploy.report.forest import NARROW, WIDE
from modelwright.deploy.report.lettering import text_width
from modelwright.deploy.report.svg import dot, element, path, picture, words
from modelwright.records import Family, Run

FAMILY_NAMES: dict[Family, str] = {
    "prior": "common sense",
    "existing": "today's solution",
    "linear": "linear",
    "trees": "trees",
    "network": "neural network",
    "yours": "your model",
}
# The worst tenth may be hopeless (a diverged network); drawing them to scale would hide the search.
_HOPELESS_SHARE = 0.10
_MOST_DOTS = 600


def history(
    runs: Sequence[Run], measure: str, chosen: int, *, maximise: bool, narrow: bool = False
) -> Markup:
    """Each run's score in the order tried, coloured by family, with the best so far as a line."""
    width = NARROW if narrow else WIDE
    shown = list(enumerate(runs))[: _MOST_DOTS - 1]
    if chosen >= len(shown):
        shown.append((chosen, runs[chosen]))
    low, high = _ends(runs, maximise=maximise)
    y_axis = Axis(title=measure, low=low, high=high)
    x_axis = Axis(
        title="candidate, in the order tried", low=1, high=max(2, len(runs)), ticks=5 if narrow else 10
    )
    legend, below = _legend([run for _, run in shown], width)
    x, y = scale(x_axis.low, x_axis.high, 56, width - 10), scale(low, high, below + 190, below + 26)
    parts = [*legend]
    parts += [_moved(part, below) for part in frame(x, _lifted(y, below), x_axis, y_axis)]
    parts.append(_best_so_far(runs, x, y, maximise=maximise))
    for index, run in shown:
        if math.isfinite(run.score.value):
            says = f"{run.recipe.name}: {value_of(run.score)}"
            mark = "dot chosen-ring" if index == chosen else "dot"
            at = x(index + 1), y(run.score.value)
            parts.append(dot(*at, 5 if index == chosen else 3.2, f"{mark} {run.recipe.family}", says))
    title = "The search: each candidate's score"
    described = f"{len(runs)} candidates; the chosen one is {runs[chosen].recipe.name}."
    return picture(width, below + 230, title, described, parts)


def _ends(runs: Sequence[Run], *, maximise: bool) -> tuple[float, float]:
    values = np.array([run.score.value for run in runs], dtype=np.float64)
    finite = values[np.isfinite(values)]
    if len(finite) < 8:
        return limits(finite, room=0.08)
    worst = float(np.quantile(finite, _HOPELESS_SHARE if maximise else 1 - _HOPELESS_SHARE))
    kept = finite[finite >= worst] if maximise else finite[finite <= worst]
    return limits(kept, room=0.08)


def _best_so_far(runs: Sequence[Run], x: Scale, y: Scale, *, maximise: bool) -> Markup:
    values = np.array([run.score.value for run in runs], dtype=np.float64)
    filled = np.where(np.isfinite(values), values, -np.inf if maximise else np.inf)
    best = np.maximum.accumulate(filled) if maximise else np.minimum.accumulate(filled)
    points: list[tuple[float, float]] = []
    for index in range(len(best)):
        if not math.isfinite(best[index]) or (points and best[index] == best[index - 1]):
            continue
        if points:
            points.append((x(index + 1), points[-1][1]))
        points.append((x(index + 1), y(float(best[index]))))
    if points:
        points.append((x.end, points[-1][1]))
    return path(points, "line best") if len(points) > 1 else Markup("")


def _legend(runs: Sequence[Run], width: float) -> tuple[list[Markup], float]:
    families: list[Family] = list(dict.fromkeys(run.recipe.family for run in runs))
    parts: list[Markup] = []
    at, line_at = 4.0, 10.0
    for family in families:
        name = FAMILY_NAMES[family]
        needed = text_width(name, 11) + 30
        if at > 4 and at + needed > width:
            at, line_at = 4.0, line_at + 18
        parts += [dot(at + 4, line_at - 4, 4, f"dot {family}"), words(at + 13, line_at, name, kind="tick")]
        at += needed
    return parts, line_at + 10


def _lifted(y: Scale, below: float) -> Scale:
    return Scale(y.low, y.high, y.start - below, y.end - below)


def _moved(part: Markup, below: float) -> Markup:
    return element("g", part, transform=f"translate(0 {below:.0f})")
