from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.checks.inspection import NotApplicable
from modelwright.checks.target_leak import look


def test_the_two_counts_that_add_up_to_the_bicycles_are_found(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("bike_sharing_hourly/hour.csv.gz", "cnt")))
    assert found.severity == "serious"
    assert found.columns == ("casual", "registered")
    assert "cnt = casual + registered" in found.message
    assert "17,379 rows" in found.evidence[0]
    assert "--ignore casual --ignore registered" in found.advice


def test_one_of_the_two_counts_alone_is_found_with_its_interval(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("bike_sharing_hourly/hour.csv.gz", "cnt", ignore=("casual",))))
    assert found.columns == ("registered",)
    assert found.severity == "warning"
    assert "95% interval" in found.evidence[0]


def test_bike_sharing_without_the_two_counts_is_clean(inspect_file: Any) -> None:
    ignore = ("casual", "registered")
    assert look(inspect_file("bike_sharing_hourly/hour.csv.gz", "cnt", ignore=ignore)) == ()


def test_the_rating_of_imdb_gives_its_label_away(inspect_file: Any, findings: Any) -> None:
    inspection = inspect_file("imdb/imdb.parquet", "label", test_column="split", test_value="test")
    found, _ = findings(look(inspection))
    assert found.columns == ("rating",)
    assert found.severity == "serious"


def test_a_time_that_only_converted_clicks_have_is_found(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("talkingdata_clicks/talkingdata_100k.csv.gz", "is_attributed")))
    assert found.columns == ("attributed_time",)


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("boston_housing/boston_housing.csv.gz", "MEDV"),
        ("california_housing/california_housing.csv.gz", "median_house_value"),
        ("titanic/titanic_kaggle_train.csv.gz", "Survived"),
        ("creditcard_fraud_casecontrol/creditcard_casecontrol.parquet", "Class"),
        ("ett_electricity_transformer/ETTh1.csv.gz", "OT"),
    ],
)
def test_honest_columns_are_not_called_leaks(inspect_file: Any, file: str, target: str) -> None:
    assert look(inspect_file(file, target)) == ()


def test_a_label_inside_the_text_of_an_id_is_found(inspect_file: Any, findings: Any) -> None:
    inspection = inspect_file(
        "imdb/imdb.parquet", "label", test_column="split", test_value="test", ignore=("rating",)
    )
    (found,) = findings(look(inspection))
    assert found.columns == ("id",)
    assert found.title == "Target inside an id"
    assert "read as an id" in found.evidence[1]


@pytest.mark.parametrize("names", [("a{}", "b{}"), ("x-{}", "x-{}")])
def test_only_an_id_that_tells_the_label_is_named(inspect_table: Any, names: tuple[str, str]) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 400)
    order = random.permutation(400)
    ids = [names[label].format(f"{number:05d}") for label, number in zip(labels, order, strict=True)]
    columns = {"row": ids, "size": random.normal(size=400).tolist(), "label": [f"c{one}" for one in labels]}
    outcome = look(inspect_table(columns, "label"))
    told = [found.columns for found in outcome] if isinstance(outcome, tuple) else []
    assert told == ([("row",)] if names[0] != names[1] else [])


def test_free_text_alone_is_the_models_to_read(inspect_file: Any) -> None:
    assert isinstance(look(inspect_file("sms_spam/sms_spam.csv.gz", "label", ignore=("id",))), NotApplicable)


def test_the_test_rows_teach_the_check_nothing(inspect_file: Any) -> None:
    choices = {"test_column": "split", "test_value": "test"}
    inspection = inspect_file("adult_census/adult.csv.gz", "income", **choices)
    scrambled = inspection.table.with_columns(age=inspection.table["age"].set(_mask(inspection), 0.0))
    assert look(replace(inspection, table=scrambled)) == look(inspection)


def _mask(inspection: Any) -> Any:
    return polars.Series(inspection.test)


def test_a_column_declared_as_known_too_late_is_named(inspect_table: Any, findings: Any) -> None:
    random = np.random.default_rng(0)
    columns = {"x": random.normal(size=80).tolist(), "y": random.normal(size=80).tolist()}
    inspection = inspect_table(columns, "y")
    late = tuple(replace(entry, known_at="after") for entry in inspection.task.inputs)
    outcome = findings(look(replace(inspection, task=replace(inspection.task, inputs=late))))
    assert [found.title for found in outcome] == ["Known only after the answer"]


def test_noise_is_hardly_ever_called_a_leak(inspect_table: Any) -> None:
    random = np.random.default_rng(1)
    columns: dict[str, list[Any]] = {f"x{i}": random.normal(size=60).tolist() for i in range(40)}
    columns["y"] = ["yes"] * 6 + ["no"] * 54
    assert look(inspect_table(columns, "y")) == ()


def test_the_same_seed_gives_the_same_finding(inspect_file: Any) -> None:
    inspection = inspect_file("bike_sharing_hourly/hour.csv.gz", "cnt", ignore=("casual",))
    assert look(inspection) == look(inspection)


def with_an_echo(path: Path, target: str, sure: float) -> dict[str, list[Any]]:
    """A file's columns and one more, that says the target in so large a share of the rows."""
    table = polars.read_csv(path)
    random = np.random.default_rng(0)
    elsewhere = table[target][random.permutation(table.height)]
    heard = polars.Series(random.random(table.height) < sure)
    echo = polars.select(polars.when(heard).then(table[target]).otherwise(elsewhere)).to_series()
    return table.with_columns(echo.alias("echo")).to_dict(as_series=False)


FILES = pytest.mark.parametrize(
    ("file", "target"),
    [
        ("titanic/titanic_kaggle_train.csv.gz", "Survived"),
        ("boston_housing/boston_housing.csv.gz", "MEDV"),
        ("sms_spam/sms_spam.csv.gz", "label"),
    ],
)


@FILES
def test_a_column_that_repeats_nine_targets_in_ten_is_named(
    inspect_table: Any, findings: Any, shared_data: Path, file: str, target: str
) -> None:
    (found,) = findings(look(inspect_table(with_an_echo(shared_data / file, target, 0.9), target)))
    assert (found.columns, found.title) == (("echo",), "Target written down again")
    assert "kappa 0.9" in found.evidence[0] or "kappa 0.8" in found.evidence[0]


@FILES
def test_a_column_that_repeats_half_of_the_targets_may_be_an_honest_one(
    inspect_table: Any, shared_data: Path, file: str, target: str
) -> None:
    assert look(inspect_table(with_an_echo(shared_data / file, target, 0.5), target)) == ()
