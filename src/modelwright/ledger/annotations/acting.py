"""What did an annotator do? Written down once, never changed; undoing and redoing are acts of their own."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from modelwright.errors import UsageError
from modelwright.records import Given, Item, Question, Receipt, checked_answer, decode, encode
from modelwright.statistics.differing import differ

_INSERT = (
    "INSERT INTO history (answer_id, item, annotator, act, value, reason, seconds, guideline, track, "
    "prelabel, of, at_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_STANDS = "sequence NOT IN (SELECT sequence FROM undone)"


def act(connection: sqlite3.Connection, given: Given, annotator: int, question: Question) -> Receipt:
    """Store an act, in a transaction of the caller's; one that is stored already is only confirmed.

    Raises:
        UsageError: the answer does not fit the question, there is no such item, or the id was used for
            another.
    """
    known = connection.execute(
        "SELECT sequence, annotator, act, value, coalesce(key, '') FROM history LEFT JOIN items USING (item) "
        "WHERE answer_id = ?",
        (given.answer_id,),
    ).fetchone()
    if known is not None:
        return _again(given, annotator, *known)
    if given.act in ("undo", "redo"):
        return _turn_back(connection, given, annotator)
    return _answer(connection, given, annotator, question)


def _answer(connection: sqlite3.Connection, given: Given, annotator: int, question: Question) -> Receipt:
    item = _item_of(connection, given.key)
    if given.act == "skip":
        _require_reason(given)
    value = None if given.act == "skip" else checked_answer(question, given.value)
    track, prelabel = connection.execute(
        "SELECT track, prelabel FROM leases WHERE item = ? AND annotator = ?", (item, annotator)
    ).fetchone() or ("none", "none")
    sequence = _write(connection, given, item, annotator, value, track=track, prelabel=prelabel)
    # What was undone before cannot be redone any more.
    connection.execute("UPDATE undone SET redo = 0 WHERE annotator = ? AND redo > 0", (annotator,))
    connection.execute("DELETE FROM leases WHERE item = ? AND annotator = ?", (item, annotator))
    _follow(connection, item, annotator)
    return Receipt(answer_id=given.answer_id, sequence=sequence, key=given.key, act=given.act)


def told_of_gold(connection: sqlite3.Connection, given: Given, receipt: Receipt) -> Receipt:
    """The receipt with what is right, where the item is a gold one."""
    row = connection.execute(
        "SELECT content FROM items JOIN contents USING (item) WHERE key = ? AND gold = 1", (given.key,)
    ).fetchone()
    if given.act != "answer" or row is None:
        return receipt
    known = _plain(decode(row[0], Item).gold)
    return replace(receipt, right=not differ([_plain(given.value), known]), known=known)


def _turn_back(connection: sqlite3.Connection, given: Given, annotator: int) -> Receipt:
    """Undo the annotator's last act that stands, or redo the one undone last."""
    row = connection.execute(_LAST[given.act], (annotator,)).fetchone()
    if row is None:  # nothing to turn back is an answer too, and the same when it is asked again
        sequence = _write(connection, given, None, annotator, None)
        return Receipt(answer_id=given.answer_id, sequence=sequence, key="", act=given.act)
    target, item, key = row
    sequence = _write(connection, given, item, annotator, None, of=target)
    if given.act == "undo":
        connection.execute("INSERT INTO undone VALUES (?, ?, ?)", (target, annotator, sequence))
        _let_again(connection, item, annotator)
    else:
        connection.execute("DELETE FROM undone WHERE sequence = ?", (target,))
    _follow(connection, item, annotator)
    return Receipt(answer_id=given.answer_id, sequence=sequence, key=key, act=given.act)


_LAST = {
    "undo": f"""SELECT sequence, item, key FROM history JOIN items USING (item)
        WHERE annotator = ? AND act IN ('answer', 'skip', 'adjudicate') AND {_STANDS}
        ORDER BY sequence DESC LIMIT 1""",
    "redo": """SELECT undone.sequence, item, key FROM undone JOIN history USING (sequence)
        JOIN items USING (item) WHERE undone.annotator = ? AND redo > 0 ORDER BY redo DESC LIMIT 1""",
}


