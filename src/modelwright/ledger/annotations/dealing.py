"""Which item is an annotator given next?

Every so many items, and never less than the rules' share, one comes in random order; the others by priority,
where there is one. Whoever is given an item has it leased, so that others get different ones; the same tab
gets it again until it is answered. A cursor for each annotator and order passes over what she has done.
"""

from __future__ import annotations

import math
import sqlite3
import time

from modelwright.ledger.annotations.lots import turn_of
from modelwright.records import AnnotationRules, Dealt, Item, Track, decode

IN_TURN_SECONDS = 1e-6
"""Items dealt at once are leased so much longer each: that is the order they are given in again."""

_OPEN = {
    "random": ("random_rank", "open > 0 AND gold = 0"),
    "priority": ("priority_rank", "open > 0 AND gold = 0 AND priority_rank IS NOT NULL"),
    "gold": ("random_rank", "gold = 1"),
    "disputed": ("random_rank", "disputed = 1"),
}
_NOT_DONE = "NOT EXISTS (SELECT 1 FROM standing s WHERE s.item = items.item AND s.annotator = :annotator)"
_NOT_LEASED = """NOT EXISTS (SELECT 1 FROM leases l WHERE l.item = items.item AND l.annotator = :annotator
    AND l.until > :now)
    AND {room} > (SELECT count(*) FROM leases l WHERE l.item = items.item AND l.annotator != :annotator
    AND l.until > :now)"""


def deal(
    connection: sqlite3.Connection, annotator: int, name: str, rules: AnnotationRules, *, tab: str, count: int
) -> list[tuple[int, Track]]:
    """Lease up to `count` items to an annotator's tab, those it has already first.

    Returns:
        Items, and the order each came by.
    """
    now = time.time()
    dealt = _held(connection, annotator, tab, now, disputed=False)[:count]
    while len(dealt) < count:
        found = _next(connection, annotator, name, rules, now)
        if found is None:
            break
        until = now + rules.lease_seconds + len(dealt) * IN_TURN_SECONDS
        _lease(connection, annotator, tab, *found, until=until)
        dealt.append(found)
    return dealt


def deal_disputed(
    connection: sqlite3.Connection, annotator: int, rules: AnnotationRules, *, tab: str
) -> int | None:
    """Lease the next item whose answers differ to whoever decides."""
    now = time.time()
    if held := _held(connection, annotator, tab, now, disputed=True):
        return held[0][0]
    item = _first(connection, annotator, "disputed", now, done="1")
    if item is not None:
        _lease(connection, annotator, tab, item, "disputed", until=now + rules.lease_seconds)
    return item


def deal_again(
    connection: sqlite3.Connection, annotator: int, key: str, rules: AnnotationRules, *, tab: str
) -> tuple[int, Track] | None:
    """Lease an item that an annotator was dealt before to her again; None where there is no such item."""
    row = connection.execute(
        "SELECT item, coalesce((SELECT track FROM history h WHERE h.item = items.item AND h.annotator = ? "
        "AND act IN ('answer', 'skip') ORDER BY sequence DESC LIMIT 1), 'none') FROM items WHERE key = ?",
        (annotator, key),
    ).fetchone()
    if row is not None:
        _lease(connection, annotator, tab, *row, until=time.time() + rules.lease_seconds)
    return row


def shown(connection: sqlite3.Connection, item: int, track: Track) -> Dealt:
    """An item as its annotator may see it."""
    held, hidden = _item(connection, item)
    (guideline,) = connection.execute("SELECT coalesce(max(version), 0) FROM guidelines").fetchone()
    return Dealt(
        key=held.key,
        content=held.content,
        image=held.image,
        prelabel=None if hidden else held.prelabel,
        track=track,
        guideline=guideline,
    )


def _held(
    connection: sqlite3.Connection, annotator: int, tab: str, now: float, *, disputed: bool
) -> list[tuple[int, Track]]:
    same = "=" if disputed else "!="
    return connection.execute(
        f"SELECT item, track FROM leases WHERE annotator = ? AND tab = ? AND until > ? "
        f"AND track {same} 'disputed' ORDER BY until, item",
        (annotator, tab, now),
    ).fetchall()


def _next(
    connection: sqlite3.Connection, annotator: int, name: str, rules: AnnotationRules, now: float
) -> tuple[int, Track] | None:
    """The next item and its order; where the order whose turn it is has none left, another's."""
    row = connection.execute("SELECT items FROM dealt WHERE annotator = ?", (annotator,)).fetchone()
    number = row[0] if row else 0
    for track in _tracks(number, name, rules):
        item = _first(connection, annotator, track, now)
        if item is not None:
            connection.execute("INSERT OR REPLACE INTO dealt VALUES (?, ?)", (annotator, number + 1))
            return item, track
    return None


def _tracks(number: int, name: str, rules: AnnotationRules) -> list[Track]:
    """The orders to try, best first: random wherever its count would else fall below its share."""
    share = min(rules.random_share, 1.0 - rules.gold_share)
    if math.ceil((number + 1) * share) > math.ceil(number * share):
        return ["random", "priority", "gold"]
    # Which of the other turns are gold, nobody can guess.
    gold = turn_of(name, number, rules.seed) * (1.0 - share) < rules.gold_share
    return ["gold", "priority", "random"] if gold else ["priority", "random", "gold"]


def _first(
    connection: sqlite3.Connection, annotator: int, track: Track, now: float, *, done: str = _NOT_DONE
) -> int | None:
    """The first open item of an order that she has not done and that nobody holds."""
    rank, wanted = _OPEN[track]
    at: dict[str, int | float] = {"annotator": annotator, "now": now, "cursor": 0}
    if track in ("random", "priority"):
        at["cursor"] = _cursor(connection, annotator, track)
    # Leases must leave room: as many may hold an item as answers are wanted, one only decides.
    leased = _NOT_LEASED.format(room="1" if track == "disputed" else "open")
    row = connection.execute(
        f"SELECT item FROM items WHERE {wanted} AND {rank} >= :cursor AND {done} AND {leased} "
        f"ORDER BY {rank} LIMIT 1",
        at,
    ).fetchone()
    return row[0] if row else None


def _cursor(connection: sqlite3.Connection, annotator: int, track: Track) -> int:
    """The rank before which she has nothing left to do in an order, moved on over what is done."""
    rank, wanted = _OPEN[track]
    row = connection.execute(
        "SELECT rank FROM cursors WHERE annotator = ? AND track = ?", (annotator, track)
    ).fetchone()
    before = row[0] if row else 0
    (after,) = connection.execute(
        f"SELECT coalesce((SELECT {rank} FROM items WHERE {wanted} AND {rank} >= :cursor AND {_NOT_DONE} "
        f"ORDER BY {rank} LIMIT 1), :cursor)",
        {"annotator": annotator, "cursor": before},
    ).fetchone()
    if after != before:
        connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (annotator, track, after))
    return after


def _lease(
    connection: sqlite3.Connection, annotator: int, tab: str, item: int, track: Track, *, until: float
) -> None:
    held, hidden = _item(connection, item)
    prelabel = "none" if held.prelabel is None else "hidden" if hidden else "shown"
    connection.execute(
        "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?)",
        (item, annotator, tab, track, prelabel, until),
    )


def _item(connection: sqlite3.Connection, item: int) -> tuple[Item, bool]:
    """An item, and whether its pre-label is hidden."""
    content, hidden = connection.execute(
        "SELECT content, hidden FROM items JOIN contents USING (item) WHERE item = ?", (item,)
    ).fetchone()
    return decode(content, Item), bool(hidden)
