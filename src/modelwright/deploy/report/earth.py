"""Where are the rows? Dots over a coastline.

The coastline is Natural Earth's land at 1:50 million, version 4.1, in the public domain: each ring as its
first point, then the steps to the next ones, longitude and latitude in hundredths of a degree.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from importlib import resources

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.blocks import Figure
from modelwright.deploy.report.svg import Points, box, element, path, picture
from modelwright.deploy.report.wording import short
from modelwright.records import Places

_COASTLINE = "coastline.json"
_WIDTH, _HEIGHT = 640.0, 400.0
_ROOM = 0.08  # of the points' reach, left free around them
_LEAST_DEGREES = 0.2  # a map of a street would show no coast
_LEAST_STEP = 0.8  # pixels between two points of a coast
_LEVELS = 5
_DOT = 4.5
_AROUND = 360.0

Ring = NDArray[np.float64]


def map_figure(
    places: Places, points: NDArray[np.float64], *, classes: tuple[str, ...], target: str
) -> Figure:
    """The rows as dots.

    Shapes:
        points: (points, 3), longitude, latitude and target.
    """
    view = _View.around(points)
    parts: list[Markup] = [box(0, 0, view.width, view.height, "sea")]
    coasts = (view.coast(ring) for ring in coastline())
    parts += [path(coast, "land", closed=True) for coast in coasts if len(coast) > 2]
    levels, said = _levels(points[:, 2], classes, target)
    for level in np.unique(levels):
        at = [view.pixel(x, y) for x, y in points[levels == level, :2].tolist()]
        # Lines of no length with round ends: a dot costs 12 bytes instead of 60.
        moves = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in at)
        parts.append(element("path", kind=f"spots level-{level}", d=moves, stroke_width=f"{_DOT}"))
    described = (
        f"{len(points):,} rows between {_degrees(points[:, 1])} north and {_degrees(points[:, 0])} east."
    )
    drawn_map = picture(view.width, view.height, "Where the rows are", described, parts)
    title = f"{short(places.latitude)} and {short(places.longitude)} on the map"
    return Figure(title=title, caption=f"{len(points):,} rows. {said}", picture=drawn_map, size="wide")


def _levels(
    targets: NDArray[np.float64], classes: tuple[str, ...], target: str
) -> tuple[NDArray[np.int64], str]:
    """How dark each dot is, 0 to 4, and what that means."""
    if len(classes) == 2:
        return (targets * (_LEVELS - 1)).astype(
            np.int64
        ), f"Dark: {short(classes[1])}; light: {short(classes[0])}."
    if classes:
        return np.full(len(targets), 3), ""
    levels = np.minimum((targets * _LEVELS).astype(np.int64), _LEVELS - 1)
    return levels, f"The darker, the higher {short(target)} (fifths of the rows)."


def _degrees(values: NDArray[np.float64]) -> str:
    return f"{values.min():.1f}° and {values.max():.1f}°"


@cache
def coastline() -> tuple[Ring, ...]:
    """Rings of longitude and latitude in degrees, each (points, 2)."""
    text = resources.files("modelwright.deploy.report").joinpath(_COASTLINE).read_text(encoding="ascii")
    rings = (
        np.array(ring, dtype=np.float64).reshape(-1, 2).cumsum(axis=0) / 100 for ring in json.loads(text)
    )
    return tuple(part for ring in rings for part in _cut_at_date_line(ring))


def _cut_at_date_line(ring: Ring) -> Iterator[Ring]:
    """A ring that crosses the date line as one on either side of it; one around the pole goes through it."""
    going_on = ring.copy()
    going_on[:, 0] = np.unwrap(ring[:, 0], period=_AROUND)
    if going_on[:, 0].min() >= -_AROUND / 2 and going_on[:, 0].max() <= _AROUND / 2:
        yield ring
        return
    if abs(going_on[-1, 0] - going_on[0, 0]) > _AROUND / 2:
        pole = math.copysign(90.0, float(ring[:, 1].mean()))
        going_on = np.vstack([going_on, [going_on[-1, 0], pole], [going_on[0, 0], pole]])
    for turn in (-_AROUND, 0.0, _AROUND):
        inside = [(float(x) + turn, float(y)) for x, y in going_on]
        inside = _cut(_cut(inside, 0, -_AROUND / 2, 1), 0, _AROUND / 2, -1)
        if len(inside) > 2:
            yield np.array(inside)


class _View:
    """A window on the earth; a degree of longitude is as wide as at the window's middle."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        self.west, self.south, self.east, self.north = west, south, east, north
        squeezed = max(0.1, math.cos(math.radians((south + north) / 2)))
        self._scale = min(_WIDTH / ((east - west) * squeezed), _HEIGHT / (north - south))
        self._squeezed = squeezed
        self.width = (east - west) * squeezed * self._scale
        self.height = (north - south) * self._scale

    @classmethod
    def around(cls, points: NDArray[np.float64]) -> _View:
        """All points, and some room."""
        middle = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
        reach = np.maximum(np.ptp(points[:, :2], axis=0), _LEAST_DEGREES) * (0.5 + _ROOM)
        west, south = np.maximum(middle - reach, (-180, -90))
        east, north = np.minimum(middle + reach, (180, 90))
        return cls(float(west), float(south), float(east), float(north))

    def pixel(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a place is on the picture."""
        return (longitude - self.west) * self._squeezed * self._scale, (self.north - latitude) * self._scale

    def coast(self, ring: Ring) -> Points:
        """The part of a ring inside the window, in pixels, without points too near to be told apart."""
        west, south = ring.min(axis=0)
        east, north = ring.max(axis=0)
        if west > self.east or east < self.west or south > self.north or north < self.south:
            return []
        inside = [(float(x), float(y)) for x, y in ring]
        for axis, bound, sign in (
            (0, self.west, 1),
            (0, self.east, -1),
            (1, self.south, 1),
            (1, self.north, -1),
        ):
            inside = _cut(inside, axis, bound, sign)
        kept: list[tuple[float, float]] = []
        for place in (self.pixel(x, y) for x, y in inside):
            if not kept or math.dist(place, kept[-1]) >= _LEAST_STEP:
                kept.append(place)
        return kept


def _cut(ring: list[tuple[float, float]], axis: int, bound: float, sign: int) -> list[tuple[float, float]]:
    """The part of a ring on one side of a line (Sutherland and Hodgman 1974)."""
    cut: list[tuple[float, float]] = []
    for before, after in zip([*ring[-1:], *ring[:-1]], ring, strict=True):
        was, is_ = sign * (before[axis] - bound) >= 0, sign * (after[axis] - bound) >= 0
        if was != is_:
            share = (bound - before[axis]) / (after[axis] - before[axis])
            cut.append(
                (before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1]))
            )
        if is_:
            cut.append(after)
    return cut
