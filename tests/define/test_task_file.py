from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwright.define.task_file import read_task, update_hypotheses, write_task
from modelwright.errors import ProjectError, StorageError, TaskFileError
from modelwright.records import (
    Constraints,
    Costs,
    ExistingSolution,
    Hypothesis,
    Input,
    Task,
    TestChoice,
)

TASK = Task(
    question="Is it spam?",
    source="sms.csv",
    targets=("label",),
    kind="binary",
    kind_reason="two values",
    positive_class="spam",
    inputs=(Input(name="text"), Input(name="sender id", missing=("?", "-"), known_at="before")),
    hypotheses=(Hypothesis(text="It can be done."), Hypothesis(text="It pays.", status="held", evidence="x")),
)

words = st.text(st.characters(codec="utf-8"), max_size=12)
amounts = st.floats(0, 1e12) | st.integers(0, 10**6).map(float)
inputs = st.builds(
    Input,
    name=words,
    known_at=st.sampled_from(["before", "after", "unknown"]),
    may_be_missing=st.booleans(),
    role=st.none() | st.sampled_from(["numeric", "categorical", "date", "text", "id"]),
    missing=st.lists(words, max_size=2).map(tuple),
)
tests = st.builds(TestChoice, file=st.none() | words, fraction=st.floats(0.01, 0.9)) | st.builds(
    TestChoice, column=words, value=words
)
places: Any = st.lists(st.sampled_from(["server", "device", "browser"]), min_size=1, max_size=3, unique=True)
constraints = st.builds(
    Constraints,
    runs_on=places.map(tuple),
    offline=st.booleans(),
    sensitive=st.booleans(),
    max_latency_milliseconds=st.none() | amounts,
    max_size_megabytes=st.none() | amounts,
    max_epsilon=amounts,
)
solutions = st.builds(ExistingSolution, kind=st.just("column"), name=words) | st.builds(
    ExistingSolution, kind=st.just("function"), name=words.map(lambda name: f"{name}.py:answer")
)
costs = st.builds(
    Costs,
    unit=words,
    false_positive=amounts,
    false_negative=amounts,
    per_error=amounts,
    per_unit=amounts,
    stated=st.booleans(),
)
statuses = st.sampled_from(["open", "held", "falsified", "undecided"])
hypotheses = st.lists(st.builds(Hypothesis, text=words, status=statuses, evidence=words), max_size=3).map(
    tuple
)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """Tasks that do not contradict themselves: no column plays two parts."""
    names = draw(st.lists(words, min_size=8, max_size=8, unique=True))
    kind = draw(st.sampled_from(["binary", "multiclass", "regression", "vector_regression"]))
    read = [replace(draw(inputs), name=name) for name in names[: draw(st.integers(1, 4))]]
    test = draw(tests)
    return Task(
        question=draw(words),
        source=draw(words),
        targets=(names[4], names[5]) if kind == "vector_regression" else (names[4],),
        kind=kind,
        kind_reason=draw(words),
        positive_class=draw(words) if kind == "binary" else None,
        inputs=tuple(read),
        ignore=(names[6],) if draw(st.booleans()) else (),
        group=names[7] if draw(st.booleans()) else None,
        measure=draw(st.none() | words),
        test=replace(test, column=names[6]) if test.column is not None else test,
        existing_solution=draw(st.none() | solutions),
        constraints=draw(constraints),
        costs=draw(costs),
        volume_per_day=draw(st.none() | amounts),
        hypotheses=draw(hypotheses),
        advice=draw(st.lists(words, max_size=2).map(tuple)),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tasks())
def test_a_task_written_is_the_task_read(tmp_path: Path, task: Task) -> None:
    path = tmp_path / "task.toml"
    write_task(task, path, overwrite=True)
    assert read_task(path) == task


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tasks(), hypotheses)
def test_new_hypotheses_leave_everything_else_byte_for_byte(
    tmp_path: Path, task: Task, new: tuple[Hypothesis, ...]
) -> None:
    path = tmp_path / "task.toml"
    write_task(task, path, overwrite=True)
    before = path.read_bytes()
    update_hypotheses(path, new)
    assert read_task(path) == replace(task, hypotheses=new)
    update_hypotheses(path, task.hypotheses)
    if new and task.hypotheses:
        assert path.read_bytes() == before
    assert path.read_bytes().startswith(before.split(b"[[hypotheses]]")[0].rstrip(b"\n"))


