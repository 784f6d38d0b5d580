"""Places, timelines and rows worth reading, on real data and on data made to be told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.checks.inspection import Inspection
from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.places import MOST_POINTS, places_of
from modelwright.define.samples import samples_of
from modelwright.define.snapshot import snapshot
from modelwright.define.timelines import PERIODS, timelines_of
from modelwright.define.understand import open_dataset
from modelwright.records import Source


def opened(desk: Any, path: Path, target: str) -> Inspection:
    read = snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))
    task = frame(desk, read, predict=(target,))
    return open_dataset(desk, task, collect(desk, task, read))


def table(desk: Any, tmp_path: Path, columns: dict[str, Any], target: str) -> Inspection:
    path = tmp_path / "rows.csv"
    polars.DataFrame(columns).write_csv(path)
    return opened(desk, path, target)


def test_california_is_found_on_the_map(desk: Any, shared_data: Path) -> None:
    california = opened(
        desk, shared_data / "california_housing/california_housing.csv.gz", "median_house_value"
    )
    (found,) = places_of(desk, california)
    assert (found.latitude, found.longitude) == ("latitude", "longitude")
    points = desk.read(found.points)
    assert points.shape == (MOST_POINTS, 3)
    assert (points[:, 0] > -125).all()
    assert (points[:, 0] < -114).all()
    assert (points[:, 1] > 32).all()
    assert (points[:, 1] < 42.1).all()
    assert 0 <= points[:, 2].min() < 0.1 < 0.9 < points[:, 2].max() <= 1


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("lat", "lon"),
        ("start_lat", "start_lng"),
        ("PickupLatitude", "PickupLongitude"),
        ("geo.lat", "geo.long"),
    ],
)
def test_pairs_are_known_by_their_names(desk: Any, tmp_path: Path, latitude: str, longitude: str) -> None:
    random = np.random.default_rng(0)
    columns = {
        latitude: random.uniform(48, 52, 80),
        longitude: random.uniform(6, 14, 80),
        "y": ["a", "b"] * 40,
    }
    (found,) = places_of(desk, table(desk, tmp_path, columns, "y"))
    assert (found.latitude, found.longitude) == (latitude, longitude)


@pytest.mark.parametrize(
    "columns",
    [
        {"plate": [1.5, 2.5] * 40, "belong": [3.5, 4.5] * 40},
        {"lat": [48.1, 95.2] * 40, "lon": [8.1, 9.2] * 40},
        {"start_lat": [48.1, 49.2] * 40, "end_lon": [8.1, 9.2] * 40},
        {"lat": [48.1, 48.1] * 40, "lon": [8.1, 8.1] * 40},
    ],
    ids=["other words", "no degrees", "two different places", "one place"],
)
def test_what_is_no_place_is_on_no_map(desk: Any, tmp_path: Path, columns: dict[str, Any]) -> None:
    assert not places_of(desk, table(desk, tmp_path, {**columns, "y": ["a", "b"] * 40}, "y"))


def test_a_share_that_jumps_is_seen_to_jump(desk: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + np.arange(4_000) // 10
    yes = random.random(4_000) < np.where(np.arange(4_000) < 2_000, 0.1, 0.6)
    columns = {"day": days.astype(str), "size": random.normal(size=4_000), "y": np.where(yes, "yes", "no")}
    (found,) = timelines_of(table(desk, tmp_path, columns, "y"))
    assert found.of == "share of yes"
    assert len(found.rows) == len(found.values) == PERIODS
    before, after = (
        np.mean([one.value for one in part if one is not None])
        for part in (found.values[:18], found.values[22:])
    )
    assert before == pytest.approx(0.1, abs=0.03)
    assert after == pytest.approx(0.6, abs=0.05)
    held = [one.low <= 0.1 <= one.high for one in found.values[:18] if one is not None]
    assert np.mean(held) > 0.8


def test_bike_rides_are_followed_over_their_dates(desk: Any, shared_data: Path) -> None:
    (found,) = timelines_of(opened(desk, shared_data / "bike_sharing_hourly/hour.csv.gz", "cnt"))
    assert (found.column, found.of) == ("dteday", "mean cnt")
    values = [one.value for one in found.values if one is not None]
    assert max(values) > 2 * min(values)


def test_periods_with_hardly_a_row_have_no_value(desk: Any, tmp_path: Path) -> None:
    days = [*["2024-01-01"] * 60, *["2024-12-31"] * 60, "2024-06-15"]
    columns = {"day": days, "size": list(range(121)), "y": [float(i % 9) + i / 1_000 for i in range(121)]}
    (found,) = timelines_of(table(desk, tmp_path, columns, "y"))
    assert found.values[0] is not None
    assert found.values[PERIODS // 2] is None


def test_longest_and_shortest_messages_are_shown_with_their_labels(desk: Any, shared_data: Path) -> None:
    spam = opened(desk, shared_data / "sms_spam/sms_spam.csv.gz", "label")
    found = samples_of(spam)
    lengths = spam.table["text"].str.count_matches(r"\S+")
    longest = next(one for one in found if one.why.startswith("longest text"))
    assert longest.why == f"longest text: {lengths.max()} words"
    assert {"ham", "spam"} == {label.value for one in found for label in one.labels}
    assert len({one.line for one in found}) == len(found)
    assert all(one.cells[0].name == "text" for one in found)


def test_a_row_unlike_all_others_is_called_odd(desk: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    size, weight = random.normal(size=(2, 400))
    size[137], weight[137] = 40.0, -55.0
    columns = {"size": size, "weight": weight, "y": random.choice(["a", "b"], 400)}
    found = samples_of(table(desk, tmp_path, columns, "y"))
    odd = [one.line for one in found if one.why.startswith("odd")]
    assert 137 + 2 in odd


def test_a_text_of_other_words_is_called_odd(desk: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = np.array(["please", "call", "me", "about", "our", "next", "meeting", "today", "thanks"])
    texts = [" ".join(random.choice(words, 12)) for _ in range(300)]
    texts[41] = "zygote quasar xylem fjord onyx vortex sphinx jigsaw glyph crypt nymph waltz"
    found = samples_of(table(desk, tmp_path, {"note": texts, "y": ["a", "b"] * 150}, "y"))
    assert 41 + 2 in [one.line for one in found if one.why.startswith("odd")]


def test_a_long_cell_is_cut(desk: Any, tmp_path: Path) -> None:
    texts = [f"word{i % 50} and word{i % 7} then" for i in range(99)] + ["many words " * 400]
    found = samples_of(table(desk, tmp_path, {"note": texts, "y": ["a", "b"] * 50}, "y"))
    longest = next(one for one in found if one.why.startswith("longest"))
    assert len(longest.cells[0].value) == 600
    assert longest.cells[0].value.endswith("…")
