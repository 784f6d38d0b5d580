"""Items and answers come back from every format as they went out; what is foreign is read, what is unsafe
refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from modelwright.errors import SourceError, UsageError
from modelwright.records import Answer, Given, Item, Question
from modelwright.sources.annotations.coco import coco_labels, read_coco, write_coco
from modelwright.sources.annotations.exchange import Annotations, Exchange
from modelwright.sources.annotations.formulas import neutral, original
from modelwright.sources.annotations.inside import file_inside, name_inside
from modelwright.sources.annotations.label_studio import read_label_studio, write_label_studio
from modelwright.sources.annotations.tables import (
    Columns,
    read_table_of_annotations,
    write_table_of_annotations,
)

AWKWARD = [
    "=1+1",
    "+49 30",
    "-5",
    "-x",
    "@SUM(A1)",
    "'quoted",
    "''",
    "\tTab",
    "<script>",
    "../x",
    'a "b", c',
    "😀é",
]
BOX = {"label": "cat", "x": 10.5, "y": 3.25, "width": 33.0, "height": 7.125}
WIDTH, HEIGHT = 640, 427

KINDS: dict[str, tuple[Question, list[Any]]] = {
    "single": (Question(kind="single", labels=("=yes", "no")), ["=yes", "no"]),
    "multi": (Question(kind="multi", labels=("a", "b", "c,d")), [["a", "c,d"], []]),
    "scalar": (Question(kind="scalar"), [3.25, -0.1]),
    "boxes": (Question(kind="boxes", labels=("cat", "dog")), [[BOX, {**BOX, "label": "dog"}], []]),
}


def annotations(kind: str) -> Annotations:
    """Two annotators' answers, a skip and an adjudication, on items with awkward texts, most without any."""
    question, values = KINDS[kind]
    pictured = kind == "boxes"
    items = [
        Item(
            key=f"=key {place}",
            content={"=name": text, "other": None if place % 2 else "plain"},
            image=f"photos/{place}.jpg" if pictured else "",
            width=WIDTH if pictured else None,
            height=HEIGHT if pictured else None,
            gold=values[0] if place == 1 else None,
            prelabel=values[1] if place == 2 else None,
        )
        for place, text in enumerate(AWKWARD)
    ]

    def answer(number: int, place: int, act: Any, value: Any, reason: str = "") -> Answer:
        return Answer(
            sequence=number,
            answer_id=f"+id{number}",
            key=items[place].key,
            annotator="@ann" if number % 2 else "bob",
            act=act,
            value=value,
            reason=reason,
            seconds=0.5 * number,
            guideline=0,
            track="random",
            prelabel="none",
            of=None,
            at_utc="2026-01-01T00:00:00.000+00:00",
        )

    answers = [
        answer(1, 0, "answer", values[0]),
        answer(2, 0, "answer", values[1]),
        answer(3, 3, "answer", values[1]),
        answer(4, 0, "adjudicate", values[0]),
    ]
    if kind != "boxes":
        answers.append(answer(5, 4, "skip", None, "=unclear"))
    return Annotations(question=question, items=items, answers=answers)


def given(answer: Answer) -> Given:
    fields = ("answer_id", "annotator", "act", "key", "value", "reason", "seconds")
    return Given(**{field: getattr(answer, field) for field in fields})


def read(path: Path, name: str, question: Question) -> Exchange:
    if name == "coco":
        return read_coco(path, path.name, question)
    if name == "label-studio":
        return read_label_studio(path, path.name, question)
    return read_table_of_annotations(path, path.name, question, Columns())


def write(path: Path, name: str, held: Annotations) -> None:
    if name == "coco":
        write_coco(path, held)
    elif name == "label-studio":
        write_label_studio(path, held)
    else:
        write_table_of_annotations(path, held, formulas=name == "csv")


FORMATS = {"csv": "csv", "jsonl": "jsonl", "label-studio": "json"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_read_back(tmp_path: Path, kind: str, name: str) -> None:
    held = annotations(kind)
    path = tmp_path / f"file.{FORMATS[name]}"
    write(path, name, held)
    found = read(path, name, held.question)
    items, answers = list(found.items), list(found.given)
    assert {item.key: item for item in items} == {item.key: item for item in held.items}
    by_id = {one.answer_id: one for one in answers}
    assert by_id == {one.answer_id: given(one) for one in held.answers}


def test_boxes_come_back_from_coco(tmp_path: Path) -> None:
    held = annotations("boxes")
    write(tmp_path / "a.json", "coco", held)
    found = read(tmp_path / "a.json", "coco", held.question)
    assert list(found.items) == list(held.items)
    back = {one.answer_id: (one.annotator, one.act, one.key, one.value) for one in found.given}
    assert back == {one.answer_id: (one.annotator, one.act, one.key, one.value) for one in held.answers}


def test_a_coco_file_of_others_is_read(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    held = {
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": 10, "height": 20},
            {"id": 8, "file_name": "b.jpg"},
        ],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "area": 12}],
    }
    path.write_text(json.dumps(held))
    assert coco_labels(path) == ("cat",)
    found = read_coco(path, "instances.json", Question(kind="boxes", labels=("cat",)))
    assert [item.key for item in found.items] == ["7", "8"]
    (one,) = found.given
    assert (one.key, one.value) == ("7", [{"label": "cat", "x": 1, "y": 2, "width": 3, "height": 4}])


