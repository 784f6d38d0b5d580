"""How far is the annotation, and by whom?"""

from __future__ import annotations

import sqlite3
import statistics
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from modelwright.ledger.annotations.tables import COUNTED
from modelwright.ledger.database import corrupt
from modelwright.records import AnnotatorProgress, Answer, Item, Pace, Progress, decode
from modelwright.statistics.differing import differ

BEYOND = 2**63 - 1

LAST_TIMED = 100
"""Answers that an annotator's present pace is known from."""

_ANSWERS = """SELECT sequence, answer_id, coalesce(key, ''), name, history.act, history.value, reason,
    seconds, guideline, track, prelabel, of, at_utc
    FROM history JOIN annotators USING (annotator) LEFT JOIN items USING (item)"""


def progress(connection: sqlite3.Connection) -> Progress:
    """All counts at one moment."""

    def count(rest: str) -> int:
        return connection.execute(f"SELECT count(*) FROM {rest}").fetchone()[0]

    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="milliseconds")
    items, gold, wanting, answered, disputed, settled = _tally(connection)
    return Progress(
        items=items,
        gold=gold,
        answered=answered,
        open=wanting,
        skipped=count("(SELECT item FROM standing GROUP BY item HAVING max(act = 'answer') = 0) AS skipped"),
        disputed=disputed,
        adjudicated=settled,
        answers=count("standing WHERE act = 'answer'"),
        random_rows=count(f"items WHERE gold = 0 AND random_rank <= {random_end(connection) - 1}"),
        answers_last_hour=count(f"history WHERE act = 'answer' AND at_utc > '{hour_ago}'"),
        guideline=connection.execute("SELECT coalesce(max(version), 0) FROM guidelines").fetchone()[0],
        annotators=tuple(_annotators(connection)),
    )


def pace(connection: sqlite3.Connection, annotator: int) -> Pace:
    """How far all are, and one annotator."""
    items, _, wanting, answered, disputed, _ = _tally(connection)
    (mine,) = connection.execute(
        "SELECT count(*) FROM standing WHERE annotator = ? AND act = 'answer'", (annotator,)
    ).fetchone()
    timed = connection.execute(
        "SELECT seconds FROM history WHERE annotator = ? AND act = 'answer' AND seconds IS NOT NULL "
        "ORDER BY sequence DESC LIMIT ?",
        (annotator, LAST_TIMED),
    ).fetchall()
    return Pace(
        items=items,
        open=wanting,
        answered=answered,
        disputed=disputed,
        mine=mine,
        median_seconds=statistics.median(seconds for (seconds,) in timed) if timed else None,
    )


def _tally(connection: sqlite3.Connection) -> tuple[int, int, int, int, int, int]:
    """Items, gold ones, those that want answers, answered ones, disputed ones, decided ones."""
    return connection.execute("SELECT items, gold, open, answered, disputed, settled FROM tally").fetchone()


def random_end(connection: sqlite3.Connection) -> int:
    """The rank before which items are a plain random sample, all of them seen by somebody.

    Only what the random order itself reached counts: an item answered early for its priority counts once that
    order has passed it. The last one reached is left out, as it was reached for not having been answered
    before (inverse sampling; Haldane 1945).
    """
    (reached,) = connection.execute(
        "SELECT coalesce(max(random_rank), 0) FROM items WHERE item IN "
        "(SELECT item FROM standing JOIN history USING (sequence, item) WHERE track = 'random')"
    ).fetchone()
    row = connection.execute(
        "SELECT random_rank FROM items WHERE touched = 0 AND gold = 0 ORDER BY random_rank LIMIT 1"
    ).fetchone()
    if row is not None:
        return min(reached, row[0])
    # Every item was seen: the sample is all of them. SQLite's largest integer is beyond every rank.
    return BEYOND


def standing_answers(connection: sqlite3.Connection) -> Iterator[Answer]:
    """What every annotator's last word on every item is, skips too; and the adjudications that stand."""
    rows = connection.execute(
        f"{_ANSWERS} WHERE sequence IN (SELECT sequence FROM standing UNION ALL "
        "SELECT settled FROM items WHERE settled IS NOT NULL) ORDER BY sequence"
    )
    yield from map(_answer, rows)


