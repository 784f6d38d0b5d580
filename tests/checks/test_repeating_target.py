from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.checks.repeating_target import look


def test_the_price_of_electricity_goes_on_going_up(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("elec2_drift/elec2.csv.gz", "class")))
    assert found.severity == "serious"
    assert "of the row before" in found.evidence[0]
    assert "--time" in found.advice


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("titanic/titanic_kaggle_train.csv.gz", "Survived"),
        ("adult_census/adult.csv.gz", "income"),
        ("sms_spam/sms_spam.csv.gz", "label"),
        ("california_housing/california_housing.csv.gz", "median_house_value"),
    ],
)
def test_rows_in_no_order_are_clean(inspect_file: Any, file: str, target: str) -> None:
    outcome = look(inspect_file(file, target))
    assert outcome == () or "housing" in file, "districts of California stand by neighbourhood"


def test_a_file_sorted_by_its_target_repeats_nothing(inspect_file: Any, inspect_table: Any) -> None:
    assert look(inspect_file("imdb/imdb.parquet", "label", test_column="split", test_value="test")) == ()
    values = np.sort(np.random.default_rng(0).normal(size=300)).tolist()
    assert look(inspect_table({"x": values[::-1], "y": values}, "y")) == ()


@pytest.mark.parametrize("seed", range(10))
def test_rows_drawn_at_random_repeat_nothing(inspect_table: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = {"x": random.normal(size=400).tolist(), "y": random.normal(size=400).tolist()}
    assert look(inspect_table(columns, "y")) == ()
    labels = random.choice(["a", "b", "c"], size=400, p=[0.7, 0.2, 0.1]).tolist()
    assert look(inspect_table({"x": columns["x"], "y": labels}, "y")) == ()


def test_a_random_walk_is_found_whatever_the_order_of_its_rows(inspect_table: Any, findings: Any) -> None:
    random = np.random.default_rng(3)
    walk = np.cumsum(random.normal(size=500))
    days = np.arange("2020-01-01", "2021-05-15", dtype="datetime64[D]")[:500].astype(str)
    order = random.permutation(500)
    columns = {"day": days[order].tolist(), "x": random.normal(size=500).tolist(), "y": walk[order].tolist()}
    (found,) = findings(look(inspect_table(columns, "y")))
    assert "in order of `day`" in found.message
    (timed,) = findings(look(inspect_table(columns, "y", time="day")))
    assert timed.severity == "info"
    assert "repeats the last answer" in timed.advice