def _write(
    connection: sqlite3.Connection,
    given: Given,
    item: int | None,
    annotator: int,
    value: Any,
    *,
    of: int | None = None,
    track: str = "none",
    prelabel: str = "none",
) -> int:
    (guideline,) = connection.execute("SELECT coalesce(max(version), 0) FROM guidelines").fetchone()
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    row = (given.answer_id, item, annotator, given.act, encode(value), given.reason.strip(), given.seconds)
    cursor = connection.execute(_INSERT, (*row, guideline, track, prelabel, of, at))
    return cursor.lastrowid or 0


def _follow(connection: sqlite3.Connection, item: int, annotator: int) -> None:
    """Bring what follows from the history up to date, for one item and annotator."""
    row = connection.execute(
        f"SELECT sequence, act, value FROM history WHERE item = ? AND annotator = ? "
        f"AND act IN ('answer', 'skip') AND {_STANDS} ORDER BY sequence DESC LIMIT 1",
        (item, annotator),
    ).fetchone()
    if row is None:
        connection.execute("DELETE FROM standing WHERE item = ? AND annotator = ?", (item, annotator))
    else:
        connection.execute("INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?, ?)", (item, annotator, *row))
    standing = connection.execute("SELECT act, value FROM standing WHERE item = ?", (item,)).fetchall()
    values = [msgspec.json.decode(value) for done, value in standing if done == "answer"]
    (settled,) = connection.execute(
        f"SELECT max(sequence) FROM history WHERE item = ? AND act = 'adjudicate' AND {_STANDS}", (item,)
    ).fetchone()
    disputed = settled is None and differ(values)
    connection.execute(
        "UPDATE items SET answers = ?, touched = ?, disputed = ? AND gold = 0, settled = ?, "
        "open = CASE WHEN ? IS NULL THEN max(0, wanted - ?) ELSE 0 END WHERE item = ?",
        (len(values), int(bool(standing)), int(disputed), settled, settled, len(values), item),
    )


def _let_again(connection: sqlite3.Connection, item: int, annotator: int) -> None:
    """What was undone may be dealt again: cursors that passed it go back."""
    for track, rank in (("random", "random_rank"), ("priority", "priority_rank")):
        connection.execute(
            f"UPDATE cursors SET rank = min(rank, (SELECT coalesce({rank}, 0) FROM items WHERE item = ?)) "
            "WHERE track = ?",
            (item, track),
        )
    connection.execute("DELETE FROM leases WHERE item = ? AND annotator = ?", (item, annotator))


def _again(
    given: Given, annotator: int, sequence: int, stored_by: int, stored: str, value: bytes, key: str
) -> Receipt:
    same_value = given.act != "answer" or msgspec.json.decode(value) == _plain(given.value)
    same_item = given.act in ("undo", "redo") or key == given.key
    if stored_by == annotator and stored == given.act and same_item and same_value:
        return Receipt(answer_id=given.answer_id, sequence=sequence, key=key, act=given.act, again=True)
    raise UsageError(
        where=f"answer {given.answer_id!r}",
        expected="a new id for a new act",
        received=f"the id of the {stored} stored as number {sequence}",
        do_this="Make an id for each act; send the same one again only with the same act.",
    )


def _plain(value: Any) -> Any:
    """As it would be read back; several labels come in no order."""
    written = msgspec.json.decode(encode(value))
    if isinstance(written, list) and all(isinstance(label, str) for label in written):  # pyright: ignore[reportUnknownVariableType]  # JSON may be anything
        return sorted(written)  # pyright: ignore[reportUnknownArgumentType]  # texts, as was just seen
    return written  # pyright: ignore[reportUnknownVariableType]  # JSON may be anything


def _item_of(connection: sqlite3.Connection, key: str) -> int:
    row = connection.execute("SELECT item FROM items WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise UsageError(
            where="an answer",
            expected="the key of an item",
            received=repr(key)[:100],
            do_this="Answer items that were dealt; import new ones first.",
        )
    return row[0]


def _require_reason(given: Given) -> None:
    if not given.reason.strip():
        raise UsageError(
            where=f"skipping {given.key!r}",
            expected="a reason, in words",
            received="none",
            do_this="Say why it cannot be answered: unclear guideline, broken image, not my field.",
        )
