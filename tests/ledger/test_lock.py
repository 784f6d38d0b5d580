"""Is there one writer at a time, and does the lock die with its holder?"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelwright.errors import ProjectBusy
from modelwright.ledger.lock import Holder, WriteLock

HOLDING = """
import sys, time
from pathlib import Path
from modelwright.ledger.lock import WriteLock
WriteLock(Path(sys.argv[1])).acquire(0, waiting=print)
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def another_holds(folder: Path) -> Iterator[subprocess.Popen[str]]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, folder], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def test_a_second_process_is_told_by_whom_it_is_kept_out(tmp_path: Path) -> None:
    told: list[Holder] = []
    with another_holds(tmp_path) as holder:
        with pytest.raises(ProjectBusy, match=f"process {holder.pid}, writing since 20"):
            WriteLock(tmp_path).acquire(0.2, waiting=told.append)
        assert [said.pid for said in told] == [holder.pid]


def test_kill_minus_nine_frees_the_lock(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path)
    with another_holds(tmp_path) as holder:
        threading.Timer(0.2, holder.kill).start()
        lock.acquire(20, waiting=lambda said: None)
    assert lock.holder().pid == os.getpid()
    lock.release()


def test_two_locks_of_one_process_keep_each_other_out(tmp_path: Path) -> None:
    one, other = WriteLock(tmp_path), WriteLock(tmp_path)
    one.acquire(0, waiting=lambda said: None)
    with pytest.raises(ProjectBusy):
        other.acquire(0, waiting=lambda said: None)
    one.release()
    other.acquire(0, waiting=lambda said: None)
    other.release()
