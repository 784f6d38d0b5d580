"""Repeating the last answer is offered where rows have a time, and knows nothing of the future."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.measure import choose_measure
from modelwright.define.snapshot import snapshot
from modelwright.develop.baseline import beat_baseline
from modelwright.develop.common_sense import last_rows
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.errors import DataError
from modelwright.records import Bench, Source
from modelwright.statistics.repetition import repetition


def bench_of(desk: Any, path: Path, target: str, **choices: Any) -> Bench:
    read = snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))
    task = frame(desk, read, predict=(target,), **choices)
    dataset = collect(desk, task, read)
    measure = choose_measure(desk, task, dataset)
    protocol = choose_protocol(desk, task, dataset, measure)
    return Bench(
        task=task, dataset=dataset, measure=measure, plan=prepare(desk, task, dataset), protocol=protocol
    )


def test_elec2_may_not_be_split_at_random(desk: Any, shared_data: Path) -> None:
    with pytest.raises(DataError, match="of the row before") as refused:
        bench_of(desk, shared_data / "elec2_drift/elec2.csv.gz", "class")
    assert "--time" in refused.value.do_this


def test_on_elec2_the_last_answer_is_offered_and_is_the_bar(desk: Any, shared_data: Path) -> None:
    bench = bench_of(desk, shared_data / "elec2_drift/elec2.csv.gz", "class", time="seq", measure="accuracy")
    assert bench.protocol.kind == "forward"
    study = beat_baseline(desk, bench)
    assert study.best.recipe.name == "the last answer"
    assert 0.83 < study.best.score.value < 0.88  # published: 85.3 % with every row


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ([3.0, 1.0, 2.0], [2, -1, 1]),
        ([1.0, 1.0, 2.0, 2.0], [-1, -1, 1, 1]),
        ([np.nan, 1.0, 2.0], [-1, -1, 1]),
        ([np.nan, np.nan], [-1, -1]),
    ],
    ids=["any order", "rows of one moment", "no moment", "no moment at all"],
)
def test_the_last_row_is_of_an_earlier_moment(moments: list[float], expected: list[int]) -> None:
    assert last_rows(np.array(moments)).tolist() == expected


@pytest.mark.parametrize("stay", [0.5, 0.8, 0.95])
def test_repetition_is_what_was_put_in(stay: float) -> None:
    random = np.random.default_rng(0)
    found = repetition(np.cumsum(random.random(20_000) >= stay) % 2)
    assert found.low < stay < found.high
    assert found.gains(0.2) == (stay > 0.75)


def test_rows_sorted_by_class_repeat_nothing() -> None:
    assert not repetition(np.repeat(np.arange(3), 50)).gains(0.2)


def test_independent_rows_are_seldom_said_to_repeat() -> None:
    random = np.random.default_rng(0)
    alarms = [repetition(random.integers(0, 2, 100)).gains(0.05) for _ in range(2_000)]
    assert np.mean(alarms) < 0.01


def test_where_every_class_must_be_answered_guesses_are_the_bar(desk: Any, shared_data: Path) -> None:
    titanic = shared_data / "titanic/titanic_kaggle_train.csv.gz"
    study = beat_baseline(desk, bench_of(desk, titanic, "Embarked", measure="f1"))
    assert [run.recipe.name for run in study.runs[:2]] == [
        "most frequent class",
        "guesses by the classes' shares",
    ]
    assert study.best.recipe.name == "guesses by the classes' shares"
    assert study.best.score.value == pytest.approx(1 / 3, abs=0.04)


def test_of_two_classes_f1_is_highest_where_always_the_positive_one_is_answered(
    desk: Any, shared_data: Path
) -> None:
    titanic = shared_data / "titanic/titanic_kaggle_train.csv.gz"
    study = beat_baseline(desk, bench_of(desk, titanic, "Survived", measure="f1"))
    assert study.best.recipe.name == "always '1'"
    share = 342 / 891
    assert study.best.score.value == pytest.approx(2 * share / (1 + share), abs=0.03)


def test_of_right_answers_the_most_frequent_class_is_the_bar(desk: Any, shared_data: Path) -> None:
    titanic = shared_data / "titanic/titanic_kaggle_train.csv.gz"
    study = beat_baseline(desk, bench_of(desk, titanic, "Survived", measure="accuracy"))
    assert [run.recipe.family for run in study.runs] == ["prior", "linear"]
