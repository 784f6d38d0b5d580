"""In which order do items come that are not drawn at random?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from modelwright.records import Item, decode

BATCH = 20_000


def put_first(connection: sqlite3.Connection, keys: Sequence[str]) -> int:
    """Give items a priority, the first one first; all others have none. In a transaction of the caller's.

    Returns:
        How many of the keys are items.
    """
    connection.execute("DROP INDEX items_open_priority")
    connection.execute("UPDATE items SET priority_rank = NULL WHERE priority_rank IS NOT NULL")
    ranked = connection.executemany(
        "UPDATE items SET priority_rank = ? WHERE key = ? AND gold = 0", list(enumerate(keys, start=1))
    ).rowcount
    connection.execute(
        """CREATE INDEX items_open_priority ON items(priority_rank)
        WHERE open > 0 AND gold = 0 AND priority_rank IS NOT NULL"""
    )
    connection.execute("DELETE FROM cursors WHERE track = 'priority'")
    return ranked


def guess(connection: sqlite3.Connection, guesses: Iterable[tuple[str, Any, Sequence[float]]]) -> None:
    """Give items a model's answers as pre-labels. In a transaction of the caller's."""
    for key, answer, probabilities in guesses:
        row = connection.execute(
            "SELECT item, content FROM items JOIN contents USING (item) WHERE key = ? AND gold = 0", (key,)
        ).fetchone()
        if row is not None:
            item = replace(decode(row[1], Item), prelabel=answer, probabilities=tuple(probabilities))
            connection.execute(
                "UPDATE contents SET content = ? WHERE item = ?", (msgspec.json.encode(item), row[0])
            )


def all_items(read: Callable[..., list[tuple[Any, ...]]]) -> Iterator[Item]:
    """Every item, in the order they came in, read a batch at a time."""
    last = 0
    while rows := read(
        "SELECT item, content FROM contents WHERE item > ? ORDER BY item LIMIT ?", (last, BATCH)
    ):
        yield from (decode(content, Item) for _, content in rows)
        last = rows[-1][0]
