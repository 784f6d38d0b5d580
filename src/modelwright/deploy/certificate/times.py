"""How long do the places take, here and now? Never part of a record: a time is another one every day."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from modelwright.deploy.browser.asking import ask_site
from modelwright.deploy.browser.finding import find_browser
from modelwright.deploy.device.asking import ask_device
from modelwright.deploy.serving_process import ask_server
from modelwright.records import Target
from modelwright.serving.manifest import GOLDEN_FILE, Golden

TIMED_ROWS = 200
SLOW_SHARE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What one place takes, in milliseconds.

    Args:
        first_answer: from starting the server or the device's program, or opening the page, to the first one.
        row: one row, asked alone: the middle of many. slow_row: what 99 of 100 do not exceed.
    """

    first_answer: float
    row: float
    slow_row: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The times of all places, when and on what."""

    utc: str
    machine: str
    places: dict[Target, Times]


def measure(folders: Mapping[Target, Path]) -> Measured:
    """Start what was written, ask it the golden rows over and over, and take the time.

    Args:
        folders: as written. The site is timed where a browser is found.

    Raises:
        ReleaseError: a place does not answer.
    """
    timed: dict[Target, Times | None] = {target: _timed(target, folder) for target, folder in folders.items()}
    places: dict[Target, Times] = {target: times for target, times in timed.items() if times is not None}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return Measured(utc=datetime.now(UTC).isoformat(timespec="seconds"), machine=machine, places=places)


def _timed(target: Target, folder: Path) -> Times | None:
    golden = msgspec.json.decode((folder / GOLDEN_FILE).read_bytes(), type=Golden).rows
    rows = (golden * TIMED_ROWS)[:TIMED_ROWS]
    browser = find_browser() if target == "browser" else None
    if not rows or (target == "browser" and browser is None):
        return None
    if browser is not None:
        said = ask_site(_contents(folder), rows, browser, rested=True)
    else:
        said = ask_device(folder, rows) if target == "device" else ask_server(folder, rows)
    return _times(said.first_answer_milliseconds, said.row_milliseconds)


def _times(first: float, rows: list[float]) -> Times:
    ordered = sorted(rows)
    slow = ordered[min(len(ordered) - 1, int(SLOW_SHARE * len(ordered)))]
    return Times(first_answer=first, row=statistics.median(ordered), slow_row=slow)


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