def test_comments_line_ends_and_tables_after_the_hypotheses_survive(tmp_path: Path) -> None:
    path = tmp_path / "task.toml"
    text = (
        "# mine\r\n[task] # here\r\nquestion = 'q'\r\ntargets = ['y']\r\nkind = 'regression'\r\n"
        "[[hypotheses]]\r\ntext = 'a'\r\n\r\n[inputs] # after\r\nx = {} # why\r\n"
        "[[hypotheses]]\r\ntext = 'b'\r\n# the end"
    )
    path.write_bytes(text.encode())
    update_hypotheses(path, (Hypothesis(text="a", status="held", evidence="seen"),))
    after = path.read_bytes().decode()
    assert after.startswith(text.split("[[hypotheses]]")[0])
    assert "\r\n[inputs] # after\r\nx = {} # why\r\n" in after
    assert after.endswith("# the end")
    assert after.count("[[hypotheses]]") == 1
    assert "\n" not in after.replace("\r\n", "")
    assert read_task(path).hypotheses == (Hypothesis(text="a", status="held", evidence="seen"),)


def test_hypotheses_are_added_where_there_were_none(tmp_path: Path) -> None:
    path = tmp_path / "task.toml"
    path.write_text("[task]\nquestion = 'q'\ntargets = ['y']\nkind = 'regression'\n[inputs]\nx = {}\n")
    update_hypotheses(path, (Hypothesis(text="new"),))
    assert read_task(path).hypotheses == (Hypothesis(text="new"),)
    update_hypotheses(path, ())
    assert read_task(path).hypotheses == ()


def test_the_file_explains_itself(tmp_path: Path) -> None:
    path = tmp_path / "task.toml"
    write_task(TASK, path)
    text = path.read_text()
    assert 'text        = { known_at = "unknown", may_be_missing = false }' in text
    assert '"sender id" = {' in text
    assert '# group = "customer"  # rows that share its value' in text
    assert 'kind = "binary"  # binary, multiclass, regression or vector_regression' in text
    assert "[[hypotheses]]" in text


def test_a_persons_file_is_never_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "task.toml"
    write_task(TASK, path)
    path.write_text("# mine\n" + path.read_text())
    with pytest.raises(ProjectError, match="--force"):
        write_task(TASK, path)
    assert path.read_text().startswith("# mine")
    write_task(TASK, path, overwrite=True)
    assert not path.read_text().startswith("# mine")
    assert [file.name for file in tmp_path.iterdir()] == ["task.toml"]


def test_an_unwritable_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError):
        write_task(TASK, tmp_path / "file" / "task.toml")


HEAD = '[task]\nquestion = "q"\ntargets = ["y"]\nkind = "regression"\n'
TAIL = "[inputs]\nx = {}\n"


