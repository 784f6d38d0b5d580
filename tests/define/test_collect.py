from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.define.collect import collect
from modelwright.define.snapshot import snapshot
from modelwright.engine.columns import columns_of, targets_of
from modelwright.errors import DataError, UsageError
from modelwright.records import (
    Change,
    Dataset,
    ExistingSolution,
    Input,
    Snapshot,
    Source,
    Task,
    TestChoice,
    digest,
)
from modelwright.sources.frames import frame_to_parquet


def snap(desk: Any, content: str | bytes | dict[str, Any], name: str = "rows.csv") -> Snapshot:
    if isinstance(content, dict):
        content, name = frame_to_parquet(content), "frame.parquet"
    data = content.encode() if isinstance(content, str) else content
    return snapshot(desk, Source(name=name, file=desk.keep(data, "file")))


def task(target: str | tuple[str, ...] = "y", kind: Any = "binary", **more: Any) -> Task:
    targets = (target,) if isinstance(target, str) else target
    return Task(question="?", source="rows.csv", targets=targets, kind=kind, kind_reason="said", **more)


def changes(dataset: Dataset, column: str, kind: str) -> list[Change]:
    return [change for change in dataset.ingest.changes if change.column == column and change.kind == kind]


def rows_of(header: str, *rows: str) -> str:
    return "\n".join((header, *rows)) + "\n"


MIXED = rows_of(
    "age,city,born,note,y",
    *(
        f"{20 + n},{'Rome' if n % 2 else 'Bonn'},2020-01-{n + 1:02d},some words number {n},{n % 2}"
        for n in range(20)
    ),
)


def test_columns_are_typed_by_their_roles(desk: Any) -> None:
    dataset = collect(
        desk,
        task(inputs=(Input(name="age", role="numeric"), *map_inputs("city", "born", "note"))),
        snap(desk, MIXED),
    )
    table: polars.DataFrame = desk.read(dataset.table)
    assert [(column.name, column.role, column.dtype) for column in dataset.columns] == [
        ("age", "numeric", "number"),
        ("city", "categorical", "string"),
        ("born", "date", "date"),
        ("note", "text", "string"),
        ("y", "target", "string"),
    ]
    assert table.dtypes == [
        polars.Float64,
        polars.String,
        polars.Datetime("us"),
        polars.String,
        polars.String,
    ]
    assert table["born"][0] == datetime(2020, 1, 1)
    assert dataset.classes == ("0", "1")
    seconds = (datetime(2020, 1, 1) - datetime(1970, 1, 1)).total_seconds()
    assert columns_of(table, dataset).values["born"][0] == seconds
    assert targets_of(table, dataset, task()).tolist()[:2] == [0, 1]


def map_inputs(*names: str) -> tuple[Input, ...]:
    return tuple(Input(name=name) for name in names)


def test_every_cast_and_null_is_said_with_its_lines(desk: Any) -> None:
    text = rows_of("n,y", *(f"{n}.5,{n % 2}" for n in range(300)), "word,0", "NA,1")
    dataset = collect(desk, task(), snap(desk, text))
    assert changes(dataset, "n", "cast")[0].count == 300
    spelled, wrong = changes(dataset, "n", "null")
    assert (spelled.lines, wrong.lines) == ((303,), (302,))
    assert "'word'" in wrong.what
    assert dataset.column("n").missing == 2
    assert dataset.column("n").missing_tokens[0] == "NA"


def test_mixed_types_at_row_200_001_cost_one_cell(desk: Any) -> None:
    text = "n,y\n" + "1.5,a\n2.5,b\n" * 100_000 + "word,a\n"
    dataset = collect(desk, task(), snap(desk, text))
    (change,) = changes(dataset, "n", "null")
    assert change.lines == (200_002,)
    assert dataset.column("n").dtype == "number"


def test_rows_without_a_target_are_left_out_and_counted(desk: Any) -> None:
    dataset = collect(desk, task(), snap(desk, rows_of("x,y", "1,a", "2,", "3,b", "4,  ")))
    assert (dataset.rows, dataset.unlabelled_rows) == (2, 2)
    assert desk.read(dataset.lines).tolist() == [2, 4]
    assert changes(dataset, "y", "null")[-1].what == "2 rows without a target left out"
    assert changes(dataset, "y", "null")[-1].lines == (3, 5)


