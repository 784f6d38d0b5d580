"""A user's plain function is a measure like any other, and its mistakes are told in four parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.errors import UndefinedMeasure, UsageError
from modelwright.records import Measure, decode, encode
from modelwright.statistics.measures import measure_function
from modelwright.statistics.own_measure import goal_of, load_metric

CODE = """
import numpy as np

def profit(targets, predictions, weights=None):
    return float(np.average(targets * (predictions > 0.5) * 10 - (predictions > 0.5), weights=weights))

def shape_of(targets, predictions):
    return 100 * predictions.ndim + 10 * targets.ndim + len(targets)

def breaks(targets, predictions):
    return targets.nothing

def greedy(targets, predictions):
    predictions[:] = 0
    return 1.0

def nan(targets, predictions):
    return np.nan

def words(targets, predictions):
    return "good"

def squared_error(targets, predictions):
    return ((targets - predictions) ** 2).mean()

def waste(targets, predictions):
    return 0.0

waste.goal = "minimise"
profit.goal = "maximise"
words.goal = "up"
"""


def own(name: str, code: str = CODE) -> Measure:
    return Measure(
        name=f"m.py:{name}", title=name, goal="maximise", reads="probability", reason="", code=code
    )


def two_columns(positive: list[float]) -> Any:
    return np.column_stack([1 - np.array(positive), positive])


def test_a_users_measure_survives_a_round_trip_through_its_record() -> None:
    measure = decode(encode(own("profit")), Measure)
    score = measure_function(measure, ("no", "yes"))
    assert score(np.array([0, 1, 1]), two_columns([0.9, 0.8, 0.1])) == pytest.approx(8 / 3)


@pytest.mark.parametrize(
    ("classes", "targets", "outputs", "seen"),
    [
        (("no", "yes"), np.zeros(3, dtype=np.int64), np.full((3, 2), 0.5), 113),
        (("a", "b", "c"), np.zeros(3, dtype=np.int64), np.full((3, 3), 1 / 3), 213),
        ((), np.zeros((3, 1)), np.zeros((3, 1)), 113),
        ((), np.zeros((3, 2)), np.zeros((3, 2)), 223),
    ],
)
def test_it_sees_arrays_of_the_shape_its_task_has(
    classes: tuple[str, ...], targets: Any, outputs: Any, seen: int
) -> None:
    assert measure_function(own("shape_of"), classes)(targets, outputs) == seen


def test_whole_weights_repeat_rows_so_that_functions_need_not_know_weights() -> None:
    score = measure_function(own("shape_of"), ("no", "yes"))
    targets, outputs = np.array([0, 1]), two_columns([0.2, 0.7])
    assert score(targets, outputs, np.array([3.0, 0.0])) == 113
    weighted = measure_function(own("profit"), ("no", "yes"))(targets, outputs, np.array([0.5, 1.5]))
    assert weighted == pytest.approx(9 * 0.75)


def test_it_cannot_change_our_arrays() -> None:
    outputs = two_columns([0.2, 0.7])
    assert measure_function(own("greedy"), ("no", "yes"))(np.array([0, 1]), outputs) == 1.0
    assert outputs[1, 1] == 0.7


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("breaks", "line 11: .*AttributeError"),
        ("words", "ValueError: could not convert string to float"),
    ],
)
def test_its_mistakes_are_told_with_the_line(name: str, told: str) -> None:
    score = measure_function(own(name), ("no", "yes"))
    with pytest.raises(UsageError, match=told):
        score(np.array([0, 1]), two_columns([0.2, 0.7]))


def test_nan_is_never_shown_as_a_number() -> None:
    with pytest.raises(UndefinedMeasure, match="nan over 2 rows"):
        measure_function(own("nan"), ("no", "yes"))(np.array([0, 1]), two_columns([0.2, 0.7]))


def test_a_file_that_does_not_run_or_lacks_the_function_is_told() -> None:
    with pytest.raises(UsageError, match="line 1: expected a file that runs; received SyntaxError"):
        load_metric("m.py:profit", "def profit(:\n")
    with pytest.raises(UsageError, match="ModuleNotFoundError"):
        load_metric("m.py:profit", "import no_such_module_at_all\n")
    with pytest.raises(UsageError, match="a file with profit, shape_of"):
        load_metric("m.py:profits", CODE)


def test_the_goal_is_said_by_the_function_or_told_by_its_name() -> None:
    assert goal_of("m.py:waste", CODE)[0] == "minimise"
    assert goal_of("m.py:squared_error", CODE)[0] == "minimise"
    assert goal_of("m.py:shape_of", CODE)[0] == "maximise"
    assert goal_of("m.py:profit", CODE) == ("maximise", "its goal says maximise")
    with pytest.raises(UsageError, match="received 'up'"):
        goal_of("m.py:words", CODE)
