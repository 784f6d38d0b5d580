"""Pictures of columns, time and places hold what the profile says, and nothing outside their frame."""

from __future__ import annotations

import re

import numpy as np
import pytest

from modelwright.deploy.report.earth import coastline, map_figure
from modelwright.deploy.report.looking import MOST_CARDS, cards, day_of, missing_table, timeline_figures
from modelwright.records import (
    Bars,
    Blob,
    ColumnProfile,
    Counted,
    Estimate,
    MissingTogether,
    Places,
    Profile,
    Timeline,
)

BLOB = Blob(digest="", kind="array", size_bytes=0)
SPREAD = Bars(edges=(0.0, 1.0, 2.0), rows=(3, 7))


def profile_of(*columns: ColumnProfile, **more) -> Profile:
    return Profile(rows=10, drawn=10, alone="ROC AUC", chance=0.5, columns=columns, **more)


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.05, high=value + 0.05, method="")


def test_the_target_comes_first_then_what_answers_most_alone() -> None:
    columns = [
        ColumnProfile(name="dull", role="numeric", missing=0, unique=2, alone=estimate(0.51)),
        ColumnProfile(name="telling", role="numeric", missing=0, unique=2, alone=estimate(0.9)),
        ColumnProfile(name="y", role="target", missing=0, unique=2),
        ColumnProfile(name="name", role="id", missing=0, unique=10),
    ]
    assert [one.name for one in cards(profile_of(*columns), sensitive=False)] == [
        "y",
        "telling",
        "dull",
        "name",
    ]


def test_values_of_sensitive_data_are_not_drawn() -> None:
    column = ColumnProfile(
        name="illness", role="categorical", missing=0, unique=2, top=(Counted(value="rare one", rows=6),)
    )
    shown, hidden = (cards(profile_of(column), sensitive=one)[0] for one in (False, True))
    assert shown.picture is not None
    assert "rare one" in shown.picture
    assert hidden.picture is None


def test_values_that_are_all_different_are_no_picture() -> None:
    top = tuple(Counted(value=f"name {index}", rows=1) for index in range(8))
    column = ColumnProfile(name="name", role="id", missing=0, unique=10, top=top)
    assert cards(profile_of(column), sensitive=False)[0].picture is None


def test_markup_in_the_data_stays_text() -> None:
    evil = "<script>alert(1)</script>"
    column = ColumnProfile(
        name=evil, role="categorical", missing=0, unique=2, top=(Counted(value=evil, rows=9),)
    )
    (card,) = cards(profile_of(column), sensitive=False)
    assert card.picture is not None
    assert "<script" not in card.picture


def test_no_more_cards_than_a_page_bears() -> None:
    many = [ColumnProfile(name=f"c{i}", role="numeric", missing=0, unique=2, bars=SPREAD) for i in range(90)]
    assert len(cards(profile_of(*many), sensitive=False)) == MOST_CARDS


def test_dates_are_told_as_dates() -> None:
    column = ColumnProfile(
        name="day", role="date", missing=0, unique=9, low=0.0, middle=86_400.0, high=1.7e9, bars=SPREAD
    )
    (card,) = cards(profile_of(column), sensitive=False)
    assert card.picture is not None
    assert "1970-01-01" in card.picture
    assert "2023-11-14" in card.picture
    assert day_of(1e18) == "1,000,000,000,000,000,000" or "10" in day_of(1e18)


def test_a_period_without_a_value_leaves_a_gap_in_the_line() -> None:
    values = (estimate(0.2), None, estimate(0.6))
    timeline = Timeline(
        column="day", edges=(0.0, 1e6, 2e6, 3e6), rows=(9, 1, 8), of="share of yes", values=values
    )
    rows, target = timeline_figures(profile_of(timelines=(timeline,)))
    assert rows.title == "Rows over day"
    assert target.picture.count("<circle") == 2


def test_what_is_missing_together_is_a_table() -> None:
    found = missing_table(profile_of(missing_together=(MissingTogether(columns=("a", "b"), rows=4),)))
    assert found is not None
    assert found.rows == (("a and b", "4", "40.0%"),)
    assert missing_table(profile_of()) is None


def test_the_coast_is_that_of_the_earth() -> None:
    rings = coastline()
    every = np.concatenate(rings)
    assert (np.abs(every[:, 0]) <= 180.01).all()
    assert (np.abs(every[:, 1]) <= 90.01).all()
    # Shoelace areas, weighed by the cosine of latitude: 29 % of the sphere is land.
    areas = []
    for ring in rings:
        x, y = ring[:, 0], np.sin(np.radians(ring[:, 1])) * 180 / np.pi
        areas.append(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    assert abs(sum(areas)) / (360 * 2 * 180 / np.pi) == pytest.approx(0.29, abs=0.02)


@pytest.mark.parametrize(
    "corners",
    [((-124.3, 32.5), (-114.3, 42.0)), ((-180, -90), (180, 90)), ((8.5, 47.3), (8.5001, 47.3001))],
    ids=["California", "the whole earth", "one street"],
)
def test_nothing_on_a_map_lies_outside_it(corners) -> None:
    points = np.column_stack([np.array(corners, dtype=float), [0.0, 1.0]])
    places = Places(latitude="lat", longitude="lon", points=BLOB)
    figure = map_figure(places, points, classes=("no", "yes"), target="y")
    width, height = (
        float(found) for found in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', figure.picture)[0]
    )
    coordinates = re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", figure.picture)
    xs, ys = (np.array([float(pair[axis]) for pair in coordinates]) for axis in (0, 1))
    assert xs.min() >= -0.1
    assert xs.max() <= width + 0.1
    assert ys.min() >= -0.1
    assert ys.max() <= height + 0.1
    assert len(figure.picture) < 250_000