def test_words_in_a_regression_target_are_said_and_left_out(desk: Any) -> None:
    dataset = collect(
        desk, task(kind="regression"), snap(desk, rows_of("x,y", "1,1.5", "2,lots", "3,inf", "4,2"))
    )
    assert (dataset.rows, dataset.unlabelled_rows, dataset.classes) == (2, 2, ())
    assert changes(dataset, "y", "null")[0].count == 2


def test_one_missing_target_of_several_leaves_the_row_out(desk: Any) -> None:
    several = task(("y", "z"), "vector_regression")
    dataset = collect(desk, several, snap(desk, rows_of("x,y,z", "1,1,2", "2,,3", "3,4,", "4,5,6")))
    assert dataset.rows == 2
    assert targets_of(desk.read(dataset.table), dataset, several).tolist() == [[1.0, 2.0], [5.0, 6.0]]


def test_no_target_at_all_is_refused(desk: Any) -> None:
    with pytest.raises(DataError, match="none among 2 rows"):
        collect(desk, task(), snap(desk, rows_of("x,y", "1,", "2,")))
    with pytest.raises(DataError, match="rows with a number"):
        collect(desk, task(kind="regression"), snap(desk, rows_of("x,y", "1,a", "2,b")))


def test_one_class_is_refused(desk: Any) -> None:
    with pytest.raises(DataError, match="only 'a' in all 2 rows"):
        collect(desk, task(), snap(desk, rows_of("x,y", "1,a", "2,a")))


def test_three_classes_in_a_binary_task_are_refused(desk: Any) -> None:
    with pytest.raises(DataError, match="3 classes: 'a', 'b', 'c'"):
        collect(desk, task(), snap(desk, rows_of("x,y", "1,a", "2,b", "3,c")))


def test_the_positive_class_comes_last(desk: Any) -> None:
    made = snap(desk, rows_of("x,y", "1,no", "2,yes", "3,no"))
    assert collect(desk, task(positive_class="no"), made).classes == ("yes", "no")
    assert collect(desk, task(positive_class="yes"), made).classes == ("no", "yes")
    assert collect(desk, task(), made).classes == ("no", "yes")


def test_an_unknown_positive_class_suggests_the_nearest(desk: Any) -> None:
    with pytest.raises(UsageError, match="Did you mean 'spam'"):
        collect(desk, task(positive_class="spa"), snap(desk, rows_of("x,y", "1,ham", "2,spam")))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["1", "-1", "1.0", " 1"], ("-1", "1")),
        (["1.0", "0.0", "2.5", "10"], ("0", "1", "2.5", "10")),
        (["class 10", "class 9", "Class 1", "class 9"], ("Class 1", "class 9", "class 10")),
        (["01", "02", "1", "02"], ("01", "1", "02")),
        (["NA", "DE", "None", "?"], ("?", "DE", "NA", "None")),
    ],
)
def test_classes_are_written_canonically_and_sorted_naturally(
    desk: Any, labels: list[str], classes: tuple[str, ...]
) -> None:
    made = snap(desk, rows_of("x,y", *(f"{n},{label}" for n, label in enumerate(labels))))
    assert collect(desk, task(kind="multiclass"), made).classes == classes


def test_numeric_and_truth_targets_of_a_frame_become_labels(desk: Any) -> None:
    made = snap(desk, {"x": [1.5, 2.5, 3.5], "y": [1.0, -1.0, 1.0], "z": [True, False, True]})
    assert collect(desk, task("y", positive_class="1"), made).classes == ("-1", "1")
    assert collect(desk, task("z", positive_class="true"), made).classes == ("false", "true")


def test_the_test_column_names_the_test_rows_and_is_ignored(desk: Any) -> None:
    text = rows_of("x,part,y", "1,train,a", "2,test,b", "3,train,b", "4,test,", "5,test,a")
    dataset = collect(desk, task(test=TestChoice(column="part", value="test")), snap(desk, text))
    assert desk.read(dataset.test_rows).tolist() == [1, 3]
    assert dataset.column("part").role == "ignored"
    assert "test part" in dataset.column("part").reason


def test_a_test_value_may_be_written_as_another_form_of_the_number(desk: Any) -> None:
    text = rows_of("x,fold,y", "1,1.0,a", "2,2.0,b", "3,2.0,a", "4,2.0,b")
    dataset = collect(desk, task(test=TestChoice(column="fold", value="1")), snap(desk, text))
    assert desk.read(dataset.test_rows).tolist() == [0]