def answers_to(connection: sqlite3.Connection, item: int) -> list[Answer]:
    """Every annotator's last word on one item."""
    rows = connection.execute(
        f"{_ANSWERS} WHERE sequence IN (SELECT sequence FROM standing WHERE item = ?) ORDER BY name", (item,)
    )
    return list(map(_answer, rows))


def random_keys(connection: sqlite3.Connection) -> set[str]:
    """The items before `random_end`."""
    end = random_end(connection)
    rows = connection.execute("SELECT key FROM items WHERE gold = 0 AND random_rank < ?", (end,))
    return {key for (key,) in rows}


def require_consistent(connection: sqlite3.Connection, path: Path) -> None:
    """Hold what follows from the history to it, by going through it from the start.

    Raises:
        CorruptError: an answer stands that was not given last, or the other way round.
    """
    acts = list(history(connection))
    undone: set[int] = set()
    for one in acts:
        if one.of is not None:
            (undone.add if one.act == "undo" else undone.discard)(one.of)
    last = {
        (one.key, one.annotator): one.sequence
        for one in acts
        if one.act in ("answer", "skip") and one.sequence not in undone
    }
    kept = {
        (key, name): sequence
        for key, name, sequence in connection.execute(
            "SELECT key, name, sequence FROM standing "
            "JOIN items USING (item) JOIN annotators USING (annotator)"
        )
    }
    counted = connection.execute(COUNTED).fetchone()
    if counted != _tally(connection):
        raise corrupt(path, f"counts of items that are not theirs: {counted}, {_tally(connection)} are kept")
    if last != kept:
        wrong = sum(last.get(place) != kept.get(place) for place in {*last, *kept})
        raise corrupt(path, f"{wrong:,} answers that stand otherwise than the history says")


def history(connection: sqlite3.Connection) -> Iterator[Answer]:
    """Everything that was done, in order."""
    yield from map(_answer, connection.execute(f"{_ANSWERS} ORDER BY sequence"))


def _answer(row: tuple[object, ...]) -> Answer:
    names = Answer.__dataclass_fields__
    values = dict(zip(names, row, strict=True))
    values["value"] = msgspec.json.decode(values["value"])  # pyright: ignore[reportArgumentType]  # a BLOB column
    return Answer(**values)  # pyright: ignore[reportArgumentType]  # the columns are the record's fields


def _annotators(connection: sqlite3.Connection) -> Iterator[AnnotatorProgress]:
    seconds: dict[int, list[float]] = defaultdict(list)
    for annotator, took in connection.execute(
        "SELECT annotator, seconds FROM history WHERE act = 'answer' AND seconds IS NOT NULL"
    ):
        seconds[annotator].append(took)
    gold = _gold(connection)
    for annotator, name, answers, skips in connection.execute(
        "SELECT annotator, name, coalesce(sum(act = 'answer'), 0), coalesce(sum(act = 'skip'), 0) "
        "FROM annotators LEFT JOIN standing USING (annotator) GROUP BY annotator ORDER BY name"
    ).fetchall():
        right, tried = gold.get(annotator, (0, 0))
        yield AnnotatorProgress(
            name=name,
            answers=answers,
            skips=skips,
            median_seconds=statistics.median(seconds[annotator]) if seconds[annotator] else None,
            gold_right=right,
            gold_answers=tried,
        )


def _gold(connection: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """Each annotator's right answers to gold items, and all of them."""
    found: dict[int, tuple[int, int]] = {}
    for annotator, value, content in connection.execute(
        "SELECT annotator, value, content FROM standing JOIN items USING (item) JOIN contents USING (item) "
        "WHERE gold = 1 AND act = 'answer'"
    ):
        right, tried = found.get(annotator, (0, 0))
        same = not differ([msgspec.json.decode(value), decode(content, Item).gold])
        found[annotator] = right + same, tried + 1
    return found
