from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.checks.mixed_units import look

CLEAN = [
    ("boston_housing/boston_housing.csv.gz", "MEDV"),
    ("california_housing/california_housing.csv.gz", "median_house_value"),
    ("adult_census/adult.csv.gz", "income"),
    ("titanic/titanic_kaggle_train.csv.gz", "Survived"),
    ("bike_sharing_hourly/hour.csv.gz", "cnt"),
    ("creditcard_fraud_casecontrol/creditcard_casecontrol.parquet", "Class"),
    ("mammography_imbalanced/mammography.csv.gz", "target"),
]


@pytest.mark.parametrize("factor", [0.001, 100, 1_000, 1e6])
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_part_in_another_unit_is_found(
    inspect_table: Any, findings: Any, factor: float, share: float
) -> None:
    random = np.random.default_rng(0)
    lengths = random.lognormal(3, 0.3, 600)
    mistaken = random.random(600) < share
    columns = {
        "length": np.where(mistaken, lengths * factor, lengths).tolist(),
        "y": random.normal(size=600).tolist(),
    }
    (found,) = findings(look(inspect_table(columns, "y")))
    assert found.columns == ("length",)
    assert f"{max(factor, 1 / factor):,.0f} times" in found.evidence[0]
    assert f"{int(mistaken.sum())} of 600" in found.evidence[0]


@pytest.mark.parametrize(("file", "target"), CLEAN)
def test_real_columns_of_one_unit_are_clean(inspect_file: Any, file: str, target: str) -> None:
    assert look(inspect_file(file, target)) == ()


@pytest.mark.parametrize("seed", range(10))
def test_columns_of_any_one_shape_are_clean(inspect_table: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = {
        "normal": random.normal(size=500).tolist(),
        "money": random.lognormal(2, 2, 500).tolist(),
        "counts": random.poisson(3, 500).tolist(),
        "tail": (1 / random.random(500)).tolist(),
        "y": random.normal(size=500).tolist(),
    }
    assert look(inspect_table(columns, "y")) == ()
