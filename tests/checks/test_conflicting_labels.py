from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.checks.conflicting_labels import look
from modelwright.checks.inspection import NotApplicable


def test_mammography_has_rows_that_nobody_can_answer_right(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("mammography_imbalanced/mammography.csv.gz", "target")))
    assert "different target" in found.evidence[0]
    assert "at least 7 (0.063%) cannot be answered right" in found.evidence[1]


def test_as_many_labels_as_were_turned_over_are_counted(inspect_table: Any, findings: Any) -> None:
    random = np.random.default_rng(0)
    size = random.normal(size=500).tolist()
    labels = random.choice(["a", "b"], 500).tolist()
    other = ["b" if label == "a" else "a" for label in labels[:30]]
    (found,) = findings(look(inspect_table({"x": size + size[:30], "y": labels + other}, "y")))
    assert found.message.startswith("60 rows")
    assert "at least 30" in found.evidence[1]
    assert found.severity == "warning"


def test_copies_that_agree_are_no_conflict(inspect_table: Any) -> None:
    size = np.random.default_rng(0).normal(size=100).tolist()
    labels = ["a", "b"] * 50
    assert look(inspect_table({"x": size + size, "y": labels + labels}, "y")) == ()


def test_a_few_categories_need_not_settle_the_target(inspect_table: Any, findings: Any) -> None:
    random = np.random.default_rng(1)
    columns = {"x": random.choice(["p", "q"], 200).tolist(), "y": random.choice(["a", "b"], 200).tolist()}
    (found,) = findings(look(inspect_table(columns, "y")))
    assert found.severity == "info"
    assert "few combinations" in found.evidence[2]


def test_a_number_may_differ(inspect_file: Any) -> None:
    assert isinstance(look(inspect_file("boston_housing/boston_housing.csv.gz", "MEDV")), NotApplicable)


def test_a_conflict_in_another_spelling_is_one(inspect_table: Any, findings: Any) -> None:
    texts = [f"message number {number}" for number in range(100)]
    labels = ["yes", "no"] * 50
    columns = {
        "text": [*texts, *(text.upper() for text in texts[:4])],
        "label": [*labels, *("no" if label == "yes" else "yes" for label in labels[:4])],
    }
    (found,) = findings(look(inspect_table(columns, "label")))
    assert found.message.startswith("8 rows have the inputs of another row")
