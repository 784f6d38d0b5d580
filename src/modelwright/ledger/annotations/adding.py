"""How do items come in? Each once, however often they are imported."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

import msgspec

from modelwright.errors import SourceError
from modelwright.ledger.annotations.lots import lot_of
from modelwright.records import AnnotationRules, Item, decode, encode

BATCH = 20_000
NEVER_CLOSED = 1_000_000_000
"""Answers that a gold item wants: it is for every annotator."""

_INSERT = (
    "INSERT OR IGNORE INTO items (key, random_rank, wanted, open, gold, hidden, touched) "
    "VALUES (?, ?, ?, ?, ?, ?, 0)"
)


def add_items(
    connection: sqlite3.Connection, items: Iterable[Item], rules: AnnotationRules
) -> tuple[int, int]:
    """Add items in one transaction of the caller's.

    Returns:
        How many are new, and how many were there already, the same.

    Raises:
        SourceError: an item is there already with another content.
    """
    waiting = iter(items)
    new = known = 0
    while batch := list(islice(waiting, BATCH)):
        (last,) = connection.execute("SELECT coalesce(max(item), 0) FROM items").fetchone()
        connection.executemany(_INSERT, [_row(item, rules) for item in batch])
        written = connection.execute("SELECT item, key FROM items WHERE item > ?", (last,)).fetchall()
        first = {item.key: item for item in reversed(batch)}
        connection.executemany(
            "INSERT INTO contents VALUES (?, ?)",
            [(place, msgspec.json.encode(first[key])) for place, key in written],
        )
        if len(written) < len(batch):
            fresh = {key for _, key in written}
            _require_same(
                connection, [item for item in batch if item.key not in fresh or item != first[item.key]]
            )
        _tally(connection, last)
        new += len(written)
        known += len(batch) - len(written)
    if new:  # they stand anywhere in the random order, also before what was already passed
        connection.execute("DELETE FROM cursors")
    return new, known


def _tally(connection: sqlite3.Connection, last: int) -> None:
    """Count the items that came after the last one before."""
    connection.execute(
        "UPDATE tally SET items = items + added, gold = tally.gold + more.gold, "
        "open = tally.open + more.open FROM (SELECT count(*) AS added, coalesce(sum(gold), 0) AS gold, "
        "coalesce(sum(open > 0 AND gold = 0), 0) AS open FROM items WHERE item > ?) AS more",
        (last,),
    )


def _row(item: Item, rules: AnnotationRules) -> tuple[str, int, int, int, int, int]:
    lot = lot_of(item.key, rules.seed)
    wanted = rules.overlap_answers if lot.overlap < rules.overlap_share else rules.answers_each
    gold = item.gold is not None
    wanted = NEVER_CLOSED if gold else wanted
    return item.key, lot.rank, wanted, wanted, int(gold), int(lot.hidden < rules.hidden_share)


def _require_same(connection: sqlite3.Connection, items: Sequence[Item]) -> None:
    for item in items:
        (found,) = connection.execute(
            "SELECT content FROM contents JOIN items USING (item) WHERE key = ?", (item.key,)
        ).fetchone()
        # What a model has since said of an item is no part of what it is.
        if _bare(decode(found, Item)) != _bare(item):
            raise SourceError(
                where=f"item {item.key!r}",
                expected="the content it was imported with before",
                received="another one",
                do_this="Give changed items new keys: answers to the old content do not hold for them.",
            )


def _bare(item: Item) -> bytes:
    return encode(replace(item, prelabel=None, probabilities=()))
