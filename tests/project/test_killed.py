"""Does a project survive kill -9, and many processes at once?"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelwright.project import Project

TOY = Path(__file__).with_name("toy.py")
SEED = 20_240_611
# Measured: the toy makes 122 writes, fsyncs and renames, and takes about 0.3 seconds after its imports.
OPERATIONS = 120
SECONDS = 0.3
KILLS = 20


def toy(folder: Path, *moment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, TOY, folder, *moment], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return json.loads(toy(tmp_path_factory.mktemp("reference") / "project").stdout)


@pytest.mark.parametrize("kind", ["operation", "second"])
def test_killed_at_ten_seeded_moments_it_comes_to_the_same_records(
    tmp_path: Path, uninterrupted: dict[str, str], kind: str
) -> None:
    moments = random.Random(f"{SEED} {kind}")
    killed, projects, longest_seconds = 0, 0, SECONDS
    for _ in range(4 * KILLS):
        folder = tmp_path / f"project-{projects}"
        moment = (
            moments.randint(1, OPERATIONS) if kind == "operation" else moments.uniform(0, longest_seconds)
        )
        if toy(folder, kind, str(moment)).returncode == -signal.SIGKILL:
            killed += 1
            projects += killed % 2 == 0  # every project is killed twice
        else:  # it was done before its moment came: this machine is quicker than the moments supposed
            projects += 1
            longest_seconds *= 0.8
        if killed == KILLS // 2:
            break
    for folder in tmp_path.iterdir():
        finished = toy(folder)
        assert finished.returncode == 0, finished.stderr
        assert json.loads(finished.stdout) == uninterrupted
        with Project.open(folder) as project:
            assert len(project.history()) == len(uninterrupted), "nothing completed was done twice"
        assert list((folder / ".modelwright" / "blobs" / "incoming").iterdir()) == []
    assert killed == KILLS // 2


def test_eight_processes_on_one_project_do_each_thing_once(
    tmp_path: Path, uninterrupted: dict[str, str]
) -> None:
    command = [sys.executable, TOY, tmp_path / "project"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    answers = [process.communicate() for process in processes]
    for process, (_, errors) in zip(processes, answers, strict=True):
        assert process.returncode == 0, errors.decode()
    with Project.open(tmp_path / "project") as project:
        assert {entry.key: entry.record_digest for entry in project.history()} == uninterrupted
        assert len(project.history()) == len(uninterrupted)
