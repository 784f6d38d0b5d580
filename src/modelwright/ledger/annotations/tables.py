"""The tables of an annotation.

`history` is what was done, append-only. What stands after undoing and redoing (`standing`, `undone`, the
counts in `items`) follows from it and is kept beside it, so that the next item is found without reading the
past. Ranks are kept in indexes over those items only that still want answers.
"""

from __future__ import annotations

import sqlite3

from modelwright.ledger.migrations import Migration

COUNTED = """SELECT count(*), coalesce(sum(gold), 0), coalesce(sum(open > 0 AND gold = 0), 0),
    coalesce(sum(answers > 0), 0), coalesce(sum(disputed), 0), count(settled) FROM items"""
"""What `tally` holds: items, gold ones, those that want answers, answered, disputed, decided ones."""


def items_and_answers(connection: sqlite3.Connection) -> None:
    """Items, annotators, guidelines, the history, and what follows from it."""
    for statement in _TABLES:
        connection.execute(statement)
    for table in ("history", "guidelines"):
        for action in ("UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the {table} is append-only'); END"
            )


def tallies(connection: sqlite3.Connection) -> None:
    """Counts of a million items, kept up so that nobody waits for them; imports add theirs by themselves."""
    connection.execute(
        """CREATE TABLE tally (
            items INTEGER NOT NULL,
            gold INTEGER NOT NULL,
            open INTEGER NOT NULL,
            answered INTEGER NOT NULL,
            disputed INTEGER NOT NULL,
            settled INTEGER NOT NULL
        )"""
    )
    connection.execute(f"INSERT INTO tally {COUNTED}")
    connection.execute("CREATE INDEX standing_answers ON standing(annotator) WHERE act = 'answer'")
    connection.execute(
        """CREATE TRIGGER items_tallied AFTER UPDATE OF open, answers, disputed, settled ON items BEGIN
        UPDATE tally SET
            open = open + (new.open > 0 AND new.gold = 0) - (old.open > 0 AND old.gold = 0),
            answered = answered + (new.answers > 0) - (old.answers > 0),
            disputed = disputed + new.disputed - old.disputed,
            settled = settled + (new.settled IS NOT NULL) - (old.settled IS NOT NULL);
        END"""
    )


def accounts(connection: sqlite3.Connection) -> None:
    """Who was invited, and the digests of what lets her in."""
    connection.execute(
        """CREATE TABLE accounts (
            annotator INTEGER PRIMARY KEY REFERENCES annotators(annotator),
            state TEXT NOT NULL,
            since_utc TEXT NOT NULL,
            invitation TEXT UNIQUE,
            until_utc TEXT,
            cookie TEXT UNIQUE
        )"""
    )


MIGRATIONS: tuple[Migration, ...] = (items_and_answers, tallies, accounts)

_TABLES = (
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    "CREATE TABLE annotators (annotator INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE guidelines (
        version INTEGER PRIMARY KEY AUTOINCREMENT,
        text TEXT NOT NULL,
        author TEXT NOT NULL,
        at_utc TEXT NOT NULL
    )""",
    # open: answers still wanted. touched: answered or skipped by anyone. settled: by which adjudication.
    """CREATE TABLE items (
        item INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        random_rank INTEGER NOT NULL,
        priority_rank INTEGER,
        wanted INTEGER NOT NULL,
        open INTEGER NOT NULL,
        gold INTEGER NOT NULL,
        hidden INTEGER NOT NULL,
        answers INTEGER NOT NULL DEFAULT 0,
        touched INTEGER NOT NULL DEFAULT 0,
        disputed INTEGER NOT NULL DEFAULT 0,
        settled INTEGER
    )""",
    "CREATE TABLE contents (item INTEGER PRIMARY KEY REFERENCES items(item), content BLOB NOT NULL)",
    """CREATE TABLE history (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        answer_id TEXT NOT NULL UNIQUE,
        item INTEGER REFERENCES items(item),
        annotator INTEGER NOT NULL REFERENCES annotators(annotator),
        act TEXT NOT NULL,
        value BLOB NOT NULL,
        reason TEXT NOT NULL,
        seconds REAL,
        guideline INTEGER NOT NULL,
        track TEXT NOT NULL,
        prelabel TEXT NOT NULL,
        of INTEGER REFERENCES history(sequence),
        at_utc TEXT NOT NULL
    )""",
    """CREATE TABLE standing (
        item INTEGER NOT NULL,
        annotator INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        act TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (item, annotator)
    ) WITHOUT ROWID""",
    "CREATE TABLE undone (sequence INTEGER PRIMARY KEY, annotator INTEGER NOT NULL, redo INTEGER NOT NULL)",
    """CREATE TABLE leases (
        item INTEGER NOT NULL,
        annotator INTEGER NOT NULL,
        tab TEXT NOT NULL,
        track TEXT NOT NULL,
        prelabel TEXT NOT NULL,
        until REAL NOT NULL,
        PRIMARY KEY (item, annotator)
    ) WITHOUT ROWID""",
    "CREATE INDEX leases_by_holder ON leases(annotator, tab)",
    """CREATE TABLE cursors (
        annotator INTEGER NOT NULL,
        track TEXT NOT NULL,
        rank INTEGER NOT NULL,
        PRIMARY KEY (annotator, track)
    ) WITHOUT ROWID""",
    "CREATE TABLE dealt (annotator INTEGER PRIMARY KEY, items INTEGER NOT NULL)",
    "CREATE INDEX history_by_annotator ON history(annotator, sequence)",
    "CREATE INDEX history_by_item ON history(item, sequence)",
    "CREATE INDEX items_open_random ON items(random_rank) WHERE open > 0 AND gold = 0",
    """CREATE INDEX items_open_priority ON items(priority_rank)
        WHERE open > 0 AND gold = 0 AND priority_rank IS NOT NULL""",
    "CREATE INDEX items_gold ON items(random_rank) WHERE gold = 1",
    "CREATE INDEX items_untouched ON items(random_rank) WHERE touched = 0 AND gold = 0",
    "CREATE INDEX items_disputed ON items(random_rank) WHERE disputed = 1",
)
