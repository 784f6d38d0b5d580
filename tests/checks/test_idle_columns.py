from dataclasses import replace
from typing import Any

from modelwright.checks.idle_columns import look


def test_the_passenger_number_of_titanic_is_an_id(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("titanic/titanic_kaggle_train.csv.gz", "Survived")))
    assert found.columns == ("PassengerId",)
    assert found.severity == "info"
    assert "--ignore PassengerId" in found.advice


def test_boston_and_california_have_none(inspect_file: Any) -> None:
    assert look(inspect_file("boston_housing/boston_housing.csv.gz", "MEDV")) == ()
    assert look(inspect_file("california_housing/california_housing.csv.gz", "median_house_value")) == ()


def test_a_counter_read_as_a_number_is_a_warning(inspect_file: Any, findings: Any) -> None:
    inspection = inspect_file("bike_sharing_hourly/hour.csv.gz", "cnt")
    columns = tuple(
        replace(c, role="numeric", dtype="number") if c.name == "instant" else c
        for c in inspection.dataset.columns
    )
    table = inspection.table.with_columns(instant=inspection.table["instant"].cast(float))
    read = replace(inspection, dataset=replace(inspection.dataset, columns=columns), table=table)
    (found,) = findings(look(read))
    assert found.columns == ("instant",)
    assert found.severity == "warning"


def test_constant_and_nearly_constant_columns_are_told(inspect_table: Any, findings: Any) -> None:
    columns = {
        "empty": [None] * 2_000,
        "one": ["same"] * 2_000,
        "nearly": ["usual"] * 1_999 + ["odd"],
        "x": [float(i % 37) + 0.5 for i in range(2_000)],
        "y": ["a", "b"] * 1_000,
    }
    found = findings(look(inspect_table(columns, "y")))
    assert {one.title: one.columns for one in found} == {
        "Constant columns": ("empty", "one"),
        "Nearly constant columns": ("nearly",),
    }
    assert "missing in all 2,000 rows" in found[0].evidence[0]


def test_a_nearly_constant_column_is_found_wherever_its_other_values_stand(
    inspect_table: Any, findings: Any
) -> None:
    for others in (slice(0, 5), slice(-5, None), slice(0, 5_000, 1_000)):
        values = [0.0] * 5_000
        values[others] = [1.0, 2.0, 3.0, 4.0, 5.0]
        columns = {"a": values, "b": [float(place % 7) for place in range(5_000)], "y": ["u", "v"] * 2_500}
        (found,) = findings(look(inspect_table(columns, "y")))
        assert found.columns == ("a",)
