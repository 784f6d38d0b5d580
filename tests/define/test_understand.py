from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelwright.checks.registry import CHECKS
from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.snapshot import snapshot
from modelwright.define.understand import understand
from modelwright.records import Dataset, Source, Task, digest


def ready(desk: Any, path: Path, target: str, **choices: Any) -> tuple[Task, Dataset]:
    read = snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))
    task = frame(desk, read, predict=(target,), **choices)
    return task, collect(desk, task, read)


def test_clean_data_is_fit_to_learn_from(desk: Any, shared_data: Path) -> None:
    boston = ready(desk, shared_data / "boston_housing/boston_housing.csv.gz", "MEDV")
    verdict = understand(desk, *boston)
    assert verdict.question == "Is the data fit to learn from?"
    assert verdict.answer == "yes"
    assert [finding.code for finding in verdict.findings] == ["MW110"], "its towns stand side by side"
    assert "MW104: the target is a number" in verdict.not_applicable


def test_a_leak_makes_it_unclear_and_comes_first(desk: Any, shared_data: Path) -> None:
    bike = ready(desk, shared_data / "bike_sharing_hourly/hour.csv.gz", "cnt")
    verdict = understand(desk, *bike)
    assert verdict.answer == "unclear"
    assert verdict.findings[0].code == "MW102"
    assert "cnt = casual + registered" in verdict.reason


def test_warnings_alone_do_not_keep_from_learning(desk: Any, shared_data: Path) -> None:
    spam = ready(desk, shared_data / "sms_spam/sms_spam.csv.gz", "label")
    verdict = understand(desk, *spam)
    assert verdict.answer == "yes"
    assert [finding.code for finding in verdict.findings] == ["MW101", "MW104", "MW106", "MW105"]


def test_columns_that_never_vary_are_nothing_to_learn_from(desk: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n" + "same,a\nsame,b\n" * 30)
    assert understand(desk, *ready(desk, path, "y")).answer == "no"


@pytest.mark.parametrize(
    ("file", "target"), [("adult_census/adult.csv.gz", "income"), ("imdb/imdb.parquet", "label")]
)
def test_looking_always_sees_the_same(desk: Any, shared_data: Path, file: str, target: str) -> None:
    prepared = ready(desk, shared_data / file, target, test_column="split", test_value="test")
    verdict = understand(desk, *prepared)
    assert digest(understand(desk, *prepared)) == digest(verdict)


def test_progress_is_told_check_by_check(desk: Any, shared_data: Path) -> None:
    boston = ready(desk, shared_data / "boston_housing/boston_housing.csv.gz", "MEDV")
    desk.notes.clear()
    understand(desk, *boston)
    assert [(note[0][:5], note[1]["done"], note[1]["total"]) for note in desk.notes] == [
        (check.CODE, done, len(CHECKS)) for done, check in enumerate(CHECKS)
    ]