@pytest.mark.parametrize(
    ("text", "line", "key", "expected", "do_this"),
    [
        (HEAD + 'mesure = "mae"\n' + TAIL, 5, "task.mesure", "one of the keys", "Did you mean `measure`?"),
        (HEAD.replace('"regression"', '"regresion"') + TAIL, 4, "task.kind", "one of", '"regression"'),
        (HEAD.replace('["y"]', '"y"') + TAIL, 3, "task.targets", "a list of texts", ""),
        (HEAD.replace('"q"', "7") + TAIL, 2, "task.question", "a text", ""),
        (HEAD + TAIL + "[cost]\nper_unit = 1\n", 7, "cost", "one of the keys", "Did you mean `costs`?"),
        (HEAD + TAIL + '[costs]\nper_unit = "1"\n', 8, "costs.per_unit", "a number", ""),
        (HEAD + TAIL + "[costs]\nper_unit = -1\n", 8, "costs.per_unit", "0 or more", ""),
        (HEAD + TAIL + "[costs]\nstated = 1\n", 8, "costs.stated", "true or false", ""),
        (HEAD + "[inputs]\nx = { known_at = 'later' }\n", 6, "inputs.x.known_at", "before, after", ""),
        (HEAD + "[inputs]\nx = { missing = [1] }\n", 6, "inputs.x.missing", "a list of texts", ""),
        (HEAD + "[inputs]\nx = 'numeric'\n", 6, "inputs.x", "a table", ""),
        (HEAD + "[inputs]\nx = { rol = 'text' }\n", 6, "inputs.x.rol", "one of the keys", "`role`"),
        (HEAD + "[inputs]\ny = {}\n", 6, "inputs.y", "not predicted", "Delete"),
        (HEAD + "[inputs]\n", 5, "inputs", "at least one column", ""),
        (HEAD + "ignore = ['y']\n" + TAIL, 5, "task.ignore", "not a target", ""),
        (HEAD.replace("regression", "binary") + TAIL, 1, "task.positive_class", "two classes", ""),
        (HEAD.replace("regression", "vector_regression") + TAIL, 4, "task.kind", "binary, multiclass", ""),
        (HEAD + TAIL + "[test]\nfraction = 25\n", 8, "test.fraction", "up to 0.9", "0.25"),
        (HEAD + TAIL + "[test]\ncolumn = 'x'\n", 8, "test.column", "together", "value"),
        (HEAD + TAIL + "[constraints]\nruns_on = ['servr']\n", 8, "constraints.runs_on", "device", "server"),
        (HEAD + TAIL + "[existing_solution]\nkind = 'function'\nname = 'f'\n", 9, "name", "FILE.py", ""),
        (HEAD + TAIL + "[[hypotheses]]\ntext = 'a'\nstatus = 'true'\n", 9, "hypotheses.0.status", "held", ""),
        ("[inputs]\nx = {}\n", None, "task", "[task]", ""),
    ],
)
def test_what_is_wrong_is_named_with_line_and_key(
    tmp_path: Path, text: str, line: int | None, key: str, expected: str, do_this: str
) -> None:
    path = tmp_path / "task.toml"
    path.write_text(text)
    with pytest.raises(TaskFileError) as caught:
        read_task(path)
    error = caught.value
    assert key in error.where
    assert line is None or f"line {line}," in error.where
    assert expected in error.expected
    assert do_this in error.do_this
    assert all(error.parts().values())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[task]\nquestion = what\n", "line 2, column 12"),
        ("[task\n", "line 1, column 6"),
        ('[task]\na = "x', "line 2, column 7"),
        ("[task]\na = 1\na = 2\n", "line 3"),
    ],
)
def test_a_syntax_error_is_named_with_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "task.toml"
    path.write_text(text)
    with pytest.raises(TaskFileError, match="valid TOML") as caught:
        read_task(path)
    assert place in caught.value.where


def test_an_absent_or_binary_file_is_a_task_file_error(tmp_path: Path) -> None:
    with pytest.raises(TaskFileError, match="modelwright new"):
        read_task(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"[task]\n\xff\xfe")
    with pytest.raises(TaskFileError, match="line 2"):
        read_task(tmp_path / "bytes.toml")


def test_ignoring_a_column_is_enough_its_input_line_may_stay(tmp_path: Path) -> None:
    path = tmp_path / "task.toml"
    path.write_text(HEAD + "ignore = ['x']\ngroup = 'who'\n[inputs]\nx = {}\nwho = {}\nz = {}\n")
    assert [entry.name for entry in read_task(path).inputs] == ["z"]


def test_lines_are_found_behind_long_texts_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "task.toml"
    text = HEAD + 'kind_reason = """\n[not a table]\nkey = 1\n"""\nadvice = [\n  "a",\n  # b\n]\n' + TAIL
    path.write_text(text + "y = {}\n")
    with pytest.raises(TaskFileError, match="line 15,"):
        read_task(path)
