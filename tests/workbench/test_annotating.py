"""Items are dealt to a page, what it sends is stored once, and what does not fit is refused in four parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelwright.errors import StorageError
from modelwright.project import Project, open_annotations
from modelwright.records import Item, Question

LABELS = ("spam", "ham")
NASTY = "</script><script>alert(1)</script>"


@pytest.fixture
def ask(ask_of: Any, tmp_path: Path) -> Iterator[Any]:
    folder = tmp_path / "messages"
    Project.create(folder).close()
    with open_annotations(folder) as store:
        store.begin(Question(kind="single", labels=(*LABELS, NASTY)))
        store.add(Item(key=f"m{place}", content={"text": f"message {place} {NASTY}"}) for place in range(20))
    asked = ask_of(folder)
    yield asked
    asked.bench.annotation.close()


def deal(ask: Any, count: int = 3, annotator: str = "Ada") -> list[dict[str, Any]]:
    answer = ask("/annotate/deal", "POST", {"annotator": annotator, "tab": "one", "count": count})
    assert answer.status == 200
    return json.loads(answer.body)["items"]


def given(key: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "answer_id": f"a{number}",
        "annotator": "Ada",
        "act": "answer",
        "key": key,
        "value": "spam",
    } | more


def test_the_room_asks_the_question_and_escapes_its_labels(ask: Any) -> None:
    page = ask("/annotate").text
    assert "alert(1)</script>" not in page
    assert "\\u003cscript>alert(1)" in page


def test_what_is_dealt_is_answered_and_not_dealt_again(ask: Any) -> None:
    items = deal(ask)
    assert len(items) == 3
    acts = [given(item["key"], place) for place, item in enumerate(items)]
    receipts = json.loads(ask("/annotate/acts", "POST", {"acts": acts}).body)["receipts"]
    assert [one["key"] for one in receipts] == [item["key"] for item in items]
    assert not {item["key"] for item in deal(ask)} & {item["key"] for item in items}


def test_an_act_sent_twice_is_stored_once(ask: Any) -> None:
    (item,) = deal(ask, 1)
    first, second = (
        json.loads(ask("/annotate/acts", "POST", {"acts": [given(item["key"], 1)]}).body)["receipts"][0]
        for _ in range(2)
    )
    assert (first["again"], second["again"]) == (False, True)
    assert first["sequence"] == second["sequence"]


def test_what_was_undone_can_be_had_again(ask: Any) -> None:
    (item,) = deal(ask, 1)
    acts = [given(item["key"], 1), {"answer_id": "u", "annotator": "Ada", "act": "undo"}]
    receipts = json.loads(ask("/annotate/acts", "POST", {"acts": acts}).body)["receipts"]
    assert receipts[1]["key"] == item["key"]
    again = ask("/annotate/again", "POST", {"annotator": "Ada", "key": item["key"], "tab": "one"})
    assert json.loads(again.body)["item"]["key"] == item["key"]


@pytest.mark.parametrize(
    "acts",
    [
        "none",
        [{}],
        [{"answer_id": 1, "annotator": "Ada"}],
        [given("m1", 1, value="neither")],
        [given("no such item", 1)],
        [given("m1", 1, act="skip")],
        [given("m1", 1, annotator=" ")],
        [given("m1", place) for place in range(1_001)],
    ],
)
def test_what_does_not_fit_is_refused_whole(ask: Any, acts: Any) -> None:
    answer = ask("/annotate/acts", "POST", {"acts": acts})
    assert answer.status == 422
    assert set(json.loads(answer.body)) == {"where", "expected", "received", "do_this"}
    with open_annotations(ask.bench.folder) as store:
        assert store.answers() == []


def test_a_guideline_has_versions(ask: Any) -> None:
    for number, text in enumerate(("Spam is what nobody asked for.", "Spam sells."), start=1):
        answer = ask("/annotate/guideline", "POST", {"text": text, "author": "Ada"})
        assert json.loads(answer.body) == {"version": number}
    page = ask("/annotate").text
    assert "Spam sells." in page
    assert "nobody asked for" in page


def pictured(ask: Any, **images: str) -> None:
    with open_annotations(ask.bench.folder) as store:
        store.add(Item(key=key, image=image) for key, image in images.items())


@pytest.mark.parametrize("image", ["../secret.png", "/etc/passwd", "task.toml", "none.png", "out.png", ""])
def test_only_images_inside_the_project_are_shown(ask: Any, image: str) -> None:
    """Whatever an item says: imports refuse such names, and so does this."""
    (ask.bench.folder.parent / "secret.png").write_bytes(b"secret")
    (ask.bench.folder / "out.png").symlink_to(ask.bench.folder.parent / "secret.png")
    (ask.bench.folder / "task.toml").write_bytes(b"secret")
    pictured(ask, one=image)
    answer = ask("/annotate/image?key=one")
    assert answer.status == 422
    assert b"secret</" not in answer.body


@pytest.mark.parametrize("query", ["key=a.png", "name=a.png", "key=../a.png", "key=", ""])
def test_only_images_of_items_are_shown(ask: Any, query: str) -> None:
    (ask.bench.folder / "a.png").write_bytes(b"another's")
    answer = ask(f"/annotate/image?{query}")
    assert (answer.status, b"another's" in answer.body) == (422, False)


def test_an_image_is_shown_as_one(ask: Any) -> None:
    (ask.bench.folder / "photos").mkdir()
    (ask.bench.folder / "photos" / "a.png").write_bytes(b"\x89PNG")
    pictured(ask, one="photos/a.png")
    answer = ask("/annotate/image?key=one")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")


def test_before_anything_is_imported_the_page_says_how(ask_of: Any, tmp_path: Path) -> None:
    ask = ask_of(tmp_path / "nothing")
    assert "modelwright annotate" in ask("/annotate").text
    assert ask("/annotate/deal", "POST", {"annotator": "Ada"}).status == 422


def test_what_cannot_be_stored_now_is_not_refused_but_wanted_again(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page drops what is refused; a full disk is no fault of the answers."""
    (item,) = deal(ask, 1)

    def full(*_: object) -> None:
        raise StorageError(where="the disk", expected="room", received="none", do_this="Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(ask.bench.annotation.required(), "record_all", full)
        assert ask("/annotate/acts", "POST", {"acts": [given(item["key"], 1)]}).status == 503
    assert ask("/annotate/acts", "POST", {"acts": [given(item["key"], 1)]}).status == 200


def test_gold_items_look_like_all_others(ask: Any) -> None:
    with open_annotations(ask.bench.folder) as store:
        store.add(Item(key=f"g{place}", content={"text": "known"}, gold="spam") for place in range(20))
    seen: dict[str, dict[str, Any]] = {}
    for number in range(39):
        (item,) = deal(ask, 1)
        seen[item["key"]] = item
        ask("/annotate/acts", "POST", {"acts": [given(item["key"], number)]})
    assert {key[0] for key in seen} == {"g", "m"}
    assert "gold" not in json.dumps(list(seen.values()))
    assert len({frozenset(item) for item in seen.values()}) == 1
