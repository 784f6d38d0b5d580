"""The prediction log in PostgreSQL, which may go away and come back while the server answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .prediction_log import Line, Unwritable
from .problems import RequestProblem

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql://", "postgres://")
TABLE = "modelwright_predictions"
CONNECT_SECONDS = 5  # a database that does not say yes or no within them is not there
WRITE_SECONDS = 30  # nor is one that does not take a batch
PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)  # between attempts to reach it, the last one again and again
ROOM_SHARE = 10  # a log beyond its bound is cut once a tenth of the bound has been written anew
LINE_BYTES = 100  # of a line beside its texts: PostgreSQL's header of a row, its index, time, id and number

# json, not jsonb: a text with a zero character can be kept as it came
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time timestamptz NOT NULL,
    request text NOT NULL,
    row integer NOT NULL,
    release text NOT NULL,
    inputs json NOT NULL,
    outputs json NOT NULL
)
"""
COPY = f"COPY {TABLE} (time, request, row, release, inputs, outputs) FROM STDIN"
FORGET = f"DELETE FROM {TABLE} WHERE id <= (SELECT max(id) FROM {TABLE}) - %s"


def is_database(target: str) -> bool:
    """Whether a log's name is a database's address rather than a file's."""
    return target.startswith(SCHEMES)


class LogDatabase:
    """A table of lines in PostgreSQL.

    A batch that a lost connection has cut off is written again: all of it, for it was one transaction; twice
    only where the connection broke between the database's commit and its saying so.

    Args:
        address: as libpq takes it; its password may also be in PGPASSWORD or ~/.pgpass.
        max_bytes: of the lines' texts, about; the oldest rows make room.
        announce: told in words, without passwords, when the database goes away and when it is back.

    Raises:
        RequestProblem: psycopg is not installed, or the address cannot be read.
    """

    def __init__(self, address: str, *, max_bytes: int, announce: Callable[[str], None]) -> None:
        self._psycopg = _driver()
        self._choices = _read(self._psycopg, address)
        self._max_bytes = max_bytes
        self._announce = announce
        self._connection: psycopg.Connection[Any] | None = None
        self._away = False
        self._written_bytes = 0
        self._written_lines = 0

    def write(self, lines: Sequence[Line], stopping: threading.Event) -> None:
        """Write lines in one transaction, as soon as the database can be reached.

        Raises:
            Unwritable: the database refuses them, or is not there when the server stops.
        """
        attempts = 0
        while True:
            try:
                self._insert(lines)
                return
            except self._psycopg.OperationalError as error:
                self._leave(error)
            except self._psycopg.Error as error:
                self._leave(error)
                raise Unwritable from error
            if stopping.wait(PAUSES_SECONDS[min(attempts, len(PAUSES_SECONDS) - 1)]):
                raise Unwritable("the database is not there")
            attempts += 1

    def close(self) -> None:
        """Leave the database."""
        if self._connection is not None:
            self._connection.close()

    def _insert(self, lines: Sequence[Line]) -> None:
        connection = self._connection or self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(COPY) as copy:
                for line in lines:
                    copy.write_row(line)
            self._make_room(cursor, lines)

    def _connected(self) -> psycopg.Connection[Any]:
        own = {
            "application_name": "modelwright",
            "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": 1000 * WRITE_SECONDS,
        }
        chosen = {**own, **self._choices, "options": self._options()}
        connection = self._psycopg.connect(autocommit=True, **chosen)
        connection.execute(SCHEMA)
        self._connection = connection
        if self._away:
            self._announce("the database is back")
        self._away = False
        return connection

    def _options(self) -> str:
        own = f"-c statement_timeout={1000 * WRITE_SECONDS}"
        return f"{self._choices.get('options') or ''} {own}".strip()

    def _leave(self, error: Exception) -> None:
        """Begin anew with the next attempt, and say once that it is needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if not self._away:
            self._announce(f"rows wait, then are dropped: {self._said(error)}")
        self._away = True

    def _said(self, error: Exception) -> str:
        """The error's first line, without the password."""
        text = (str(error).splitlines() or [type(error).__name__])[0]
        password = self._choices.get("password")
        return text.replace(str(password), "***") if password else text

    def _make_room(self, cursor: psycopg.Cursor[Any], lines: Sequence[Line]) -> None:
        """Forget the oldest, once a tenth of the bound has been written since last time."""
        texts = sum(LINE_BYTES + len(line.request) + len(line.inputs) + len(line.outputs) for line in lines)
        self._written_bytes += texts
        self._written_lines += len(lines)
        if self._written_bytes > self._max_bytes // ROOM_SHARE:
            kept = self._max_bytes * self._written_lines // self._written_bytes
            cursor.execute(FORGET, (kept,))
            self._written_bytes, self._written_lines = 0, 0


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise RequestProblem(
            where="--log postgresql://...",
            expected="the package psycopg, which speaks to PostgreSQL",
            received="none",
            do_this="Run: python -m pip install 'psycopg[binary]>=3.2'.",
        ) from error
    return psycopg


def _read(driver: Any, address: str) -> dict[str, Any]:
    """The address in parts. Its text is never shown: there may be a password in it."""
    try:
        return driver.conninfo.conninfo_to_dict(address)
    except driver.Error:
        raise RequestProblem(
            where="--log postgresql://...",
            expected="an address such as postgresql://user@host:5432/database",
            received="one that PostgreSQL's library cannot read",
            do_this="Write special characters in percent, or give the password in PGPASSWORD or ~/.pgpass.",
        ) from None
