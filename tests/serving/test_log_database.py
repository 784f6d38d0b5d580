"""The prediction log in a real PostgreSQL, which comes, goes, freezes and refuses; the server answers on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.serving import prediction_log
from modelwright.serving.answers import Answers
from modelwright.serving.log_database import TABLE, LogDatabase, is_database
from modelwright.serving.options import Options
from modelwright.serving.prediction_log import Entry, PredictionLog
from modelwright.serving.problems import RequestProblem

PASSWORD = "s3cret/of:all"
IN_ADDRESS = "s3cret%2Fof%3Aall"
SOON_SECONDS = 60.0  # a limit, for machines however slow


def programs() -> Path | None:
    """Where initdb and postgres are: Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return Path(found).parent if found else (folders[-1] if folders else None)


BIN = programs()
needs_postgres = pytest.mark.skipif(
    BIN is None or sys.platform == "win32", reason="no PostgreSQL here: apt-get install postgresql"
)


@dataclass
class Postgres:
    """A server of our own, in a folder of its own, that only this machine can reach."""

    folder: Path
    port: int
    user: str | None
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        assert BIN is not None
        self.process = subprocess.Popen(
            [BIN / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", self.folder,
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            user=self.user, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda: self.rows("SELECT 1") == [(1,)])

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)  # "fast": whoever is connected is thrown out
        self.process.wait(SOON_SECONDS)

    def signal_all(self, number: signal.Signals) -> None:
        """To the server and its children."""
        assert self.process is not None
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:  # gone meanwhile
                continue
            if self.process.pid in (parent, int(stat.parent.name)):
                os.kill(int(stat.parent.name), number)

    def address(self, password: str = IN_ADDRESS) -> str:
        return f"postgresql://tester:{password}@127.0.0.1:{self.port}/postgres"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        psycopg = pytest.importorskip("psycopg")
        try:
            with psycopg.connect(self.address(), connect_timeout=5) as connection:
                done = connection.execute(query)
                return done.fetchall() if done.description else []
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable):  # not there yet
            return []


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    assert BIN is not None
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 characters at most
    user = "nobody" if os.getuid() == 0 else None  # PostgreSQL does not run as root
    try:
        (folder / "password").write_text(PASSWORD)
        if user:
            for path in (folder, folder / "password"):
                shutil.chown(path, user)
        subprocess.run(
            [BIN / "initdb", "-D", folder / "data", "-U", "tester", "-A", "scram-sha-256", "-E", "UTF8",
             "--no-locale", "--no-sync", "--pwfile", folder / "password"],
            user=user, check=True, capture_output=True,
        )  # fmt: skip
        one = Postgres(folder, free_port(), user)
        one.start()
        yield one
        one.stop()
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    import socket

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@pytest.fixture
def postgres(cluster: Postgres) -> Postgres:
    """Running, and empty."""
    assert cluster.process is not None
    if cluster.process.poll() is not None:
        cluster.start()
    cluster.rows(f"DROP TABLE IF EXISTS {TABLE}")
    return cluster


def entry(number: int, text: str = "x") -> Entry:
    answers = Answers(outputs=np.full((1, 2), 0.5), prediction=["ham"])
    return Entry(1_700_000_000.25, str(number), "hand-1", [{"note": text}], answers, 10 + len(text))


def kept(postgres: Postgres) -> list[int]:
    return [int(row[0]) for row in postgres.rows(f"SELECT request FROM {TABLE} ORDER BY id")]


def log_to(postgres: Postgres, told: list[str] | None = None, **choices: Any) -> PredictionLog:
    given = {"max_bytes": 10_000_000, **choices}
    announce = told.append if told is not None else lambda _: None
    return PredictionLog(LogDatabase(postgres.address(), announce=announce, **given))


@needs_postgres
def test_every_answered_row_is_written_down(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any], postgres: Postgres
) -> None:
    row["note"] = "zero \0, quote ', tab \t, back \\ and 😀"
    with start_serving(release_folder, options=Options(log=postgres.address(), log_mask="joined")) as one:
        answers = one.ask("POST", "/predict", [row, {**row, "age": None}], **{"X-Request-Id": "mine"})[1]
        one.server.finish()
        text = one.ask("GET", "/metrics")[1]
    found = postgres.rows(
        f"SELECT request, row, release, inputs::text, outputs, time FROM {TABLE} ORDER BY id"
    )
    assert [line[:3] for line in found] == [("mine", 1, "hand-binary"), ("mine", 2, "hand-binary")]
    assert json.loads(found[0][3]) == {**row, "joined": "***"}
    assert found[1][4]["prediction"] == answers[1]["prediction"]
    assert abs(found[0][5].timestamp() - time.time()) < SOON_SECONDS
    assert "modelwright_logged_rows_total 2" in text
    assert "s3cret" not in text


