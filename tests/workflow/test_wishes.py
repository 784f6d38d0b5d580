"""What a command says may agree with task.toml, and may not contradict it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright.errors import UsageError
from modelwright.records import ExistingSolution, Task, TestChoice
from modelwright.workflow import Wishes

PATH = Path("p/task.toml")
TASK = Task(
    question="What is label?",
    source="rows.csv",
    targets=("label",),
    kind="binary",
    kind_reason="",
    positive_class="yes",
    ignore=("id", "note"),
    group="shop",
    time="day",
    measure="f1",
    test=TestChoice(column="part", value="test"),
    existing_solution=ExistingSolution(kind="column", name="rule"),
)
AGREEING: dict[str, Any] = {
    "predict": ("label",),
    "ignore": ("note",),
    "group": "shop",
    "time": "day",
    "measure": "f1",
    "test_column": "part",
    "test_value": "test",
    "positive_class": "yes",
    "existing": "column:rule",
    "question": "What is label?",
}
CONTRADICTING: list[tuple[str, dict[str, Any]]] = [
    ("--predict", {"predict": ("note",)}),
    ("--predict", {"predict": ("label", "note")}),
    ("--ignore", {"ignore": ("id", "size")}),
    ("--group", {"group": "id"}),
    ("--time", {"time": "shop"}),
    ("--measure", {"measure": "accuracy"}),
    ("--test", {"test_file": "test.csv"}),
    ("--test-column", {"test_column": "size", "test_value": "test"}),
    ("--test-column", {"test_column": "part", "test_value": "train"}),
    ("--positive", {"positive_class": "no"}),
    ("--existing", {"existing": "rules.py:answer"}),
    ("--question", {"question": "Why?"}),
]


@pytest.mark.parametrize("name", AGREEING)
def test_what_says_the_same_as_the_file_passes(name: str) -> None:
    wish = {name: AGREEING[name]}
    if name.startswith("test_"):
        wish = {key: AGREEING[key] for key in ("test_column", "test_value")}
    Wishes(**wish).require_agreement(TASK, PATH)


def test_saying_all_again_or_nothing_passes() -> None:
    Wishes(**AGREEING).require_agreement(TASK, PATH)
    Wishes().require_agreement(TASK, PATH)


@pytest.mark.parametrize(("flag", "wish"), CONTRADICTING)
def test_what_contradicts_the_file_is_refused_by_its_flag(flag: str, wish: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        Wishes(**wish).require_agreement(TASK, PATH)
    assert error.value.where == flag
    assert str(PATH) in error.value.expected
    assert "task.toml" in error.value.do_this


def test_every_wish_is_held_against_the_file() -> None:
    flags = {"test_file": "--test", "test_value": "--test-column", "positive_class": "--positive"}
    named = {flag for flag, _ in CONTRADICTING}
    for name in Wishes.__dataclass_fields__:
        assert flags.get(name, f"--{name.replace('_', '-')}") in named


def test_a_function_as_existing_solution_agrees_by_its_name() -> None:
    task = replace(TASK, existing_solution=ExistingSolution(kind="function", name="../rules.py:answer"))
    Wishes(existing="../rules.py:answer").require_agreement(task, PATH)
    with pytest.raises(UsageError):
        Wishes(existing="column:rule").require_agreement(task, PATH)


def test_one_bare_name_is_a_list_of_one_and_a_name_given_twice_is_given_once() -> None:
    assert Wishes(predict="label", ignore="id").ignore == ("id",)  # type: ignore[arg-type]  # as people call it
    assert Wishes(predict=("label", "label")).predict == ("label",)
    Wishes(predict="label", ignore="id").require_agreement(TASK, PATH)  # type: ignore[arg-type]  # as people call it


def test_a_task_that_predicts_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="--predict COLUMN"):
        Wishes().require_target()
    Wishes(predict=("label",)).require_target()
