from typing import Any

import pytest
from scipy.stats import binomtest

from modelwright.checks.class_imbalance import look
from modelwright.checks.inspection import NotApplicable
from modelwright.statistics.intervals import wilson_of_counts


def test_mammography_is_imbalanced(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("mammography_imbalanced/mammography.csv.gz", "target")))
    assert found.severity == "warning"
    assert "260 of 11,183 (2.3%) rows, 95% interval 2.1% to 2.6%" in found.evidence[0]
    assert "97.7%" in found.evidence[1]


def test_a_class_of_one_in_five_hundred_is_serious(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("talkingdata_clicks/talkingdata_100k.csv.gz", "is_attributed")))
    assert found.severity == "serious"


def test_titanic_is_balanced_enough(inspect_file: Any) -> None:
    assert look(inspect_file("titanic/titanic_kaggle_train.csv.gz", "Survived")) == ()


def test_a_number_has_no_classes(inspect_file: Any) -> None:
    assert isinstance(look(inspect_file("boston_housing/boston_housing.csv.gz", "MEDV")), NotApplicable)


def test_a_class_only_in_the_test_part_is_serious(inspect_table: Any, findings: Any) -> None:
    columns = {
        "x": [float(i) + 0.5 for i in range(60)],
        "part": ["train"] * 40 + ["test"] * 20,
        "y": ["a", "b"] * 20 + ["a", "b", "c", "c"] * 5,
    }
    (found,) = findings(look(inspect_table(columns, "y", test_column="part", test_value="test")))
    assert found.title == "Class only in the test part"
    assert "10 of 20 (50%)" in found.evidence[0]


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (260, 11_183)])
def test_the_interval_of_a_share_is_scipys(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson_of_counts(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-6)
