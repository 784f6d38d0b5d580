"""kill -9 at any moment costs nothing but time: the rerun's records are the uninterrupted run's."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

KILLS = int(os.environ.get("MODELWRIGHT_KILLS", "6"))
"""Moments at which the run is killed; 20 were run when this was written, fewer by default to save time."""


def table(path: Path, rows: int = 240) -> Path:
    """A small real-looking table: a number, a category, a date, a text."""
    chance = random.Random(7)
    lines = ["amount,shop,day,note,fraud"]
    for row in range(rows):
        fraud = chance.random() < 0.35
        amount = chance.gauss(90 if fraud else 40, 25)
        shop = chance.choice(["east", "west", "north"] if fraud else ["west", "north", "south"])
        words = ["refund", "urgent", "card"] if fraud else ["coffee", "bread", "milk"]
        note = " ".join(chance.choices([*words, "please", "today", "thanks"], k=5))
        day = f"2024-{row % 12 + 1:02d}-{row % 28 + 1:02d}"
        lines.append(f"{amount:.2f},{shop},{day},{note} {row},{'yes' if fraud else 'no'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def command(data: Path, project: Path) -> list[str]:
    run = [sys.executable, "-m", "modelwright", "run", str(data), "--predict", "fraud"]
    return [*run, "--trials", "3", "--project", str(project), "--json"]


def records(project: Path) -> dict[str, str]:
    """The digest of every top-level step's record."""
    log = subprocess.run(
        [sys.executable, "-m", "modelwright", "log", str(project), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {entry["step"]: entry["record_digest"] for entry in json.loads(log.stdout) if not entry["parent"]}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_killed_at_random_moments_comes_to_the_same_records(tmp_path: Path) -> None:
    data = table(tmp_path / "payments.csv")
    started = time.monotonic()
    whole = tmp_path / "whole" / "p"  # by itself: what is sealed beside it would be known to the others
    subprocess.run(command(data, whole), check=True, capture_output=True, timeout=600)
    whole_seconds = time.monotonic() - started
    expected = records(whole)
    assert {"develop.tune", "develop.confirm", "deploy.ship"} <= set(expected)

    chance = random.Random(11)
    killed, finished = 0, 0
    project = tmp_path / "killed-0" / "p"
    while killed < KILLS:
        process = subprocess.Popen(
            command(data, project), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(chance.uniform(0.1, whole_seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
            continue
        assert process.returncode == 0
        assert records(project) == expected
        finished += 1
        project = tmp_path / f"killed-{finished}" / "p"
    subprocess.run(command(data, project), check=True, capture_output=True, timeout=600)
    assert records(project) == expected


@pytest.mark.slow
def test_an_unchanged_rerun_does_nothing_and_two_processes_take_turns(tmp_path: Path) -> None:
    data = table(tmp_path / "payments.csv")
    both = [
        subprocess.Popen(command(data, tmp_path / "shared"), stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    answers = [json.loads(process.communicate(timeout=600)[0]) for process in both]
    done = [answer for answer in answers if "headline" in answer]
    told = [answer for answer in answers if answer.get("error") == "ProjectBusy"]
    assert len(done) + len(told) == 2
    assert done
    before = records(tmp_path / "shared")
    entries = subprocess.run(
        [sys.executable, "-m", "modelwright", "log", str(tmp_path / "shared"), "--json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    subprocess.run(command(data, tmp_path / "shared"), check=True, capture_output=True, timeout=600)
    assert records(tmp_path / "shared") == before
    again = subprocess.run(
        [sys.executable, "-m", "modelwright", "log", str(tmp_path / "shared"), "--json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert again == entries
