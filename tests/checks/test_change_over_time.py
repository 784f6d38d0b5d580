from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.checks.change_over_time import look
from modelwright.checks.inspection import NotApplicable


def days(seed: int, *, moves: float = 0.0, turns: bool = False, rows: int = 1_200) -> dict[str, list[Any]]:
    """Rows of three years: a size that may move late, and a value that may follow it otherwise."""
    random = np.random.default_rng(seed)
    when = np.datetime64("2021-01-01") + np.arange(rows).astype("timedelta64[D]")
    late = np.arange(rows) >= 0.75 * rows
    size = random.normal(size=rows) + moves * late
    slope = np.where(late & turns, -1.0, 1.0)
    return {
        "day": when.astype(str).tolist(),
        "size": size.tolist(),
        "other": random.normal(size=rows).tolist(),
        "y": (slope * size + random.normal(size=rows)).tolist(),
    }


def test_an_input_that_moves_is_told_from_a_rule_that_turns(inspect_table: Any, findings: Any) -> None:
    (moved,) = findings(look(inspect_table(days(0, moves=1.2), "y", time="day")))
    assert moved.title == "Columns change over time"
    assert "size" in moved.columns
    (turned,) = findings(look(inspect_table(days(0, turns=True), "y", time="day")))
    assert turned.title == "What follows changes over time"
    assert turned.columns == ("y", "size")


def test_where_nothing_changes_little_is_said(inspect_table: Any) -> None:
    alarms = [look(inspect_table(days(seed), "y", time="day")) != () for seed in range(40)]
    assert np.mean(alarms) <= 0.1


def test_without_a_time_nothing_is_early_or_late(inspect_file: Any) -> None:
    assert isinstance(look(inspect_file("boston_housing/boston_housing.csv.gz", "MEDV")), NotApplicable)
