"""Answers become a data set that says how far they may be trusted; the adviser says who should answer."""

from __future__ import annotations

from typing import Any

import polars
import pytest

from modelwright.define.annotate import annotate, gather
from modelwright.define.labellers import choose_labellers, labels_for
from modelwright.errors import DataError, UsageError
from modelwright.records import Answer, Item, Question, Source
from modelwright.statistics.boxes import boxes_together, likeness
from modelwright.statistics.intervals import wilson_of_counts

SPAM = Question(kind="single", labels=("ham", "spam"))


def answer(key: str, by: str, value: Any, act: Any = "answer", prelabel: Any = "none") -> Answer:
    return Answer(
        sequence=0,
        answer_id="",
        key=key,
        annotator=by,
        act=act,
        value=value,
        reason="",
        seconds=1.0,
        guideline=1,
        track="random",
        prelabel=prelabel,
        of=None,
        at_utc="2026-01-01T00:00:00.000+00:00",
    )


def annotated(
    desk: Any, question: Question, items: list[Item], answers: list[Answer], random: int = 0
) -> Any:
    path = desk.folder / "gathered.parquet"
    gather(items, answers, {item.key for item in items[:random]}).write_parquet(path)
    source = Source(name="gathered.parquet", file=desk.keep(path, "file"))
    return annotate(desk, None, question, source, population=1_000)


def texts(count: int, **more: Any) -> list[Item]:
    return [
        Item(key=f"i{n}", content={"text": f"text number {n}", "size": str(n)}, **more) for n in range(count)
    ]


def test_the_majority_of_three_becomes_the_label_beside_its_confidence(desk: Any) -> None:
    items = texts(40)
    answers = [
        answer(item.key, by, "spam" if n % 3 == 0 and (by != "cai" or n % 2) else "ham")
        for n, item in enumerate(items)
        for by in ("ann", "bob", "cai")
    ]
    found = annotated(desk, SPAM, items, answers, random=20)
    table: polars.DataFrame = desk.read(found.dataset.table)
    assert table["label"].to_list() == ["spam" if n % 3 == 0 else "ham" for n in range(40)]
    assert found.dataset.classes == ("ham", "spam")
    roles = {column.name: column.role for column in found.dataset.columns}
    assert (roles["label"], roles["label_confidence"]) == ("target", "ignored")
    assert {one.name for one in found.agreement} == {"Krippendorff's alpha", "Fleiss' kappa"}
    assert all(one.estimate.low < one.estimate.value < 1 for one in found.agreement)
    assert [one.name for one in found.annotators] == ["ann", "bob", "cai"]
    assert desk.read(found.answers).height == 120
    assert found.items == 1_000


def test_an_adjudication_counts_before_the_consensus_and_gold_before_both(desk: Any) -> None:
    items = [*texts(20), Item(key="g", content={"text": "gold", "size": "1"}, gold="ham")]
    answers = [answer(item.key, by, "spam") for item in items for by in ("ann", "bob")]
    answers += [answer("i3", "cai", "ham", "adjudicate"), answer("i4", "ann", None, "skip")]
    found = annotated(desk, SPAM, items, answers)
    table = desk.read(found.dataset.table)
    assert table["label"].to_list() == ["spam"] * 3 + ["ham"] + ["spam"] * 16 + ["ham"]
    assert found.adjudicated == 1
    assert all(one.gold.value == 0 for one in found.annotators)


def test_shares_of_all_come_from_the_random_part(desk: Any) -> None:
    items = texts(60)
    answers = [answer(item.key, "ann", "spam" if n >= 40 else "ham") for n, item in enumerate(items)]
    found = annotated(desk, SPAM, items, answers, random=40)
    assert found.random_rows == 40
    assert found.shares["spam"].value == 0
    assert found.shares["spam"].high == pytest.approx(wilson_of_counts(0, 40)[1])
    assert found.naive_shares["spam"] == pytest.approx(1 / 3)
    assert found.agreement[0].estimate is None
    assert "two answers" in found.agreement[0].reason


def test_anchoring_is_what_showing_a_prelabel_does(desk: Any) -> None:
    items = texts(200, prelabel="spam")
    answers = [
        answer(
            item.key, "ann", "spam" if n % 2 or n >= 100 else "ham", prelabel="hidden" if n < 100 else "shown"
        )
        for n, item in enumerate(items)
    ]
    found = annotated(desk, SPAM, items, answers)
    assert found.anchoring.value == pytest.approx(0.5)
    assert 0.35 < found.anchoring.low < 0.5 < found.anchoring.high < 0.65


def test_a_models_probabilities_weigh_in(desk: Any) -> None:
    items = texts(40, probabilities=(0.1, 0.9))
    answers = [
        answer(item.key, by, SPAM.labels[n % 2]) for n, item in enumerate(items) for by in ("ann", "bob")
    ]
    assert annotated(desk, SPAM, items, answers).method == "crowdlab"


