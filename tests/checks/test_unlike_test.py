from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.checks.inspection import NotApplicable
from modelwright.checks.unlike_test import look


def split(seed: int, moved: float = 0.0, rows: int = 1_000) -> dict[str, list[Any]]:
    random = np.random.default_rng(seed)
    tested = np.arange(rows) >= 0.8 * rows
    return {
        "part": np.where(tested, "test", "train").tolist(),
        "size": (random.normal(size=rows) + moved * tested).tolist(),
        "colour": random.choice(["red", "green", "blue"], rows).tolist(),
        "other": random.normal(size=rows).tolist(),
        "label": random.choice(["yes", "no"], rows).tolist(),
    }


def looked_at(inspect_table: Any, columns: dict[str, list[Any]]) -> Any:
    return look(inspect_table(columns, "label", test_column="part", test_value="test"))


def test_a_column_that_moved_is_named_with_where(inspect_table: Any, findings: Any) -> None:
    (found,) = findings(looked_at(inspect_table, split(0, moved=1.0)))
    assert found.columns == ("size",)
    assert found.severity == "serious"
    assert "in the test part" in found.evidence[0]


def test_parts_of_one_population_are_rarely_called_unlike(inspect_table: Any) -> None:
    alarms = [looked_at(inspect_table, split(seed)) != () for seed in range(60)]
    assert np.mean(alarms) <= 0.05


@pytest.mark.parametrize(
    ("file", "target"), [("adult_census/adult.csv.gz", "income"), ("imdb/imdb.parquet", "label")]
)
def test_official_test_parts_are_like_the_rest(inspect_file: Any, file: str, target: str) -> None:
    ignore = ("rating", "id") if "imdb" in file else ()
    outcome = look(inspect_file(file, target, test_column="split", test_value="test", ignore=ignore))
    assert outcome == ()


def test_without_a_declared_part_there_is_nothing_to_compare(inspect_table: Any) -> None:
    columns = split(0)
    del columns["part"]
    assert isinstance(look(inspect_table(columns, "label")), NotApplicable)