def test_a_label_studio_export_of_others_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["spam"]}}]
    task = {
        "id": 12,
        "data": {"text": "win!", "meta_info": {"a": 1}},
        "annotations": [
            {"completed_by": {"id": 4, "email": "a@b.c"}, "result": result, "lead_time": 2.5},
            {"completed_by": 5, "result": [], "was_cancelled": True},
        ],
    }
    path.write_text(json.dumps([task]))
    found = read_label_studio(path, "export.json", Question(kind="single", labels=("spam", "ham")))
    assert list(found.items) == [Item(key="12", content={"text": "win!", "meta_info": '{"a": 1}'})]
    answers = list(found.given)
    assert [(one.annotator, one.act, one.value) for one in answers] == [
        ("a@b.c", "answer", "spam"),
        ("5", "skip", None),
    ]
    assert (
        answers[0].answer_id
        == next(read_label_studio(path, "x", Question(kind="single", labels=("spam", "ham"))).given).answer_id
    ), "imported again it is the same answer"


def test_a_foreign_table_says_by_options_what_its_columns_are(tmp_path: Path) -> None:
    path = tmp_path / "crowd.csv"
    path.write_text("id,text,worker,said\n1,hello,w1,yes\n1,hello,w2,no\n2,there,w1,yes\n")
    columns = Columns(key="id", annotator="worker", answer="said")
    found = read_table_of_annotations(path, "crowd.csv", KINDS["single"][0], columns)
    assert [(item.key, item.content) for item in found.items] == [
        ("1", {"text": "hello"}),
        ("2", {"text": "there"}),
    ]
    assert [(one.key, one.annotator, one.value) for one in found.given] == [
        ("1", "w1", "yes"),
        ("1", "w2", "no"),
        ("2", "w1", "yes"),
    ]
    with pytest.raises(SourceError, match="the column 'worke'"):
        read_table_of_annotations(path, "crowd.csv", KINDS["single"][0], Columns(annotator="worke"))


@pytest.mark.parametrize(("kind", "cell"), [("scalar", "many"), ("multi", "a,b"), ("boxes", "{")])
def test_an_answer_that_cannot_be_read_is_told(tmp_path: Path, kind: str, cell: str) -> None:
    path = tmp_path / "crowd.csv"
    path.write_text(f'text,worker,said\nhello,w1,"{cell}"\n')
    columns = Columns(annotator="worker", answer="said")
    with pytest.raises(SourceError, match="as an answer"):
        list(read_table_of_annotations(path, "crowd.csv", KINDS[kind][0], columns).given)


def test_no_cell_of_a_csv_export_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, "csv", annotations("single"))
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    unsafe = [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert unsafe == ["-5"], "a plain number stays one"
    assert sum(cell.startswith("'") for cell in cells) > 20


@pytest.mark.parametrize("text", [*AWKWARD, "", "-5", "+1e3", "'=x", "\r", "5"])
def test_formulas_made_harmless_come_back(text: str) -> None:
    assert original(neutral(text)) == text


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "../x.jpg", "a/../../x.jpg", "C:\\x.jpg", "..\\x.jpg", "http://a/b.jpg", "\\\\host\\x",
        "", "a\0b",
    ],
)  # fmt: skip
def test_an_image_outside_the_project_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="inside the project's folder"):
        name_inside(name)
    path = tmp_path / "items.csv"
    path.write_text(f'picture,text\n"{name}",a\nb.jpg,c\n')
    question = Question(kind="boxes", labels=("cat",))
    if name and "\0" not in name:
        with pytest.raises(SourceError, match="inside the project's folder"):
            list(read_table_of_annotations(path, "items.csv", question, Columns(image="picture")).items)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "in.jpg").write_bytes(b"x")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    assert file_inside(folder, "in.jpg").read_bytes() == b"x"
    for name in ("out.jpg", "none.jpg"):
        with pytest.raises(SourceError):
            file_inside(folder, name)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"images": 3}', "[]x"])
@pytest.mark.parametrize("reader", [read_coco, read_label_studio])
def test_what_is_no_such_file_is_told(tmp_path: Path, text: str, reader: Any) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"a\.json"):
        reader(path, "a.json", Question(kind="boxes", labels=("cat",)))


def test_coco_is_for_boxes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="boxes on images"):
        write_coco(tmp_path / "a.json", annotations("single"))