def test_several_labels_are_a_target_each(desk: Any) -> None:
    question = Question(kind="multi", target="topic", labels=("food", "war"))
    items = texts(12)
    values = [["food"], ["war"], ["food", "war"], []]
    answers = [answer(item.key, by, values[n % 4]) for n, item in enumerate(items) for by in ("ann", "bob")]
    found = annotated(desk, question, items, answers)
    table = desk.read(found.dataset.table)
    assert table["topic_food"].to_list() == [1.0, 0.0, 1.0, 0.0] * 3
    assert table["topic_war"].to_list() == [0.0, 1.0, 1.0, 0.0] * 3
    assert [column.name for column in found.dataset.targets] == ["topic_food", "topic_war"]


def test_numbers_come_to_their_median(desk: Any) -> None:
    items = texts(30)
    answers = [
        answer(item.key, by, float(n) + off)
        for n, item in enumerate(items)
        for by, off in (("ann", 0.0), ("bob", 0.5), ("cai", 100.0))
    ]
    found = annotated(desk, Question(kind="scalar", target="minutes"), items, answers, random=30)
    table = desk.read(found.dataset.table)
    assert table["minutes"].to_list() == [n + 0.5 for n in range(30)]
    assert found.shares["mean"].value == pytest.approx(15.0)


def test_boxes_come_to_those_that_most_drew(desk: Any) -> None:
    def box(x: float, label: str = "cat") -> dict[str, Any]:
        return {"label": label, "x": x, "y": 0.0, "width": 10.0, "height": 10.0}

    drawn = [[box(0), box(50)], [box(1)], [box(2), box(80, "dog")]]
    boxes, sure = boxes_together(drawn)
    assert boxes == [box(1)]
    assert sure == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert likeness(drawn) == pytest.approx((2 / 3 + 2 / 4 + 2 / 3) / 3)
    items = [Item(key=f"i{n}", image=f"{n}.jpg") for n in range(4)]
    answers = [answer(item.key, by, own) for item in items for by, own in zip("abc", drawn, strict=True)]
    found = annotated(desk, Question(kind="boxes", labels=("cat", "dog")), items, answers)
    assert found.dataset.rows == 4
    assert found.agreement[0].estimate.value == pytest.approx(likeness(drawn))


def test_without_answers_there_is_no_data_set(desk: Any) -> None:
    with pytest.raises(DataError, match="none yet"):
        annotated(desk, SPAM, texts(3), [answer("i1", "ann", None, "skip")])


# The adviser.


@pytest.mark.parametrize(("half_width", "share"), [(0.03, 0.5), (0.01, 0.1), (0.1, 0.5)])
def test_so_many_labels_are_enough_and_one_less_is_not(half_width: float, share: float) -> None:
    labels = labels_for(half_width, share, 10**9)

    def width(count: int) -> float:
        low, high = wilson_of_counts(round(share * count * 1_000), count * 1_000, 1.959964 * 1_000**0.5)
        return (high - low) / 2

    assert width(labels) <= half_width < width(labels - 1)


def test_of_few_items_fewer_are_enough() -> None:
    assert labels_for(0.03, 0.5, 10**9) == 1064
    assert labels_for(0.03, 0.5, 1_000) < 600
    assert labels_for(0.001, 0.5, 50) == 50


@pytest.mark.parametrize(
    ("given", "who"),
    [
        ({"items": 1_000, "half_width": 0.05}, "Label it yourself"),
        ({"items": 10**6, "half_width": 0.01}, "Have a crowd"),
        ({"items": 10**6, "half_width": 0.01, "sensitive": True}, "Have specialists"),
        ({"items": 10**6, "half_width": 0.01, "expertise": "expert"}, "Have specialists"),
    ],
)
def test_expertise_sensitivity_and_volume_decide_who_labels(given: Any, who: str) -> None:
    found = choose_labellers(**given)
    assert found.advice.startswith(who)
    crowd = next(one for one in found.options if one.who == "crowd")
    assert crowd.possible == ("sensitive" not in given and "expertise" not in given)
    for one in found.options:
        assert one.answers == found.labels * one.answers_each
        assert one.hours == pytest.approx(one.answers * found.seconds / 3600, abs=0.05)


def test_costs_are_yours_to_state() -> None:
    cheap = choose_labellers(items=5_000, cost_an_hour={"crowd": 1.0}).options[1]
    usual = choose_labellers(items=5_000).options[1]
    assert cheap.cost == pytest.approx(usual.cost / 12, rel=0.01)


@pytest.mark.parametrize("wrong", [{"items": 0}, {"items": 5, "half_width": 0.6}, {"items": 5, "share": 2.0}])
def test_impossible_questions_are_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="adviser"):
        choose_labellers(**wrong)


@pytest.mark.parametrize("how", ["gold", "adjudicate"])
def test_annotators_are_held_to_what_is_known(desk: Any, how: str) -> None:
    """Two who never agree: without anything known nobody can tell who is right."""
    items = texts(40, gold="ham" if how == "gold" else None)
    answers = [answer(item.key, by, said) for item in items for by, said in (("ann", "ham"), ("bob", "spam"))]
    items.append(Item(key="other", content={"text": "other", "size": "1"}))
    answers.append(answer("other", "bob", "spam"))
    if how == "adjudicate":
        answers += [answer(item.key, "cai", "ham", "adjudicate") for item in items[:40]]
    ann, bob = annotated(desk, SPAM, items, answers).annotators
    assert ann.accuracy.low > 0.9
    assert bob.accuracy.high < 0.1