def test_an_unknown_test_value_lists_those_there_are(desk: Any) -> None:
    text = rows_of("x,part,y", "1,train,a", "2,valid,b")
    with pytest.raises(UsageError, match="Choose one of: 'train', 'valid'"):
        collect(desk, task(test=TestChoice(column="part", value="test")), snap(desk, text))


def test_a_test_part_of_all_rows_is_refused(desk: Any) -> None:
    text = rows_of("x,part,y", "1,test,a", "2,test,b")
    with pytest.raises(DataError, match="training part"):
        collect(desk, task(test=TestChoice(column="part", value="test")), snap(desk, text))


def test_a_test_file_follows_the_data_by_column_name(desk: Any) -> None:
    data = snap(desk, rows_of("x,y", "1.5,a", "2.5,b", "2.5,"))
    test = snap(desk, rows_of("y,x", "b,3.5", "a,oops"), "test.csv")
    dataset = collect(desk, task(inputs=(Input(name="x", role="numeric"),)), data, test)
    assert desk.read(dataset.table)["x"].to_list() == [1.5, 2.5, 3.5, None]
    assert desk.read(dataset.test_rows).tolist() == [2, 3]
    assert desk.read(dataset.lines).tolist() == [2, 3, 2, 3]
    assert dataset.test_ingest is not None
    assert [change.lines for change in dataset.test_ingest.changes if change.kind == "null"] == [(3,)]
    assert dataset.unlabelled_rows == 1


def test_a_test_file_with_other_columns_is_refused(desk: Any) -> None:
    data = snap(desk, rows_of("x,y", "1,a", "2,b"))
    test = snap(desk, rows_of("x,z", "1,a"), "test.csv")
    with pytest.raises(DataError, match=r"test\.csv.*without 'y' and with further 'z'"):
        collect(desk, task(), data, test)


def test_a_test_file_of_another_format_is_understood(desk: Any) -> None:
    data = snap(desk, rows_of("x,y", "1,0", "2,1"))
    test = snap(desk, {"x": [3, 4], "y": [0, 1]})
    dataset = collect(desk, task(), data, test)
    assert dataset.classes == ("0", "1")
    assert dataset.rows == 4


def test_a_class_only_in_the_test_part_is_kept_and_said(desk: Any) -> None:
    text = rows_of("x,part,y", "1,train,a", "2,train,b", "3,test,c", "4,test,a")
    choice = TestChoice(column="part", value="test")
    dataset = collect(desk, task(kind="multiclass", test=choice), snap(desk, text))
    assert dataset.classes == ("a", "b", "c")
    assert "'c' occurs only in the test part" in dataset.ingest.changes[-1].what
    assert dataset.ingest.changes[-1].lines == (4,)


def test_a_training_part_of_one_class_is_refused(desk: Any) -> None:
    text = rows_of("x,part,y", "1,train,a", "2,train,a", "3,test,b")
    with pytest.raises(DataError, match="training part"):
        collect(desk, task(test=TestChoice(column="part", value="test")), snap(desk, text))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"target": "lable"}, "Did you mean 'label'"),
        ({"group": "usr"}, "Did you mean 'user'"),
        ({"time": "LABEL"}, "Did you mean 'label'"),
        ({"ignore": ("nope",)}, "Choose one of: 'user', 'label'"),
        ({"inputs": (Input(name="users"),)}, "Did you mean 'user'"),
        ({"test": TestChoice(column="part", value="x")}, "Choose one of"),
        ({"existing_solution": ExistingSolution(kind="column", name="usr")}, "Did you mean 'user'"),
    ],
)
def test_a_wrong_column_name_suggests_the_nearest(desk: Any, more: dict[str, Any], said: str) -> None:
    asked = {"target": "label", **more}
    with pytest.raises(UsageError, match=said):
        collect(desk, task(**asked), snap(desk, rows_of("user,label", "1,a", "2,b")))


def test_group_time_and_ignored_columns_come_from_the_task(desk: Any) -> None:
    text = rows_of("user,day,extra,x,y", "7,2020-01-01,q,1.5,a", "8,2020-01-02,q,2.5,b")
    dataset = collect(desk, task(group="user", time="day", ignore=("extra",)), snap(desk, text))
    assert {column.name: (column.role, column.dtype) for column in dataset.columns} == {
        "user": ("group", "string"),
        "day": ("time", "date"),
        "extra": ("ignored", "string"),
        "x": ("numeric", "number"),
        "y": ("target", "string"),
    }
    assert [column.name for column in dataset.features] == ["x"]


