"""A release copied to a machine without Modelwright answers as the trained model does."""

from __future__ import annotations

import csv
import json
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.engine.columns import Columns
from modelwright.engine.model import load
from modelwright.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROWS = 1_000
WORDS = [
    "refund",
    "urgent",
    "coffee",
    "bread",
    "شكرا",
    "תודה",
    "🦊",
    "😀😀",
    "£100",
    "naïve",
    "\u202e reversed",
    "",
]


def training_file(path: Path, rows: int = 300) -> Path:
    chance = random.Random(2)
    lines = ["amount,shop,day,note,fraud"]
    for row in range(rows):
        fraud = chance.random() < 0.4
        amount = "" if row % 23 == 0 else f"{chance.gauss(90 if fraud else 40, 25):.2f}"
        shop = chance.choice(["east", "west"] if fraud else ["west", "south"])
        note = " ".join(chance.choices(["refund", "urgent"] if fraud else ["coffee", "bread"], k=4))
        day = f"2024-{row % 12 + 1:02d}-{row % 28 + 1:02d}"
        lines.append(f"{amount},{shop},{day},{note} {row},{'yes' if fraud else 'no'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def raw_rows() -> list[dict[str, Any]]:
    """Rows as callers send them: missing values, unseen categories, emoji, right-to-left text."""
    chance = random.Random(9)
    return [
        {
            "amount": chance.choice([None, chance.gauss(60, 40), str(round(chance.gauss(60, 40), 2)), 1e9]),
            "shop": chance.choice([None, "east", "west", "never seen", "ÜBERSEE", "🛒"]),
            "day": chance.choice([None, f"20{chance.randint(10, 30)}-02-0{chance.randint(1, 9)}"]),
            "note": chance.choice([None, " ".join(chance.choices(WORDS, k=chance.randint(1, 12)))]),
        }
        for _ in range(ROWS)
    ]


def as_columns(rows: list[dict[str, Any]]) -> Columns:
    """The same rows as the training environment holds them."""

    def seconds(day: str | None) -> float:
        if day is None:
            return float("nan")
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()

    def text(name: str) -> Any:
        return np.array([row[name] for row in rows], dtype=object)

    return Columns(
        values={
            "amount": np.array(
                [float("nan") if row["amount"] is None else float(row["amount"]) for row in rows]
            ),
            "shop": text("shop"),
            "day": np.array([seconds(row["day"]) for row in rows]),
            "note": text("note"),
        },
        rows=len(rows),
    )


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    data = training_file(folder / "payments.csv")
    command = [sys.executable, "-m", "modelwright", "run", str(data), "--predict", "fraud", "--trials", "2"]
    subprocess.run([*command, "--project", str(folder / "p")], check=True, capture_output=True, timeout=600)
    return folder / "p"


@pytest.fixture(scope="module")
def elsewhere(released: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A virtual environment with the release's four requirements only, and the copied release."""
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(released / "release", folder / "release")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    requirements = str(folder / "release" / "requirements.txt")
    installed = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "-r", requirements], capture_output=True, text=True
    )
    if installed.returncode:
        pytest.skip(f"no package registry to install from: {installed.stderr[-200:]}")
    return python, folder / "release"


def test_a_thousand_raw_rows_are_answered_alike(
    released: Path, elsewhere: tuple[Path, Path], tmp_path: Path
) -> None:
    python, release = elsewhere
    rows = raw_rows()
    with Project.open(released) as project:
        final = project.last("confirm").final
        expected = load(project.read(final.model)).predict_columns(as_columns(rows))
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    command = [str(python), str(release / "predict.py"), str(tmp_path / "rows.jsonl")]
    subprocess.run([*command, "--out", str(tmp_path / "out.csv")], check=True, timeout=120)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as answered:
        answers = list(csv.DictReader(answered))
    given = np.array([[float(a["probability_no"]), float(a["probability_yes"])] for a in answers])
    assert given.shape == expected.shape == (ROWS, 2)
    assert np.abs(given - expected).max() <= 1e-5
    assert {a["prediction"] for a in answers} == {"yes", "no"}


def test_the_copied_server_answers_a_thousand_rows_and_stops_in_order(elsewhere: tuple[Path, Path]) -> None:
    python, release = elsewhere
    rows = raw_rows()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict",
        data=json.dumps(rows).encode(),
        headers={"Content-Type": "application/json"},
    )
    server = subprocess.Popen([str(python), str(release / "serve.py"), "--port", str(port)])
    try:
        answers = json.load(asked_until_up(request))
    finally:
        server.terminate()
        assert server.wait(20) == 0
    assert len(answers) == ROWS


def asked_until_up(request: urllib.request.Request, seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(request, timeout=seconds)
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
