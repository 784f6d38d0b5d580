"""What is acknowledged is kept once; who is given what next is fair, quick and, in part, random."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.errors import CorruptError, SourceError, StorageError, UsageError
from modelwright.ledger.annotations import AnnotationStore
from modelwright.records import AnnotationRules, Given, Item, Question

TOY = Path(__file__).with_name("toy_annotator.py")
QUESTION = Question(kind="single", labels=("no", "yes"))
PLAIN = AnnotationRules(overlap_share=0)


def item(number: int, **more: Any) -> Item:
    return Item(key=f"i{number}", content={"text": f"text {number}"}, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "annotations.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[AnnotationStore]:
    with AnnotationStore(path) as opened:
        opened.begin(QUESTION, PLAIN)
        opened.add(item(number) for number in range(50))
        yield opened


def give(store: AnnotationStore, key: str, value: Any = "yes", by: str = "ann", **more: Any) -> Any:
    more = {"answer_id": os.urandom(8).hex(), **more}
    return store.record(Given(annotator=by, key=key, value=value, **more))


def work(store: AnnotationStore, by: str, count: int, value: Any = "yes") -> list[Any]:
    dealt = []
    for _ in range(count):
        (one,) = store.deal(by)
        dealt.append(one)
        give(store, one.key, value, by)
    return dealt


# Stored once, undone and redone.


def test_an_answer_sent_again_is_stored_once(store: AnnotationStore) -> None:
    first = give(store, "i1", answer_id="a")
    again = give(store, "i1", answer_id="a")
    assert (again.again, again.sequence) == (True, first.sequence)
    assert len(store.history()) == 1


def test_an_id_used_for_another_answer_is_refused(store: AnnotationStore) -> None:
    give(store, "i1", answer_id="a")
    for key, value in (("i1", "no"), ("i2", "yes")):
        with pytest.raises(UsageError, match="a new id"):
            give(store, key, value, answer_id="a")


def test_two_tabs_and_many_threads_store_each_answer_once(store: AnnotationStore) -> None:
    ids = [f"a{number}" for number in range(40)]

    def tab(order: list[str]) -> None:
        for name in order:
            store.record(Given(answer_id=name, annotator="ann", key=f"i{name[1:]}", value="yes"))

    threads = [threading.Thread(target=tab, args=(ids[::step],)) for step in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.answer_id for one in store.history()) == sorted(ids)


def test_undo_and_redo_are_acts_and_take_nothing_away(store: AnnotationStore) -> None:
    give(store, "i1", "yes")
    give(store, "i1", "no")
    give(store, "i2", "yes")

    def standing() -> dict[str, Any]:
        return {one.key: one.value for one in store.answers()}

    assert standing() == {"i1": "no", "i2": "yes"}
    assert give(store, "", act="undo").key == "i2"
    assert give(store, "", act="undo").key == "i1"
    assert standing() == {"i1": "yes"}
    assert give(store, "", act="redo").key == "i1"
    assert give(store, "", act="redo").key == "i2"
    assert standing() == {"i1": "no", "i2": "yes"}
    assert give(store, "", act="redo").key == ""
    assert [one.act for one in store.history()] == ["answer"] * 3 + ["undo"] * 2 + ["redo"] * 3
    store.check()


def test_after_a_new_answer_nothing_is_redone(store: AnnotationStore) -> None:
    give(store, "i1")
    give(store, "", act="undo")
    give(store, "i2")
    assert give(store, "", act="redo").key == ""


def test_an_undo_sent_again_undoes_once(store: AnnotationStore) -> None:
    give(store, "i1")
    give(store, "i2")
    give(store, "", act="undo", answer_id="u")
    assert give(store, "", act="undo", answer_id="u").again
    assert [one.key for one in store.answers()] == ["i1"]


def test_everyone_undoes_her_own_acts(store: AnnotationStore) -> None:
    give(store, "i1", by="ann")
    give(store, "i2", by="bob")
    assert give(store, "", act="undo", by="ann").key == "i1"
    assert [one.annotator for one in store.answers()] == ["bob"]


def test_what_was_undone_is_dealt_again(store: AnnotationStore) -> None:
    dealt = [one.key for one in work(store, "ann", 50)]
    assert store.deal("ann") == []
    give(store, "", act="undo")
    assert [one.key for one in store.deal("ann")] == dealt[-1:]


def test_an_item_is_shown_again_to_who_undid_it(store: AnnotationStore) -> None:
    (dealt,) = store.deal("ann", tab="one")
    give(store, dealt.key)
    key = give(store, "", act="undo").key
    assert store.deal_again("ann", key, tab="one") == dealt
    assert store.deal("ann", tab="one") == [dealt]
    assert store.deal_again("ann", "no such item") is None


def test_the_history_cannot_be_changed(store: AnnotationStore) -> None:
    give(store, "i1")
    for statement in ("UPDATE history SET value = '\"no\"'", "DELETE FROM history"):
        with pytest.raises(StorageError, match="append-only"), store._database.transaction() as connection:
            connection.execute(statement)


def test_what_stands_is_held_to_the_history(store: AnnotationStore) -> None:
    give(store, "i1")
    store.check()
    with store._database.transaction() as connection:
        connection.execute("DELETE FROM standing")
    with pytest.raises(CorruptError, match="1 answers that stand otherwise"):
        store.check()


def test_random_acts_come_to_what_a_plain_replay_comes_to(store: AnnotationStore) -> None:
    draw = random.Random(0)
    stacks: dict[str, tuple[list[Any], list[Any]]] = {name: ([], []) for name in ("ann", "bob")}
    for _ in range(400):
        by = draw.choice(("ann", "bob"))
        done, undone = stacks[by]
        act = draw.choices(("answer", "skip", "undo", "redo"), (4, 1, 3, 2))[0]
        if act in ("answer", "skip"):
            key, value = f"i{draw.randrange(8)}", draw.choice(QUESTION.labels)
            give(store, key, value, by, act=act, reason="unclear" if act == "skip" else "")
            done.append((key, act, value if act == "answer" else None))
            undone.clear()
        else:
            give(store, "", None, by, act=act)
            one, other = (done, undone) if act == "undo" else (undone, done)
            if one:
                other.append(one.pop())
    expected = {(by, key): (act, value) for by, (done, _) in stacks.items() for key, act, value in done}
    assert {(one.annotator, one.key): (one.act, one.value) for one in store.answers()} == expected
    store.check()


# What may be answered.


@pytest.mark.parametrize(
    ("question", "good", "bad"),
    [
        (QUESTION, "yes", ["maybe", 1.0, ["yes"], None]),
        (Question(kind="multi", labels=("a", "b")), ["b", "a"], ["a", ["c"], None]),
        (Question(kind="scalar", lowest=0, highest=5), 2.5, [6.0, -1, "x", float("nan"), None]),
        (
            Question(kind="boxes", labels=("cat",)),
            [{"label": "cat", "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}],
            [
                [{"label": "dog", "x": 1, "y": 2, "width": 3, "height": 4}],
                [{"label": "cat", "x": 1, "y": 2, "width": 0, "height": 4}],
                "cat",
            ],
        ),
    ],
    ids=["single", "multi", "scalar", "boxes"],
)
def test_answers_must_fit_the_question(path: Path, question: Question, good: Any, bad: list[Any]) -> None:
    with AnnotationStore(path) as store:
        store.begin(question, PLAIN)
        store.add([item(1)])
        for value in bad:
            with pytest.raises(UsageError, match="an answer for 'label'"):
                give(store, "i1", value)
        give(store, "i1", good)
        (kept,) = store.answers()
        assert kept.value == (sorted(good) if question.kind == "multi" else good)


def test_skipping_wants_a_reason(store: AnnotationStore) -> None:
    with pytest.raises(UsageError, match="a reason"):
        give(store, "i1", None, act="skip", reason=" ")
    give(store, "i1", None, act="skip", reason="not English")
    assert store.answers()[0].reason == "not English"
    assert (store.progress().skipped, store.progress().answered) == (1, 0)


def test_another_question_is_another_annotation(store: AnnotationStore) -> None:
    store.begin(QUESTION)
    with pytest.raises(UsageError, match="the same as when it began"):
        store.begin(Question(kind="scalar"))


@pytest.mark.parametrize("share", [0.1, 0.0, 1.5, float("nan")])
def test_a_fifth_at_least_stays_random(path: Path, share: float) -> None:
    with AnnotationStore(path) as store, pytest.raises(UsageError, match=r"0\.2 to 1"):
        store.begin(QUESTION, AnnotationRules(random_share=share))


# Items.


def test_items_imported_again_are_there_once(store: AnnotationStore) -> None:
    assert store.add([item(3), item(60), item(60)]) == (1, 2)
    assert store.progress().items == 51
    with pytest.raises(SourceError, match="another one"):
        store.add([Item(key="i3", content={"text": "changed"})])


def test_an_import_that_fails_adds_nothing(store: AnnotationStore) -> None:
    with pytest.raises(UsageError, match="an answer for"):
        store.add([item(100), item(101, gold="perhaps")])
    assert store.progress().items == 50


# Who is given what.


def test_two_annotators_get_different_items_and_a_tab_its_own_again(store: AnnotationStore) -> None:
    ann = store.deal("ann", tab="one", count=5)
    assert store.deal("ann", tab="one", count=5) == ann
    others = [store.deal("ann", tab="two", count=5), store.deal("bob", count=5)]
    keys = [one.key for dealt in (ann, *others) for one in dealt]
    assert len(set(keys)) == 15


def test_a_lease_runs_out(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(overlap_share=0, lease_seconds=-1))
        store.add([item(1)])
        assert [one.key for one in store.deal("ann")] == ["i1"] == [one.key for one in store.deal("bob")]


def test_as_many_answer_an_item_as_are_wanted(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(answers_each=2, overlap_share=0))
        store.add(item(number) for number in range(10))
        for by in ("ann", "bob"):
            assert len({one.key for one in work(store, by, 10)}) == 10
            assert store.deal(by) == []
        assert store.deal("cai") == []
        assert store.progress().open == 0


def test_a_share_of_items_is_answered_by_several(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(overlap_share=0.3, overlap_answers=3))
        store.add(item(number) for number in range(300))
        work(store, "ann", 300)
        assert 60 <= len([one for one in range(300) if store.deal("bob", count=one + 1)[one:]]) <= 120


def test_the_order_is_the_seeds_whatever_the_files(tmp_path: Path) -> None:
    orders = []
    for seed, numbers in ((1, range(40)), (1, reversed(range(40))), (2, range(40))):
        with AnnotationStore(tmp_path / f"{len(orders)}.sqlite") as store:
            store.begin(QUESTION, AnnotationRules(overlap_share=0, seed=seed))
            store.add(map(item, numbers))
            orders.append([one.key for one in work(store, "ann", 40)])
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_priority_comes_first_and_the_random_share_all_along(path: Path, share: float) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(overlap_share=0, random_share=share))
        store.add(item(number) for number in range(400))
        assert store.put_first([f"i{number}" for number in range(399, -1, -1)]) == 400
        dealt = work(store, "ann", 100)
        by_chance = np.cumsum([one.track == "random" for one in dealt])
        assert (by_chance >= share * np.arange(1, 101)).all()
        assert by_chance[-1] <= share * 100 + 1
        first = [int(one.key[1:]) for one in dealt if one.track == "priority"]
        assert first == sorted(first, reverse=True)
        assert first[0] == 399


def test_items_added_later_are_not_passed_over(store: AnnotationStore) -> None:
    work(store, "ann", 50)
    store.add(item(number) for number in range(50, 80))
    assert {one.key for one in work(store, "ann", 30)} == {f"i{number}" for number in range(50, 80)}


def test_gold_is_dealt_to_everyone_unseen_and_counted(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(overlap_share=0, gold_share=0.2))
        store.add(item(number) for number in range(200))
        store.add(item(number, gold="yes") for number in range(1_000, 1_010))
        for by, value in (("ann", "yes"), ("bob", "no")):
            dealt = work(store, by, 80, value)
            assert 5 <= Counter(one.track for one in dealt)["gold"] <= 10
        ann, bob = store.progress().annotators
        assert (ann.gold_right, bob.gold_right) == (ann.gold_answers, 0)
        assert store.progress().gold == 10


def test_a_random_tenth_of_prelabels_is_hidden_from_all_alike(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, PLAIN)
        store.add(item(number, prelabel="yes") for number in range(600))
        dealt = store.deal("ann", count=600)
        hidden = {one.key for one in dealt if one.prelabel is None}
        assert 35 <= len(hidden) <= 90
        for one in dealt[:200]:
            give(store, one.key)
        kept = {one.key: one.prelabel for one in store.answers()}
        assert {key for key, how in kept.items() if how == "hidden"} == hidden & set(kept)
        assert set(kept.values()) == {"hidden", "shown"}


def test_a_models_guess_is_shown_later_and_is_no_change_of_the_item(store: AnnotationStore) -> None:
    store.guess([("i1", "yes", (0.2, 0.8))])
    assert store.add([item(1)]) == (0, 1)
    assert next(one for one in store.items() if one.key == "i1").probabilities == (0.2, 0.8)


# Disagreement, guidelines, what holds of all.


def test_answers_that_differ_wait_for_somebody_to_decide(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(answers_each=2, overlap_share=0))
        store.add([item(1), item(2)])
        for key, values in (("i1", ("yes", "yes")), ("i2", ("yes", "no"))):
            for by, value in zip(("ann", "bob"), values, strict=True):
                give(store, key, value, by)
        assert store.progress().disputed == 1
        found = store.deal_disputed("cai")
        assert found is not None
        dealt, answers = found
        assert (dealt.key, [one.value for one in answers]) == ("i2", ["yes", "no"])
        assert store.deal_disputed("dot") is None, "cai has it"
        give(store, "i2", "no", "cai", act="adjudicate")
        assert (store.progress().disputed, store.progress().adjudicated) == (0, 1)
        give(store, "", by="cai", act="undo")
        assert (store.progress().disputed, store.progress().adjudicated) == (1, 0)


def test_of_a_gold_item_nobody_needs_to_decide(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, PLAIN)
        store.add([item(1, gold="yes")])
        for by, value in (("ann", "yes"), ("bob", "no")):
            give(store, "i1", value, by)
        assert store.progress().disputed == 0
        assert store.deal_disputed("cai") is None


def test_where_it_is_wished_who_answered_a_gold_item_is_told(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(overlap_share=0, gold_told=True))
        store.add([item(1, gold="yes"), item(2)])
        told = [give(store, "i1", "yes"), give(store, "i1", "no", "bob"), give(store, "i2")]
        assert [(one.right, one.known) for one in told] == [(True, "yes"), (False, "yes"), (None, None)]
        again = give(store, "i1", "no", "bob", answer_id=told[1].answer_id)
        assert (again.again, again.right) == (True, False)


def test_gold_is_told_to_nobody_unless_that_is_wished(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, PLAIN)
        store.add([item(1, gold="yes")])
        receipt = give(store, "i1", "no")
        assert (receipt.right, receipt.known) == (None, None)


def test_counts_kept_up_are_those_that_counting_finds(path: Path) -> None:
    """Through answers, skips, undoing, decisions and later imports; and a file of before has them, too."""
    draw = random.Random(5)
    with AnnotationStore(path) as store:
        store.begin(QUESTION, AnnotationRules(answers_each=2, overlap_share=0))
        for start in (0, 20):
            store.add(
                item(number, gold="yes" if number % 7 == 0 else None) for number in range(start, start + 20)
            )
            for _ in range(120):
                by, key = draw.choice(["ann", "bob"]), f"i{draw.randrange(start + 20)}"
                act = draw.choice(["answer", "answer", "answer", "skip", "undo", "redo", "adjudicate"])
                give(store, key, draw.choice(["yes", "no"]), by, act=act, reason="why")
                store.check()
        before = store.progress()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER items_tallied")
        connection.execute("DROP INDEX standing_answers")
        connection.execute("DROP TABLE tally")
        connection.execute("DELETE FROM migrations WHERE name = 'tallies'")
    connection.close()
    with AnnotationStore(path) as store:
        store.check()
        assert store.progress() == before


def test_an_annotators_pace_is_of_her_own_answers(store: AnnotationStore) -> None:
    work(store, "ann", 3)
    give(store, "i40", by="bob", seconds=4.0)
    assert (store.pace("bob").mine, store.pace("bob").median_seconds, store.pace("bob").answered) == (
        1,
        4.0,
        4,
    )
    assert (store.pace("ann").mine, store.pace("ann").median_seconds) == (3, None)


def test_every_version_of_the_guideline_is_kept_and_answers_say_which_was_read(
    store: AnnotationStore,
) -> None:
    give(store, "i1")
    assert store.write_guideline("Only spam is spam.", "ann") == 1
    assert store.write_guideline("Offers are spam too.", "bob") == 2
    give(store, "i2")
    assert [text for _, text, _, _ in store.guidelines()] == ["Only spam is spam.", "Offers are spam too."]
    assert [one.guideline for one in store.history()] == [0, 2]


def test_the_random_share_tells_what_holds_of_all_though_rare_ones_came_first(tmp_path: Path) -> None:
    """200 items, a tenth of them "yes"; these come first. Known from 60 draws to about a point."""
    shares, naive = [], []
    for seed in range(60):
        with AnnotationStore(tmp_path / f"{seed}.sqlite") as store:
            store.begin(QUESTION, AnnotationRules(overlap_share=0, random_share=0.3, seed=seed))
            store.add(item(number) for number in range(200))
            store.put_first([f"i{number}" for number in range(20)])
            answers = store.deal("ann", count=60)
            store.record_all(
                Given(
                    answer_id=f"{place}",
                    annotator="ann",
                    key=one.key,
                    value="yes" if int(one.key[1:]) < 20 else "no",
                )
                for place, one in enumerate(answers)
            )
            yes = {one.key for one in store.answers() if one.value == "yes"}
            drawn = store.random_keys()
            shares.append(len(yes & drawn) / len(drawn))
            naive.append(len(yes) / 60)
    assert np.mean(naive) > 0.3
    assert np.mean(shares) == pytest.approx(0.1, abs=0.02)


def test_where_all_was_seen_all_is_known(store: AnnotationStore) -> None:
    work(store, "ann", 50)
    assert len(store.random_keys()) == 50


# Killed.


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOY), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


MOST_IN_A_LIFE = 15
"""Answers; with more, a process lived too long for its death to prove much."""


def test_500_answers_of_three_annotators_killed_at_random_are_each_stored_once(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, PLAIN)
        store.add(item(number) for number in range(520))
    moments, acknowledged, killed = random.Random(7), [], 0
    names = ("ann", "bob", "cai")

    def annotator(name: str, out: list[str], kills: list[int]) -> None:
        longest = 0.06
        while len(out) < 170:
            done = run(path, name, 170 - len(out), moments.uniform(0.2, 1.0) * longest)
            said = done.stdout.split()
            # this machine is faster or, with nothing done, slower than supposed
            longest *= 0.5 if len(said) > MOST_IN_A_LIFE else 1.0 if said else 1.6
            out += said
            kills.append(done.returncode)
            assert done.returncode in (0, -signal.SIGKILL), done.stderr

    outs: dict[str, list[str]] = {name: [] for name in names}
    codes: dict[str, list[int]] = {name: [] for name in names}
    threads = [threading.Thread(target=annotator, args=(name, outs[name], codes[name])) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    acknowledged = [answer for out in outs.values() for answer in out]
    killed = sum(code != 0 for each in codes.values() for code in each)
    with AnnotationStore(path) as store:
        stored = Counter(one.answer_id for one in store.history())
        store.check()
        assert len({one.key for one in store.answers()}) == len(store.answers()), "nobody did another's work"
    assert killed >= 10
    assert len(acknowledged) >= 500
    assert set(acknowledged) <= set(stored), "each acknowledged answer is there"
    assert set(stored.values()) == {1}, "and once"


def test_a_process_killed_in_the_middle_leaves_a_whole_file(path: Path) -> None:
    with AnnotationStore(path) as store:
        store.begin(QUESTION, PLAIN)
        store.add(item(number) for number in range(5_000))
    done = run(path, "ann", 5_000, 0.3)
    assert done.returncode == -signal.SIGKILL
    with AnnotationStore(path) as store:
        stored = {one.answer_id for one in store.history()}
        store.check()
    assert 0 < len(done.stdout.split()) <= len(stored) <= len(done.stdout.split()) + 1
    assert set(done.stdout.split()) <= stored
