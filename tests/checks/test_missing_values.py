from pathlib import Path
from typing import Any

import polars

from modelwright.checks.missing_values import look


def test_the_question_marks_of_adult_are_found(inspect_file: Any, findings: Any) -> None:
    found = findings(look(inspect_file("adult_census/adult.csv.gz", "income", ignore=("split",))))
    (disguised,) = [one for one in found if "disguise" in one.title]
    assert disguised.columns == ("workclass", "occupation", "native_country")
    assert disguised.message.startswith("6,465 cells")
    assert 'missing = ["?"]' in disguised.advice


def test_the_2067_hours_of_beijing_without_a_measurement_are_found_as_published(
    inspect_table: Any, findings: Any, shared_data: Path
) -> None:
    """The published file says NA; the one at hand leaves the cell empty."""
    table = polars.read_csv(shared_data / "beijing_pm25" / "beijing_pm25.csv.gz")
    columns = {name: table[name].to_list() for name in ("datetime", "TEMP", "PRES")}
    measured = ["NA" if value is None else str(value) for value in table["pm2.5"].to_list()]
    (told,) = findings(look(inspect_table(columns | {"pm2.5": measured}, "pm2.5")))
    assert any(words.startswith("2,067 of 43,824") for words in told.evidence)
    (told,) = findings(look(inspect_table(columns | {"pm2.5": measured}, "TEMP")))
    assert told.columns == ("pm2.5",)
    assert "2,067 of 43,824" in told.evidence[0]


def test_the_99999_of_capital_gain_stands_apart(inspect_file: Any, findings: Any) -> None:
    found = findings(look(inspect_file("adult_census/adult.csv.gz", "income", ignore=("split",))))
    (sentinel,) = [one for one in found if "stand for missing" in one.title]
    assert sentinel.columns == ("capital_gain",)
    assert "99999 in 244 of 48,842" in sentinel.evidence[0]


def test_titanic_lacks_687_cabins(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("titanic/titanic_kaggle_train.csv.gz", "Survived")))
    assert found.severity == "warning"
    assert found.columns == ("Cabin", "Age", "Embarked")
    assert "687 of 891 (77%)" in found.evidence[0]
    assert found.lines[0] == 2


def test_few_missing_cells_are_only_worth_a_note(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(
        look(inspect_file("california_housing/california_housing.csv.gz", "median_house_value"))
    )
    assert found.severity == "info"
    assert "207 of 20,640 (1.0%)" in found.evidence[0]


def test_boston_and_mammography_lack_nothing(inspect_file: Any) -> None:
    assert look(inspect_file("boston_housing/boston_housing.csv.gz", "MEDV")) == ()
    assert look(inspect_file("mammography_imbalanced/mammography.csv.gz", "target")) == ()


def test_namibia_is_not_missing_but_an_na_among_words_is(inspect_table: Any, findings: Any) -> None:
    codes = ["NA", "DE", "FR", "US"] * 10
    words = ["NA", "red", "green", "blue"] * 10
    columns = {"country": codes, "colour": words, "y": [float(i) + 0.5 for i in range(40)]}
    (found,) = findings(look(inspect_table(columns, "y")))
    assert found.columns == ("colour",)


def test_none_is_an_answer_as_often_as_not(inspect_file: Any) -> None:
    assert look(inspect_file("vehicle_insurance_fraud/fraud_oracle.csv.gz", "FraudFound_P")) == ()


def test_a_column_missing_only_in_the_test_part_is_told(inspect_table: Any, findings: Any) -> None:
    columns = {
        "age": [float(i) + 0.5 for i in range(30)] + [None] * 10,
        "part": ["train"] * 30 + ["test"] * 10,
        "y": ["a", "b"] * 20,
    }
    found = findings(look(inspect_table(columns, "y", test_column="part", test_value="test")))
    (told,) = [one for one in found if "only in the test part" in one.title]
    assert told.columns == ("age",)
    assert "may_be_missing = true" in told.advice
