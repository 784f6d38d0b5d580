"""How good is one command, in a stated time? Eight real data sets, each run as a user would run it.

    python benchmarks/accuracy.py [--only NAME ...]

Each line is ``modelwright run FILE --predict ... --seconds N`` in a process of its own; the score is the
sealed test part's (the official one, or the seeded 25% that the workflow itself sets aside), opened once.
Writes benchmarks/results/accuracy.json and accuracy.md; with --only, the other rows stay as they were.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.records import number_text

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Case:
    """One data set, how it is run, and the bar its score must reach."""

    name: str
    file: str
    options: tuple[str, ...]
    measure: str
    bar: float
    at_least: bool = True
    seconds: int = 120


CASES = (
    Case("SMS Spam", "sms_spam/sms_spam.csv.gz", ("--predict", "label"), "f1", 0.945),
    Case(
        "Adult (official test)",
        "adult_census/adult.csv.gz",
        ("--predict", "income", "--test-column", "split=test", "--ignore", "fnlwgt"),
        "roc_auc",
        0.925,
    ),
    Case(
        "California housing",
        "california_housing/california_housing.csv.gz",
        ("--predict", "median_house_value"),
        "rmse",
        48_500,
        at_least=False,
    ),
    Case("Titanic", "titanic/titanic_kaggle_train.csv.gz", ("--predict", "Survived"), "roc_auc", 0.84),
    Case(
        "Mammography",
        "mammography_imbalanced/mammography.csv.gz",
        ("--predict", "target"),
        "average_precision",
        0.70,
    ),
    Case(
        "Bike sharing (random split)",
        "bike_sharing_hourly/hour.csv.gz",
        ("--predict", "cnt", "--ignore", "casual,registered"),
        "r2",
        0.93,
    ),
    Case(
        "Boston housing",
        "boston_housing/boston_housing.csv.gz",
        ("--predict", "MEDV", "--measure", "mae"),
        "mae",
        2.5,
        at_least=False,
    ),
    Case(
        "IMDB (official test)",
        "imdb/imdb.parquet",
        ("--predict", "label", "--test-column", "split=test", "--ignore", "rating,id"),
        "accuracy",
        0.895,
        seconds=300,
    ),
)


def measured(case: Case, folder: Path, seed: int) -> dict[str, Any]:
    """Run one case in a process of its own: score with interval, wall seconds, peak memory."""
    command = [sys.executable, "-m", "modelwright", "run", str(DATA / case.file), *case.options]
    command += ["--seconds", str(case.seconds), "--seed", str(seed), "--json"]
    command += ["--project", str(folder / f"{Path(case.file).parent.name}-{seed}")]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    answer = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    outcome = json.loads(answer)
    if status != 0 or outcome.get("sealed_test") is None:
        raise SystemExit(f"{case.name} did not finish: {answer}")
    score = outcome["scores"][case.measure]
    reached = score["value"] >= case.bar if case.at_least else score["value"] <= case.bar
    return {
        "name": case.name,
        "measure": case.measure,
        "score": score["value"],
        "interval": [score["low"], score["high"]],
        "bar": case.bar,
        "reached": reached,
        "model": outcome["model"]["recipe"]["name"],
        "family": outcome["model"]["recipe"]["family"],
        "validation": outcome["model"]["score"]["value"],
        "seconds_allowed": case.seconds,
        "wall_seconds": round(wall, 1),
        "peak_megabytes": round(usage.ru_maxrss / 1024),
        "seed": seed,
        "command": " ".join(["modelwright", "run", Path(case.file).name, *case.options])
        + f" --seconds {case.seconds} --seed {seed}",
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("keras", "jax", "lightgbm", "scipy", "onnxruntime")
    )
    lines = [
        "# Accuracy of one command in a stated time",
        "",
        f"`python benchmarks/accuracy.py` on {os.cpu_count()} cores, Python {platform.python_version()},",
        f"{versions}.",
        "Scores are the sealed test part's, with 95% intervals.",
        "",
        "| data | measure | bar | score (95% interval) | chosen | wall s (allowed) | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["interval"]
        cells = (
            row["name"],
            row["measure"],
            number_text(row["bar"]),
            f"{number_text(row['score'])} ({number_text(low)} to {number_text(high)})"
            + ("" if row["reached"] else " **missed**"),
            row["family"],
            f"{row['wall_seconds']} ({row['seconds_allowed']})",
            row["peak_megabytes"],
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "Commands:", "", *(f"- `{row['command']}`" for row in rows), ""]
    return "\n".join(lines)


def write(rows: list[dict[str, Any]]) -> None:
    """Put the new rows among those measured before, each case's latest."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "accuracy.json"
    latest = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    latest |= {row["name"]: row for row in rows}
    kept = [latest[case.name] for case in CASES if case.name in latest]
    path.write_text(json.dumps(kept, indent=2) + "\n")
    (RESULTS / "accuracy.md").write_text(table(kept))


def main() -> None:
    """Run the cases asked for and write the results down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit("the shared data sets are not beside this checkout: nothing was measured")
    chosen = [
        c for c in CASES if not arguments.only or any(n.lower() in c.name.lower() for n in arguments.only)
    ]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            rows.append(measured(case, Path(folder), arguments.seed))
            print(json.dumps(rows[-1]), flush=True)
    write(rows)


if __name__ == "__main__":
    main()
