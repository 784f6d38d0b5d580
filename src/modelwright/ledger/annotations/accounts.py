"""Who was invited to annotate, and how is she known again? By secrets of which only digests are kept."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from modelwright.records import ENTERED_DAYS, Invited

TOKEN_BYTES = 32
INVITATION_DAYS = 7
"""A link that nobody used lies about in somebody's mail."""


def invite(connection: sqlite3.Connection, annotator: int) -> str:
    """Make the link's secret, which lets in once; an earlier one, and whoever came in by it, is shut out."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    until = datetime.now(UTC) + timedelta(days=INVITATION_DAYS)
    connection.execute(
        "INSERT OR REPLACE INTO accounts VALUES (?, 'invited', ?, ?, ?, NULL)",
        (annotator, _now(), digest_of(token), until.isoformat(timespec="seconds")),
    )
    return token


def enter(connection: sqlite3.Connection, token: str) -> tuple[str, str] | None:
    """Exchange a link's secret for a cookie's, once.

    Returns:
        The annotator's name and the cookie; None where the link was used, is too old or was never made.
    """
    row = connection.execute(
        "SELECT annotator, name FROM accounts JOIN annotators USING (annotator) "
        "WHERE state = 'invited' AND invitation = ? AND until_utc > ?",
        (digest_of(token), _now()),
    ).fetchone()
    if row is None:
        return None
    annotator, name = row
    cookie = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        "UPDATE accounts SET state = 'entered', since_utc = ?, invitation = NULL, until_utc = NULL, "
        "cookie = ? WHERE annotator = ?",
        (_now(), digest_of(cookie), annotator),
    )
    return name, cookie


def whose(read: Callable[..., list[tuple[Any, ...]]], cookie: str) -> str | None:
    """The annotator who was let in with this cookie, not too long ago; read without a turn at writing."""
    since = datetime.now(UTC) - timedelta(days=ENTERED_DAYS)
    rows = read(
        "SELECT name FROM accounts JOIN annotators USING (annotator) WHERE cookie = ? AND since_utc > ?",
        (digest_of(cookie), since.isoformat(timespec="seconds")),
    )
    return rows[0][0] if rows else None


def revoke(connection: sqlite3.Connection, name: str) -> bool:
    """Shut somebody out, by link and by cookie; whether there was somebody. What she answered stays."""
    changed = connection.execute(
        "UPDATE accounts SET state = 'revoked', since_utc = ?, invitation = NULL, until_utc = NULL, "
        "cookie = NULL WHERE state != 'revoked' "
        "AND annotator = (SELECT annotator FROM annotators WHERE name = ?)",
        (_now(), name),
    )
    return changed.rowcount > 0


def invited(connection: sqlite3.Connection) -> Iterator[Invited]:
    """Everyone who was ever invited."""
    rows = connection.execute(
        "SELECT name, state, since_utc FROM accounts JOIN annotators USING (annotator) ORDER BY name"
    )
    for name, state, since in rows:
        yield Invited(name=name, state=state, since=since)


def digest_of(secret: str) -> str:
    """What is kept of a secret: drawn from 256 bits, it cannot be guessed from a plain digest."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
