"""Where on earth are the rows?"""

from __future__ import annotations

import re

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection
from modelwright.records import Desk, Places

MOST_POINTS = 2_000
"""More dots hide one another."""

MOST_PAIRS = 3
"""A ride has a start and an end; more maps nobody looks at."""

_LATITUDE = re.compile(r"(?<![a-z])lat(itude)?(?![a-z])")
_LONGITUDE = re.compile(r"(?<![a-z])(lon|lng|long|longitude)(?![a-z])")


def places_of(desk: Desk, inspection: Inspection) -> tuple[Places, ...]:
    """Pairs of columns that are latitudes and longitudes by name and by value, with rows as points."""
    numbers = [column.name for column in inspection.features if column.dtype == "number"]
    found: list[Places] = []
    for latitude, longitude in _pairs(numbers)[:MOST_PAIRS]:
        points = _points(inspection, latitude, longitude)
        if points is not None:
            blob = desk.keep(points, "array")
            found.append(Places(latitude=latitude, longitude=longitude, points=blob))
    return tuple(found)


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    """Names that differ only in saying latitude or longitude: ``start_lat`` and ``start_lon``."""
    longitudes = {
        _LONGITUDE.sub("@", _apart(name)): name for name in names if _LONGITUDE.search(_apart(name))
    }
    latitudes = [(name, _LATITUDE.sub("@", _apart(name))) for name in names if _LATITUDE.search(_apart(name))]
    return [(name, longitudes[rest]) for name, rest in latitudes if rest in longitudes]


def _apart(name: str) -> str:
    """``startLat`` as ``start lat``: lower case, words apart."""
    return re.sub(r"[_\W]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)).lower()


def _points(inspection: Inspection, latitude: str, longitude: str) -> NDArray[np.float64] | None:
    """(points, 3), or None where the values are no degrees, or all at one place."""
    shown = inspection.table.with_columns(rank=_ranks(inspection)).select(longitude, latitude, "rank")
    points = shown.drop_nulls().to_numpy().astype(np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    on_earth = (np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90)
    if not len(points) or not on_earth.all() or len(np.unique(points[:, :2], axis=0)) < 2:
        return None
    if len(points) > MOST_POINTS:
        kept = np.random.default_rng(inspection.seed).choice(len(points), MOST_POINTS, replace=False)
        points = points[np.sort(kept)]
    return points


def _ranks(inspection: Inspection) -> polars.Series:
    """The target of each row: a class's position, or a value's rank from 0 to 1."""
    target = inspection.table[inspection.task.targets[0]]
    if inspection.dataset.classes:
        places = {name: float(place) for place, name in enumerate(inspection.dataset.classes)}
        return target.cast(polars.String).replace_strict(places, default=None, return_dtype=polars.Float64)
    return target.rank("average") / max(1, target.len())
