from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.checks.outliers import look


@pytest.mark.parametrize("wrong", [1, 4])
@pytest.mark.parametrize("value", [1e6, -5_000.0])
def test_a_slip_of_the_keyboard_is_found(inspect_table: Any, findings: Any, wrong: int, value: float) -> None:
    random = np.random.default_rng(0)
    ages = random.normal(40, 12, 500)
    ages[:wrong] = value + np.arange(wrong)
    columns = {"age": ages.tolist(), "y": random.choice(["a", "b"], 500).tolist()}
    (found,) = findings(look(inspect_table(columns, "y")))
    assert found.columns == ("age",)
    assert found.lines == tuple(range(2, 2 + wrong))


@pytest.mark.parametrize("seed", range(10))
def test_values_that_reach_far_by_nature_are_left_alone(inspect_table: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = {
        "normal": random.normal(size=800).tolist(),
        "money": random.lognormal(2, 1.5, 800).tolist(),
        "counts": random.poisson(2, 800).tolist(),
        "y": random.choice(["a", "b"], 800).tolist(),
    }
    assert look(inspect_table(columns, "y")) == ()


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("boston_housing/boston_housing.csv.gz", "MEDV"),
        ("california_housing/california_housing.csv.gz", "median_house_value"),
        ("titanic/titanic_kaggle_train.csv.gz", "Survived"),
        ("bike_sharing_hourly/hour.csv.gz", "cnt"),
        ("creditcard_fraud_casecontrol/creditcard_casecontrol.parquet", "Class"),
    ],
)
def test_real_tables_without_slips_are_clean(inspect_file: Any, file: str, target: str) -> None:
    assert look(inspect_file(file, target)) == ()
