"""Is the ledger append-only, guarded, and fit for many processes?"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from modelwright.errors import CorruptError, ProjectError, StorageError
from modelwright.ledger.entries import Entry, Ledger

APPENDING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_entries import entry
from modelwright.ledger.entries import Ledger
for number in range(50):
    ledger = Ledger(Path(sys.argv[1]))
    ledger.append(entry(f"{sys.argv[2]}-{number}"), called=True)
    ledger.close()
"""


def entry(key: str, *, step: str = "develop.tune", record: bytes = b'"text"') -> Entry:
    return Entry(
        key=key,
        step=step,
        version=1,
        inputs="[]",
        choices="{}",
        origins="[]",
        record_kind="plain",
        record_json=record,
        record_digest=key,
        started_utc="2024-01-01T00:00:00+00:00",
        seconds=1.0,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_eight_processes_start_together_migrate_once_and_lose_nothing(path: Path) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", APPENDING, str(path)]
    processes = [
        subprocess.Popen([*command, str(number), here], stderr=subprocess.PIPE) for number in range(8)
    ]
    for process in processes:
        errors = process.communicate()[1]
        assert process.returncode == 0, errors.decode()
    ledger = Ledger(path)
    assert len({found.key for found in ledger.history()}) == 8 * 50
    assert ledger.database.rows("SELECT name, count(*) FROM migrations GROUP BY name") == [
        ("append_only", 1),
        ("entries_and_calls", 1),
        ("openings", 1),
        ("seals", 1),
    ]
    ledger.close()


def test_a_ledger_waits_synced_and_logged(path: Path) -> None:
    ledger = Ledger(path)
    settings = {
        name: ledger.database.rows(f"PRAGMA {name}")[0][0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    ledger.close()


def test_entries_are_never_changed_nor_deleted(path: Path) -> None:
    ledger = Ledger(path)
    ledger.append(entry("a"), called=True)
    for statement in ("DELETE FROM entries", "UPDATE entries SET step = 'x'", "DELETE FROM calls"):
        with pytest.raises(StorageError, match="append-only"), ledger.database.transaction() as connection:
            connection.execute(statement)
    assert [found.key for found in ledger.history()] == ["a"]
    ledger.close()


def test_an_entry_and_its_call_are_written_together_or_not_at_all(path: Path) -> None:
    ledger = Ledger(path)
    with ledger.database.transaction() as connection:
        connection.execute("CREATE TRIGGER fail BEFORE INSERT ON calls BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StorageError):
        ledger.append(entry("a"), called=True)
    assert ledger.history() == []
    ledger.close()


def damage_is_found(path: Path) -> bool:
    try:
        ledger = Ledger(path)
    except CorruptError as error:
        return str(path) in error.where
    # Where damage is not found it fell on bytes that nothing uses: every entry still reads as written.
    assert [entry.key for entry in ledger.history()] == [str(number) for number in range(40)]
    ledger.close()
    return False


def test_a_damaged_page_or_entry_is_found_at_open(path: Path) -> None:
    ledger = Ledger(path)
    for number in range(40):
        ledger.append(entry(str(number), record=b'"' + b"text" * 5000 + b'"'), called=True)
    ledger.close()
    data = path.read_bytes()
    found = 0
    for offset in [0, 20, *random.Random(3).sample(range(len(data) - 64), 18)]:
        damaged = (
            data[:offset] + bytes(byte ^ 0x5A for byte in data[offset : offset + 64]) + data[offset + 64 :]
        )
        path.write_bytes(damaged)
        found += damage_is_found(path)
    assert found >= 18


@pytest.mark.parametrize("size", [0, 100, 4096, 10_000])
def test_a_truncated_ledger_is_found_at_open(path: Path, size: int) -> None:
    ledger = Ledger(path)
    for number in range(10):
        ledger.append(entry(str(number), record=b'"' + b"text" * 500 + b'"'), called=True)
    ledger.close()
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CorruptError):
        Ledger(path)


def test_a_ledger_of_a_newer_version_is_refused(path: Path) -> None:
    Ledger(path).close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO migrations VALUES ('from_the_future', '')")
    connection.close()
    with pytest.raises(ProjectError, match="from_the_future"):
        Ledger(path)


def test_a_ledger_whose_folder_cannot_be_made_is_an_error_of_the_house(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Ledger(tmp_path / "file" / "ledger.sqlite")