@needs_postgres
def test_a_database_that_goes_and_comes_back_loses_nothing_that_fits(postgres: Postgres) -> None:
    told: list[str] = []
    log = log_to(postgres, told)
    log.put(entry(0))
    wait_until(lambda: kept(postgres) == [0])
    postgres.stop()
    for number in range(1, 800):
        log.put(entry(number))
    wait_until(lambda: len(told) == 1)
    postgres.start()
    wait_until(lambda: log.written == 800)
    log.close()
    assert kept(postgres) == list(range(800))
    assert log.dropped == 0
    assert told[1:] == ["the database is back"]
    assert "s3cret" not in told[0]


@needs_postgres
def test_what_does_not_fit_meanwhile_is_dropped_and_counted(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_log, "MAX_WAITING_ENTRIES", 10)
    postgres.stop()
    log = log_to(postgres)
    for number in range(100):
        log.put(entry(number))
    assert 80 <= log.dropped < 100
    log.close()  # it is not there, and nobody waits for it
    assert (log.written, log.dropped) == (0, 100)


@needs_postgres
@pytest.mark.skipif(sys.platform != "linux", reason="finds the server's processes in /proc")
def test_a_frozen_database_keeps_nobody_waiting(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any], postgres: Postgres
) -> None:
    with start_serving(release_folder, options=Options(log=postgres.address())) as one:
        assert one.predict(row)[0] == 200
        wait_until(lambda: len(postgres.rows(f"SELECT 1 FROM {TABLE}")) == 1)
        postgres.signal_all(signal.SIGSTOP)
        try:
            assert [one.predict(row)[0] for _ in range(50)] == [200] * 50
            assert "modelwright_logged_rows_total 1\n" in one.ask("GET", "/metrics")[1]
        finally:
            postgres.signal_all(signal.SIGCONT)
        wait_until(lambda: len(postgres.rows(f"SELECT 1 FROM {TABLE}")) == 51)
        one.server.finish()


@needs_postgres
def test_lines_that_are_refused_are_counted_and_the_next_are_kept(postgres: Postgres) -> None:
    log = log_to(postgres)
    log.put(entry(1))
    wait_until(lambda: kept(postgres) == [1])
    postgres.rows(f"DROP TABLE {TABLE}")
    log.put(entry(2))
    wait_until(lambda: log.dropped == 1)
    log.put(entry(3))
    log.close()
    assert kept(postgres) == [3]
    assert (log.written, log.dropped) == (2, 1)


@needs_postgres
def test_the_table_stays_within_its_bound_and_keeps_the_newest(postgres: Postgres) -> None:
    log = log_to(postgres, max_bytes=100_000)
    for number in range(1000):
        log.put(entry(number, "x" * 500))
        if number % 50 == 49:
            wait_until(lambda so_far=number: log.written == so_far + 1)  # batches smaller than the bound
    log.close()
    found = kept(postgres)
    (size,) = postgres.rows(f"SELECT sum(length(inputs::text)) FROM {TABLE}")[0]
    assert found == list(range(found[0], 1000))
    assert len(found) > 100
    assert size < 1.2 * 100_000


@needs_postgres
def test_a_server_starts_without_its_database_and_tells_no_password(
    start_serving: Callable[..., Any],
    release_folder: Path,
    row: dict[str, Any],
    postgres: Postgres,
    capfd: pytest.CaptureFixture[str],
) -> None:
    address = postgres.address(password="wr0ng-p4ssword")
    with start_serving(release_folder, options=Options(log=address)) as one:
        assert one.predict(row)[0] == 200
        one.server.finish()
        text = one.ask("GET", "/metrics")[1]
    told = capfd.readouterr()
    assert "password authentication failed" in told.err
    assert "wr0ng" not in told.err + told.out + text
    assert "modelwright_log_dropped_rows_total 1\n" in text


def test_an_address_that_cannot_be_read_is_refused_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(RequestProblem, match="cannot read") as caught:
        LogDatabase("postgresql://me:s3cret%ZZ@host/db", max_bytes=1, announce=print)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(RequestProblem, match=r"pip install 'psycopg\[binary\]"):
        LogDatabase("postgresql://host/db", max_bytes=1, announce=print)


def test_addresses_are_told_from_files() -> None:
    assert is_database("postgresql://host/db")
    assert is_database("postgres://host/db")
    assert not is_database("postgresql.db")


def test_it_stops_waiting_when_the_server_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    stopping = threading.Event()
    stopping.set()
    store = LogDatabase(f"postgresql://127.0.0.1:{free_port()}/db", max_bytes=1, announce=lambda _: None)
    with pytest.raises(prediction_log.Unwritable):
        store.write([], stopping)
