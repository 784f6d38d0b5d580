from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelwright.define.frame import frame
from modelwright.define.hypotheses import COMMON_HYPOTHESES
from modelwright.define.kind import positive_class
from modelwright.define.snapshot import snapshot
from modelwright.errors import DataError, UsageError
from modelwright.records import ExistingSolution, Snapshot, Source, Task, TestChoice, digest


def snap(desk: Any, **columns: list[Any]) -> Snapshot:
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join("" if v is None else str(v) for v in row) for row in rows)]
    data = ("\n".join(lines) + "\n").encode()
    return snapshot(desk, Source(name="rows.csv", file=desk.keep(data, "file")))


def shared(desk: Any, path: Path) -> Snapshot:
    return snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))


def varied(rows: int) -> list[float]:
    return [round((i * 37 % 101) / 7 + 0.05, 3) for i in range(rows)]


def framed(desk: Any, target: list[Any], **choices: Any) -> Task:
    return frame(desk, snap(desk, x=varied(len(target)), y=target), predict=("y",), **choices)


@pytest.mark.parametrize(
    ("file", "target", "kind", "positive"),
    [
        ("titanic/titanic_kaggle_train.csv.gz", "Survived", "binary", "1"),
        ("mammography_imbalanced/mammography.csv.gz", "target", "binary", "1"),
        ("sms_spam/sms_spam.csv.gz", "label", "binary", "spam"),
        ("adult_census/adult.csv.gz", "income", "binary", ">50K"),
        ("titanic/titanic_kaggle_train.csv.gz", "Embarked", "multiclass", None),
        ("titanic/titanic_kaggle_train.csv.gz", "Pclass", "multiclass", None),
        ("movielens_100k/ratings.csv.gz", "rating", "multiclass", None),
        ("bike_sharing_hourly/hour.csv.gz", "cnt", "regression", None),
        ("boston_housing/boston_housing.csv.gz", "MEDV", "regression", None),
        ("california_housing/california_housing.csv.gz", "median_house_value", "regression", None),
    ],
)
def test_the_kind_of_real_tasks_is_inferred(
    desk: Any, shared_data: Path, file: str, target: str, kind: str, positive: str | None
) -> None:
    task = frame(desk, shared(desk, shared_data / file), predict=(target,))
    assert (task.kind, task.positive_class) == (kind, positive)
    assert f"`{target}`" in task.kind_reason
    assert target not in [entry.name for entry in task.inputs]


def test_a_few_whole_numbers_are_classes_only_when_each_is_often_seen(desk: Any) -> None:
    assert framed(desk, [0, 1, 2] * 20).kind == "multiclass"
    assert framed(desk, [0, 1, 2] * 5).kind == "regression"
    assert framed(desk, [i % 30 for i in range(900)]).kind == "regression"


def test_whole_numbers_in_words_of_their_file_are_still_classes_or_amounts(desk: Any) -> None:
    assert framed(desk, [1.5, 2.5, 3.5] * 20).kind == "regression"
    assert framed(desk, ["007", "008", "009"] * 20).kind == "multiclass"


def test_a_target_that_is_not_all_numbers_but_nearly_is_regression(desk: Any) -> None:
    assert framed(desk, [*varied(999), "n/a"]).kind == "regression"
    assert framed(desk, [*varied(999), "abc"]).kind == "regression"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"ham": 10, "spam": 5}, "spam"),
        ({"spam": 10, "ham": 5}, "spam"),
        ({"1": 10, "0": 5}, "1"),
        ({"yes": 10, "no": 5}, "yes"),
        ({"1": 10, "2": 5}, "2"),
        ({"-1": 10, "1": 5}, "1"),
        ({"FALSE": 5, "TRUE": 4}, "TRUE"),
        ({"a": 5, "b": 5}, "b"),
        ({"churned": 9, "renewed": 1}, "churned"),
    ],
)
def test_the_positive_class_goes_by_name_then_by_rarity(counts: dict[str, int], expected: str) -> None:
    assert positive_class(counts)[0] == expected


def test_a_given_positive_class_is_kept_and_a_wrong_one_refused(desk: Any) -> None:
    answers = ["stay", "leave"] * 30
    assert framed(desk, answers, positive_class="stay").positive_class == "stay"
    with pytest.raises(UsageError, match="leave"):
        framed(desk, answers, positive_class="leaves")
    with pytest.raises(UsageError, match="two classes"):
        framed(desk, varied(60), positive_class="1")


def test_several_numbers_are_predicted_together(desk: Any) -> None:
    read = snap(desk, a=varied(60), b=varied(60)[::-1], c=varied(60), word=["u", "v", "w"] * 20)
    task = frame(desk, read, predict=("a", "b"))
    assert task.kind == "vector_regression"
    assert [entry.name for entry in task.inputs] == ["c", "word"]
    with pytest.raises(DataError, match="one column of words at a time"):
        frame(desk, read, predict=("a", "word"))


def test_columns_that_shape_the_splits_are_no_inputs(desk: Any) -> None:
    columns = {name: varied(60) for name in ("a", "b", "who")}
    read = snap(desk, **columns, day=list(range(60)), part=["train", "test"] * 30, y=["u", "v"] * 30)
    task = frame(
        desk,
        read,
        predict=("y",),
        ignore=("b",),
        group="who",
        time="day",
        test_column="part",
        test_value="test",
    )
    assert [entry.name for entry in task.inputs] == ["a"]
    assert task.test == TestChoice(column="part", value="test")
    assert (task.group, task.time, task.ignore) == ("who", "day", ("b",))


