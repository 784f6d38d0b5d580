"""From a file of items to a data set of answers, by the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.cli import modelwright
from modelwright.cli.failing import told
from modelwright.define.annotate import annotate
from modelwright.project import Project, open_annotations
from modelwright.records import Given
from modelwright.workflow import annotating
from modelwright.workflow.annotating import collect_annotations, export_annotations, import_annotations


@pytest.fixture
def spam(tmp_path: Path) -> Path:
    file = tmp_path / "items.csv"
    rows = "\n".join(f"{n},=text {n},{'yes' if n % 10 == 0 else ''}" for n in range(40))
    file.write_text(f"id,text,known\n{rows}\n")
    call = ["annotate", str(tmp_path / "spam"), "--import", str(file), "--labels", "no,yes", "--key", "id"]
    assert told(modelwright, [*call, "--gold", "known"]) == 0
    return tmp_path / "spam"


def answer_all(project: Path, *names: str) -> None:
    with open_annotations(project) as store:
        for name in names:
            while dealt := store.deal(name):
                key = dealt[0].key
                value = "yes" if int(key) % 2 == 0 else "no"
                store.record(
                    Given(answer_id=f"{name}{key}", annotator=name, key=key, value=value, seconds=2.0)
                )


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert told(modelwright, [*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_items_are_imported_once_and_counted(spam: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "annotate", str(spam))
    assert (found["items"], found["gold"], found["question"]["labels"]) == (40, 4, ["no", "yes"])
    again = as_json(
        capsys,
        "annotate",
        str(spam),
        "--import",
        str(spam.parent / "items.csv"),
        "--key",
        "id",
        "--gold",
        "known",
    )
    assert (again["new"], again["known"]) == (0, 40)


def test_answers_become_a_data_set_whose_ancestry_the_ledger_knows(
    spam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_all(spam, "ann", "bob")
    found = as_json(capsys, "annotate", str(spam), "--collect")
    assert found["dataset"]["rows"] == 40
    table = polars.read_csv(found["file"], infer_schema=False)
    assert table["label"].to_list() == ["yes", "no"] * 20
    assert table["text"][0] == "'=text 0", "a spreadsheet runs no formula"
    with Project.open(spam) as project:
        entry = project.entry(annotate)
        assert entry is not None
        (adopted,) = [one for one in project.history() if one.step == "project.adopt"]
        assert json.loads(entry.origins) == [adopted.sequence]
        before = len(project.history())
    collect_annotations(spam)
    with Project.open(spam) as project:
        assert len(project.history()) == before, "unchanged answers are recalled"


def test_what_was_collected_is_told(spam: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer_all(spam, "ann")
    capsys.readouterr()
    assert told(modelwright, ["annotate", str(spam), "--collect"]) == 0
    said = capsys.readouterr().out
    for words in ("40 items with label", "consensus", "Krippendorff's alpha", "of all", "ann"):
        assert words in said
    assert told(modelwright, ["annotate", str(spam)]) == 0
    assert "40 answers, 0 skipped, 2.0 s each, gold 4/4" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json"])
def test_an_export_is_another_projects_import(spam: Path, ending: str) -> None:
    answer_all(spam, "ann", "bob")
    file = spam.parent / f"out.{ending}"
    count = export_annotations(spam, file)
    other = spam.parent / "other"
    with open_annotations(spam) as store:
        question, rules, answers = store.question, store.rules, store.answers()
    brought = import_annotations(other, file, question=question, rules=rules)
    assert (brought.new, brought.answers) == (40, count)
    with open_annotations(other) as store:
        found = {(one.answer_id, one.key, one.annotator, one.value) for one in store.answers()}
        assert found == {(one.answer_id, one.key, one.annotator, one.value) for one in answers}
    assert import_annotations(other, file).known_answers == count


def test_the_adviser_counts_the_items_and_uses_their_pace(
    spam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_all(spam, "ann")
    found = as_json(capsys, "annotate", str(spam), "--advise", "--within", "0.1", "--expertise", "none")
    assert (found["items"], found["seconds"]) == (40, 2.0)
    assert found["advice"].startswith("Label it yourself")
    assert told(modelwright, ["annotate", str(spam), "--advise", "--items", "100000", "--sensitive"]) == 0
    assert "must not be shown to people nobody knows" in capsys.readouterr().out


def test_somebody_is_invited_by_a_link_and_shut_out_again(
    spam: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = "https://lab.example:8443/enter?token=x"
    link = as_json(capsys, "annotate", str(spam), "--invite", "Ada", "--at", at)["link"]
    address, _, token = link.partition("#")
    assert address == "https://lab.example:8443/join"
    with open_annotations(spam) as store:
        entered = store.enter(token)
        assert entered is not None
        assert store.whose(entered[1]) == "Ada"
        assert told(modelwright, ["annotate", str(spam), "--revoke", "Ada"]) == 0
        assert store.whose(entered[1]) is None
        assert [one.state for one in store.invited()] == ["revoked"]


def test_gold_items_come_at_the_rate_that_is_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "items.csv"
    file.write_text(
        "id,text,known\n" + "\n".join(f"{n},text {n},{'a' if n < 300 else ''}" for n in range(900))
    )
    project = str(tmp_path / "asked")
    as_json(capsys, "annotate", project, "--import", str(file), "--labels", "a,b", "--key", "id",
            "--gold", "known", "--gold-share", "0.3", "--tell-gold")  # fmt: skip
    with open_annotations(project) as store:
        tracks = [one.track for one in store.deal("ann", count=600)]
        assert store.rules.gold_told
    assert 130 <= tracks.count("gold") <= 230


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--collect"], "none yet"),
        (["--import", "nothing.csv"], "nothing.csv"),
        (["--export", "a.json", "--format", "coco"], "boxes on images"),
        (["--prelabel"], "release"),
        (["--invite", "Ada"], "https://lab.example:8443"),
        (["--invite", "Ada", "--at", "javascript:alert(1)"], "https://lab.example:8443"),
        (["--invite", " ", "--at", "https://lab.example"], "a name"),
        (["--revoke", "Ada"], "Nobody is invited"),
    ],
)
def test_what_cannot_be_done_is_told_in_four_parts(
    spam: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(modelwright, ["annotate", str(spam), *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.out + said.err


def test_an_annotation_that_was_not_begun_is_told(tmp_path: Path) -> None:
    Project.create(tmp_path / "empty").close()
    for option in ("--status", "--collect", "--prelabel"):
        assert told(modelwright, ["annotate", str(tmp_path / "empty"), option]) == 2
    assert not (tmp_path / "empty" / ".modelwright" / "annotations.sqlite").exists()


@pytest.fixture
def doubtful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that is the less sure of "yes" the higher an item's number."""

    def answer_file(folder: Path, rows: Path, out: Path) -> None:
        del folder
        texts = polars.read_csv(rows, infer_schema=False)["text"]
        sure = [1 - int(text.removeprefix("=text ")) / 80 for text in texts]
        columns = {"prediction": ["yes"] * len(sure), "probability_yes": sure}
        polars.DataFrame({**columns, "probability_no": [1 - one for one in sure]}).write_csv(out)

    monkeypatch.setattr(annotating, "answer_file", answer_file)


@pytest.mark.usefixtures("doubtful")
def test_what_a_release_is_unsure_of_comes_first_with_its_answer(spam: Path) -> None:
    assert told(modelwright, ["annotate", str(spam), "--prelabel"]) == 0
    with open_annotations(spam) as store:
        dealt = [one for one in store.deal("ann", count=30) if one.track == "priority"]
        assert [int(one.key) for one in dealt] == sorted((int(one.key) for one in dealt), reverse=True)
        assert {one.prelabel for one in dealt} == {"yes", None}


@pytest.mark.usefixtures("doubtful")
def test_answers_that_a_release_doubts_come_first(spam: Path) -> None:
    answer_all(spam, "ann")
    assert told(modelwright, ["annotate", str(spam), "--prelabel", "--order", "errors"]) == 0
    with open_annotations(spam) as store:
        first = store._database.rows(
            "SELECT key FROM items WHERE priority_rank IS NOT NULL ORDER BY priority_rank"
        )
    # "no" was answered to odd numbers, and of those the release was surest of "yes" for the lowest.
    assert [int(key) for (key,) in first][:3] == [1, 3, 5]