def test_a_time_of_counted_numbers_is_a_number(desk: Any) -> None:
    text = rows_of("step,y", *(f"{n},{n % 2}" for n in range(30)))
    assert collect(desk, task(time="step"), snap(desk, text)).column("step").dtype == "number"


def test_corrected_roles_win(desk: Any) -> None:
    text = rows_of("zip,code,when,word,y", *(f"0{n},{n},{n * 86_400}.0,w{n} x,{n % 2}" for n in range(30)))
    inputs = (
        Input(name="zip", role="numeric"),
        Input(name="code", role="categorical"),
        Input(name="when", role="date"),
        Input(name="word", role="ignored"),
    )
    dataset = collect(desk, task(inputs=inputs), snap(desk, text))
    table = desk.read(dataset.table)
    assert table["zip"][1] == 1.0
    assert table["code"][1] == "1"
    assert table["when"][1] == datetime(1970, 1, 2)
    assert dataset.column("when").date_format == "epoch"
    assert dataset.column("word").role == "ignored"
    assert "set in the task" in dataset.column("zip").reason


@pytest.mark.parametrize("role", ["numeric", "date"])
def test_an_impossible_correction_is_refused(desk: Any, role: Any) -> None:
    with pytest.raises(UsageError, match="Give it the role"):
        collect(desk, task(inputs=(Input(name="x", role=role),)), snap(desk, rows_of("x,y", "p,a", "q,b")))


def test_declared_spellings_of_missing_are_null(desk: Any) -> None:
    text = rows_of("n,c,y", "-999,?,a", "5,NA,b", "6,DE,a")
    inputs = (Input(name="n", missing=("-999",)), Input(name="c", missing=("?",)))
    table = desk.read(collect(desk, task(inputs=inputs), snap(desk, text)).table)
    assert table["n"].to_list() == [None, 5.0, 6.0]
    assert table["c"].to_list() == [None, "NA", "DE"]


def test_columns_outside_the_inputs_are_ignored(desk: Any) -> None:
    dataset = collect(desk, task(inputs=(Input(name="x"),)), snap(desk, rows_of("x,z,y", "1,1,a", "2,2,b")))
    assert dataset.column("z").reason == "not among the task's inputs"


def test_the_existing_solutions_answers_are_written_like_the_target(desk: Any) -> None:
    text = rows_of("x,old,y", "1,1.0,1", "2,0.0,0", "3,1.0,0")
    existing = ExistingSolution(kind="column", name="old")
    dataset = collect(desk, task(existing_solution=existing), snap(desk, text))
    assert desk.read(dataset.table)["old"].to_list() == ["1", "0", "1"]
    assert dataset.column("old").role == "ignored"


def test_an_all_null_column_is_ignored_with_the_reason(desk: Any) -> None:
    column = collect(desk, task(), snap(desk, rows_of("x,e,y", "1,,a", "2,,b"))).column("e")
    assert (column.role, column.reason, column.missing) == ("ignored", "every cell is missing", 2)


def test_ids_beyond_2_to_the_53_stay_exact_from_parquet(desk: Any) -> None:
    made = snap(desk, {"id": [2**53 + n for n in range(1, 31)], "y": ["a", "b"] * 15})
    dataset = collect(desk, task(), made)
    assert desk.read(dataset.table)["id"][0] == str(2**53 + 1)


def test_the_same_snapshot_gives_the_same_dataset(desk: Any) -> None:
    made = snap(desk, MIXED)
    assert digest(collect(desk, task(), made)) == digest(collect(desk, task(), made))


def test_adult_has_its_official_test_part(desk: Any, shared_data: Path) -> None:
    source = Source(
        name="adult.csv.gz", file=desk.keep(shared_data / "adult_census" / "adult.csv.gz", "file")
    )
    choice = TestChoice(column="split", value="test")
    dataset = collect(desk, task("income", positive_class=">50K", test=choice), snapshot(desk, source))
    assert desk.read(dataset.test_rows).size == 16_281
    assert dataset.classes == ("<=50K", ">50K")
    assert len(dataset.features) == 14


def test_a_column_known_only_afterwards_is_read_by_no_model(desk: Any) -> None:
    rows = rows_of("size,outcome,y", *(f"{i},{i % 2},{'ab'[i % 2]}" for i in range(40)))
    inputs = (Input(name="size"), Input(name="outcome", known_at="after"))
    dataset = collect(desk, task(inputs=inputs), snap(desk, rows))
    assert dataset.column("size").role != "ignored"
    assert dataset.column("outcome").role == "ignored"
    assert "after" in dataset.column("outcome").reason