def test_todays_answers_are_not_an_input(desk: Any) -> None:
    read = snap(desk, x=varied(60), rule=["u", "v"] * 30, y=["u", "v"] * 30)
    task = frame(desk, read, predict=("y",), existing="column:rule")
    assert task.existing_solution == ExistingSolution(kind="column", name="rule")
    assert [entry.name for entry in task.inputs] == ["x"]
    assert framed(desk, varied(60), existing="rules.py:answer").existing_solution is not None
    with pytest.raises(UsageError, match=r"column:NAME or FILE\.py:NAME"):
        framed(desk, varied(60), existing="rules")


@pytest.mark.parametrize(
    "wrong",
    [
        {"predict": ("lable",)},
        {"ignore": ("Text",)},
        {"group": "idd"},
        {"time": "txet"},
        {"test_column": "labell", "test_value": "spam"},
        {"existing": "column:labl"},
    ],
)
def test_a_wrong_column_suggests_the_nearest(desk: Any, shared_data: Path, wrong: dict[str, Any]) -> None:
    read = shared(desk, shared_data / "sms_spam/sms_spam.csv.gz")
    with pytest.raises(UsageError) as caught:
        frame(desk, read, **{"predict": ("label",), **wrong})
    assert "Did you mean `" in caught.value.do_this
    assert "id, label, text" in caught.value.do_this


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ([None] * 60, "no value"),
        (["same"] * 60, "'same' in all 60 rows"),
        ([7] * 60, "'7' in all 60 rows"),
        (["only", *[None] * 59], "1 row"),
        ([f"free text number {i}" for i in range(60)], "60 different values"),
        ([f"2024-01-{1 + i % 28:02d}" for i in range(60)], "dates such as"),
    ],
)
def test_a_target_that_cannot_be_predicted_is_refused_in_four_parts(
    desk: Any, target: list[Any], expected: str
) -> None:
    with pytest.raises(DataError) as caught:
        framed(desk, target)
    assert expected in caught.value.received
    assert all(caught.value.parts().values())


def test_one_row_and_no_inputs_are_refused(desk: Any) -> None:
    with pytest.raises(DataError):
        framed(desk, ["a"])
    with pytest.raises(DataError, match="at least one column to predict from"):
        frame(desk, snap(desk, x=varied(60), y=["a", "b"] * 30), predict=("y",), ignore=("x",))


def test_a_target_named_twice_over_is_refused(desk: Any) -> None:
    with pytest.raises(UsageError, match="--ignore y"):
        framed(desk, varied(60), ignore=("y",))


def test_a_test_value_that_no_row_has_suggests_one_that_some_have(desk: Any, shared_data: Path) -> None:
    read = shared(desk, shared_data / "adult_census/adult.csv.gz")
    with pytest.raises(UsageError, match="Did you mean 'test'"):
        frame(desk, read, predict=("income",), test_column="split", test_value="tests")
    with pytest.raises(UsageError, match="both"):
        frame(desk, read, predict=("income",), test_file="t.csv", test_column="split", test_value="test")


def test_a_formula_is_advised_and_ignored_columns_are_not(desk: Any, shared_data: Path) -> None:
    read = shared(desk, shared_data / "bike_sharing_hourly/hour.csv.gz")
    (advice,) = frame(desk, read, predict=("cnt",)).advice
    assert "cnt = casual + registered, exactly, on 17,379 rows" in advice
    assert frame(desk, read, predict=("cnt",), ignore=("casual", "registered")).advice == ()


def test_a_lookup_is_advised(desk: Any) -> None:
    read = snap(desk, x=varied(120), plan=["free", "basic", "gold"] * 40, pays=["no", "yes", "yes"] * 40)
    (advice,) = frame(desk, read, predict=("pays",)).advice
    assert "Each value of `plan` always goes with one `pays`" in advice
    assert "--ignore plan" in advice


def test_an_answer_that_says_it_is_missing_is_pointed_out(desk: Any) -> None:
    task = framed(desk, [*["0", "1"] * 60, *["?"] * 6])
    assert task.kind == "multiclass"
    assert "`y` says '?' in 6 of 126 rows" in task.advice[0]
    assert not any(" says " in advice for advice in framed(desk, [*varied(120), "?"]).advice)


def test_an_infinite_target_is_a_number_that_is_missing(desk: Any) -> None:
    assert framed(desk, [*varied(60), "inf", "-Infinity"]).kind == "regression"


def test_enormous_numbers_are_framed_without_a_warning(desk: Any) -> None:
    read = snap(desk, x=[f"{i}e300" for i in range(60)], y=[f"{i}.5e300" for i in range(60)])
    assert frame(desk, read, predict=("y",)).kind == "regression"


def test_too_few_rows_are_told(desk: Any) -> None:
    (advice,) = framed(desk, ["a", "b"] * 20).advice
    assert "Only 40 rows" in advice


def test_the_rating_of_imdb_is_a_lookup(desk: Any, shared_data: Path) -> None:
    read = shared(desk, shared_data / "imdb/imdb.parquet")
    task = frame(desk, read, predict=("label",), test_column="split", test_value="test")
    assert task.kind == "binary"
    assert ["`rating`" in advice for advice in task.advice] == [True]


def test_words_only_and_a_number_to_predict_is_a_task_like_any_other(desk: Any) -> None:
    read = snap(desk, colour=["red", "green", "blue"] * 20, y=varied(60))
    assert frame(desk, read, predict=("y",)).kind == "regression"


def test_every_task_begins_with_the_two_hypotheses_open(desk: Any) -> None:
    task = framed(desk, varied(60))
    assert [h.text for h in task.hypotheses] == list(COMMON_HYPOTHESES)
    assert {h.status for h in task.hypotheses} == {"open"}


def test_the_same_data_give_the_same_task(desk: Any) -> None:
    assert digest(framed(desk, varied(60))) == digest(framed(desk, varied(60)))
