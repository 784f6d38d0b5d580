"""The annotation of a project: one SQLite file beside the ledger, safe for several processes and kill -9."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from modelwright.errors import UsageError
from modelwright.ledger.annotations import accounts, acting, counting, dealing
from modelwright.ledger.annotations.adding import add_items
from modelwright.ledger.annotations.ordering import all_items, guess, put_first
from modelwright.ledger.annotations.tables import MIGRATIONS
from modelwright.ledger.database import Database
from modelwright.records import (
    AnnotationRules,
    Answer,
    Dealt,
    Given,
    Invited,
    Item,
    Pace,
    Progress,
    Question,
    Receipt,
    decode,
    encode,
)

Result = TypeVar("Result")

CACHE_KIBIBYTES = 256 * 1024
"""Items are imported in random order of their ranks: with SQLite's usual 2 MB each one reads pages anew."""

LEAST_RANDOM = 0.2
"""With less than a fifth at random, what is known of all items rests on too few."""


class AnnotationStore:
    """What is to be annotated, who is given what, and what they answered.

    Everything that is acknowledged is on disk (`synchronous=FULL`). Threads and processes may share the file.

    Args:
        path: the file; made when absent.

    Raises:
        CorruptError: the file is broken.
        StorageError: it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, MIGRATIONS, checked=False)
        self._database.rows(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> AnnotationStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What is asked, and how items are dealt.

    def begin(self, question: Question, rules: AnnotationRules | None = None) -> None:
        """Say what is asked; said again, it must be the same.

        Raises:
            UsageError: it was begun with another question or other rules, or the rules cannot be.
        """
        rules = self._begun_rules() if rules is None else rules
        _require_possible(question, rules)
        with self._database.transaction() as connection:
            for name, value in (("question", question), ("rules", rules)):
                found = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
                if found is not None and decode(found[0], type(value)) != value:
                    raise _begun_otherwise(name, found[0], encode(value))
                connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, encode(value)))

    @property
    def question(self) -> Question | None:
        """What is asked; None before it was begun."""
        return self._setting("question", Question)

    @property
    def rules(self) -> AnnotationRules:
        """How items are dealt."""
        return self._begun_rules()

    def write_guideline(self, text: str, author: str) -> int:
        """Write a new version of the guideline; older ones stay.

        Returns:
            Its number.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO guidelines (text, author, at_utc) VALUES (?, ?, ?)", (text, author, at)
            )
            return cursor.lastrowid or 0

    def guidelines(self) -> list[tuple[int, str, str, str]]:
        """Every version: number, text, author, time (UTC), the first one first."""
        return self._database.rows("SELECT version, text, author, at_utc FROM guidelines ORDER BY version")  # pyright: ignore[reportReturnType]  # columns of these types

    # Items.

    def add(self, items: Iterable[Item]) -> tuple[int, int]:
        """Add items; those there already stay as they are.

        Returns:
            How many are new, and how many were there already.

        Raises:
            UsageError: nothing was begun, or gold or a pre-label does not fit the question.
            SourceError: an item is there already with another content.
        """
        question = self._required_question()
        with self._database.transaction() as connection:
            return add_items(connection, (_fitting(question, item) for item in items), self.rules)

    def put_first(self, keys: Sequence[str]) -> int:
        """Deal these items first, in this order, but for the random share; no keys: all in random order."""
        with self._database.transaction() as connection:
            return put_first(connection, keys)

    def guess(self, guesses: Iterable[tuple[str, Any, Sequence[float]]]) -> None:
        """Give items a model's answers as pre-labels, with its probabilities; gold items stay as they are.

        Args:
            guesses: each item's key, the answer (None where there is none), the probabilities.
        """
        with self._database.transaction() as connection:
            guess(connection, guesses)

    def items(self) -> Iterator[Item]:
        """Every item, in the order they came in."""
        return all_items(self._database.rows)

    def item(self, key: str) -> Item | None:
        """The item of that key; None where there is none."""
        rows = self._database.rows(
            "SELECT content FROM contents JOIN items USING (item) WHERE key = ?", (key,)
        )
        return decode(rows[0][0], Item) if rows else None

    # Annotators.

    def deal(self, annotator: str, *, tab: str = "", count: int = 1) -> list[Dealt]:
        """The next items for an annotator, kept from others for a while.

        Args:
            tab: names the page she works in: it gets what it holds again, another page gets other items.
            count: a page may hold some in store, so that the next is there at once.
        """
        with self._database.transaction(durable=False) as connection:
            place = _annotator(connection, annotator)
            found = dealing.deal(connection, place, annotator, self.rules, tab=tab, count=count)
            return [dealing.shown(connection, item, track) for item, track in found]

    def deal_again(self, annotator: str, key: str, *, tab: str = "") -> Dealt | None:
        """An item she was dealt before, after an undo say; None where there is no such item."""
        with self._database.transaction(durable=False) as connection:
            place = _annotator(connection, annotator)
            found = dealing.deal_again(connection, place, key, self.rules, tab=tab)
            return None if found is None else dealing.shown(connection, *found)

    def deal_disputed(self, annotator: str, *, tab: str = "") -> tuple[Dealt, list[Answer]] | None:
        """The next item whose answers differ, with those answers, for whoever decides; None without one."""
        with self._database.transaction(durable=False) as connection:
            place = _annotator(connection, annotator)
            item = dealing.deal_disputed(connection, place, self.rules, tab=tab)
            if item is None:
                return None
            return dealing.shown(connection, item, "disputed"), counting.answers_to(connection, item)

    def record(self, given: Given) -> Receipt:
        """Store what an annotator did: once it returns, it is on disk, and once only.

        Raises:
            UsageError: the answer does not fit the question, there is no such item, or the id was used
                before.
        """
        return self.record_all([given])[0]

    def record_all(self, given: Iterable[Given]) -> list[Receipt]:
        """Store several acts, all or none: an outbox sent again, or an import.

        Raises:
            UsageError: see `record`.
        """
        question, told = self._required_question(), self.rules.gold_told
        with self._database.transaction() as connection:
            receipts: list[Receipt] = []
            for one in given:
                receipt = acting.act(connection, one, _annotator(connection, one.annotator), question)
                receipts.append(acting.told_of_gold(connection, one, receipt) if told else receipt)
            return receipts

    # Who may answer from afar.

    def invite(self, name: str) -> str:
        """Make somebody's account, or make it anew: the secret of a link that lets her in once."""
        with self._database.transaction() as connection:
            return accounts.invite(connection, _annotator(connection, name))

    def enter(self, token: str) -> tuple[str, str] | None:
        """Exchange a link's secret for a cookie's: name and cookie; None where it does not let in."""
        with self._database.transaction() as connection:
            return accounts.enter(connection, token)

    def whose(self, cookie: str) -> str | None:
        """The annotator whose cookie it is; None where it is nobody's."""
        return accounts.whose(self._database.rows, cookie)

    def revoke(self, name: str) -> bool:
        """Shut somebody out from now on; whether she was in. What she answered stays."""
        with self._database.transaction() as connection:
            return accounts.revoke(connection, name)

    def invited(self) -> list[Invited]:
        """Everyone who was ever invited."""
        return self._reading(lambda connection: list(accounts.invited(connection)))

    # What it came to.

    def progress(self) -> Progress:
        """How far the annotation is."""
        return self._reading(counting.progress)

    def pace(self, annotator: str) -> Pace:
        """How far all are, and one annotator: at once, however many items there are."""
        with self._database.transaction(durable=False) as connection:
            return counting.pace(connection, _annotator(connection, annotator))

    def answers(self) -> list[Answer]:
        """What every annotator's last word on every item is, skips too, and the adjudications that stand."""
        return self._reading(lambda connection: list(counting.standing_answers(connection)))

    def history(self) -> list[Answer]:
        """Everything that was ever done, in order."""
        return self._reading(lambda connection: list(counting.history(connection)))

    def random_keys(self) -> set[str]:
        """The items that are a plain random sample of all, each seen by somebody."""
        return self._reading(counting.random_keys)

    def check(self) -> None:
        """Look at every page of the file, and hold what is kept beside the history to it.

        Raises:
            CorruptError: something is broken.
        """
        self._database.check()
        self._reading(lambda connection: counting.require_consistent(connection, self._database.path))

    def _reading(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        """All that is read inside is of one moment."""
        with self._database.transaction(durable=False) as connection:
            return read(connection)

    def _setting(self, name: str, kind: type[Result]) -> Result | None:
        rows = self._database.rows("SELECT value FROM settings WHERE name = ?", (name,))
        return decode(rows[0][0], kind) if rows else None

    def _begun_rules(self) -> AnnotationRules:
        return self._setting("rules", AnnotationRules) or AnnotationRules()

    def _required_question(self) -> Question:
        question = self.question
        if question is None:
            raise UsageError(
                where=str(self._database.path),
                expected="an annotation that was begun",
                received="none",
                do_this="Import items and say what is asked: modelwright annotate PROJECT --import FILE "
                "--labels spam,ham.",
            )
        return question


def _annotator(connection: sqlite3.Connection, name: str) -> int:
    if not name.strip():
        raise UsageError(
            where="an annotator",
            expected="a name",
            received="none",
            do_this="Say who answers: agreement between annotators is known by their names.",
        )
    row = connection.execute("SELECT annotator FROM annotators WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return row[0]
    return connection.execute("INSERT INTO annotators (name) VALUES (?)", (name,)).lastrowid or 0


def _fitting(question: Question, item: Item) -> Item:
    from dataclasses import replace

    from modelwright.records import checked_answer

    def fit(value: Any) -> Any:
        return None if value is None else checked_answer(question, value)

    if item.gold is None and item.prelabel is None:
        return item
    return replace(item, gold=fit(item.gold), prelabel=fit(item.prelabel))


def _require_possible(question: Question, rules: AnnotationRules) -> None:
    if question.kind != "scalar" and len(set(question.labels)) < (2 if question.kind == "single" else 1):
        raise UsageError(
            where="the question",
            expected="the labels that may be answered, two or more of which one is chosen",
            received=", ".join(question.labels) or "none",
            do_this="Name them: --labels spam,ham.",
        )
    if not LEAST_RANDOM <= rules.random_share <= 1:
        raise UsageError(
            where="the random share",
            expected=f"{LEAST_RANDOM:g} to 1: what is known of all items rests on it",
            received=f"{rules.random_share:g}",
            do_this=f"Set it to {LEAST_RANDOM:g} or more.",
        )


def _begun_otherwise(name: str, before: bytes, now: bytes) -> UsageError:
    return UsageError(
        where=f"the annotation's {name}",
        expected=f"the same as when it began: {before.decode()}",
        received=now.decode(),
        do_this="Leave it out to go on as before; another question belongs in a project of its own.",
    )
