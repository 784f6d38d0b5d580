"""Imports, results and advice on the page: from inside the project only, and refused in four parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.define.labellers import labels_for
from modelwright.project import open_annotations
from modelwright.records import AnnotationRules

PARTS = {"where", "expected", "received", "do_this"}
FORM = {"kind": "single", "labels": "spam, ham, spam", "target": "label", "key": "number", "format": "csv"}


@pytest.fixture
def ask(ask_of: Any, tmp_path: Path) -> Iterator[Any]:
    asked = ask_of(tmp_path / "asked")
    yield asked
    asked.bench.annotation.close()


def sent(ask: Any, name: str = "items.csv", text: str = "number,text\n1,one\n2,two\n") -> Any:
    return ask("/annotate/file", "POST", text.encode(), headers={"x-file-name": name})


def brought(ask: Any, **form: Any) -> Any:
    return ask("/annotate/items", "POST", FORM | {"path": "imports/items.csv"} | form)


def test_a_file_that_is_sent_says_its_columns_and_becomes_items(ask: Any) -> None:
    held = json.loads(sent(ask).body)
    assert held == {"path": "imports/items.csv", "format": "csv", "columns": ["number", "text"]}
    found = json.loads(brought(ask, gold_share="10", gold_told=True).body)
    assert found == {"new": 2, "known": 0, "answers": 0, "known_answers": 0}
    with open_annotations(ask.bench.folder) as store:
        assert store.question is not None
        assert store.question.labels == ("spam", "ham")
        assert store.rules == AnnotationRules(gold_share=0.1, gold_told=True)
        assert [item.key for item in store.items()] == ["1", "2"]


def test_more_items_go_by_the_question_that_was_asked(ask: Any) -> None:
    sent(ask)
    brought(ask)
    sent(ask, "more.csv", "number,text\n2,two\n3,three\n")
    found = json.loads(brought(ask, path="imports/more.csv", labels="other, labels", kind="multi").body)
    assert (found["new"], found["known"]) == (1, 1)


@pytest.mark.parametrize("name", ["../../out.csv", "/etc/out.csv", "..\\..\\out.csv"])
def test_a_file_that_is_sent_lands_among_imports_whatever_it_is_called(ask: Any, name: str) -> None:
    assert json.loads(sent(ask, name).body)["path"] == "imports/out.csv"
    assert not list(ask.bench.folder.parent.glob("*.csv"))


@pytest.mark.parametrize("name", ["run.sh", "x.html", ".csv", ""])
def test_only_data_files_are_taken(ask: Any, name: str) -> None:
    answer = sent(ask, name)
    assert (answer.status, set(json.loads(answer.body))) == (422, PARTS)


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "link.csv", "none.csv", "", "imports"])
@pytest.mark.parametrize("address", ["/annotate/look", "/annotate/items"])
def test_only_files_inside_the_project_are_imported(ask: Any, path: str, address: str) -> None:
    sent(ask)
    (ask.bench.folder.parent / "secret.csv").write_text("number,text\n1,secret\n")
    (ask.bench.folder / "link.csv").symlink_to(ask.bench.folder.parent / "secret.csv")
    answer = ask(address, "POST", FORM | {"path": path})
    assert (answer.status, set(json.loads(answer.body))) == (422, PARTS)


@pytest.mark.parametrize(
    "wrong",
    [{"labels": "one"}, {"random_share": "19"}, {"random_share": "many"}, {"key": "no such column"}],
)
def test_what_cannot_be_asked_is_refused(ask: Any, wrong: dict[str, str]) -> None:
    sent(ask)
    answer = brought(ask, **wrong)
    assert (answer.status, set(json.loads(answer.body))) == (422, PARTS)


def test_an_export_is_the_file_that_the_command_writes(ask: Any) -> None:
    sent(ask, text="number,text\n1,=1+1\n2,two\n")
    brought(ask)
    answer = ask("/annotate/export/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    cells = polars.read_csv(answer.body, infer_schema=False)["text"].to_list()
    assert cells == ["'=1+1", "two"]
    assert ask("/annotate/export/coco").status == 422


def test_a_collection_without_answers_is_refused(ask: Any) -> None:
    sent(ask)
    brought(ask)
    answer = ask("/annotate/collect", "POST", {})
    assert (answer.status, set(json.loads(answer.body))) == (422, PARTS)


def test_the_adviser_tells_labels_and_costs(ask: Any) -> None:
    page = ask("/annotate/adviser?items=20000&expertise=expert&within=3&cost_specialists=100").text
    assert f"<b>{labels_for(0.03, 0.5, 20_000):,}</b> of 20,000 items" in page
    assert "not possible" in page
    assert 'value="100"' in page
    assert "drawn at random" not in ask("/annotate/adviser").text


@pytest.mark.parametrize("query", ["items=none", "items=0", "items=10&within=90", "items=9&cost_crowd=-1"])
def test_the_adviser_refuses_what_is_no_number(ask: Any, query: str) -> None:
    assert ask(f"/annotate/adviser?{query}").status == 422


@pytest.mark.parametrize("path", ["/annotate/results", "/annotate/people"])
def test_before_anything_was_imported_rooms_say_what_to_do(ask: Any, path: str) -> None:
    answer = ask(path)
    assert answer.status == 422
    assert "Import" in answer.text
