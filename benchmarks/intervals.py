"""Do 95% intervals hold the truth 95 times in 100? Simulated, measure by measure and size by size.

    python benchmarks/intervals.py [--draws 500]

For each measure and number of rows so many data sets are drawn from a world whose true score is known from
400,000 rows; counted is how often the interval that the product would show holds it. Also: how far the best
of 100 candidates looks better than it is, before and after the correction for having been picked. Writes
benchmarks/results/intervals.json and intervals.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from modelwright.statistics.intervals import bootstrap, wilson_of_counts
from modelwright.statistics.measures import BUILT_IN, Score, measure_function
from modelwright.statistics.picking import corrected_for_picking

RESULTS = Path(__file__).resolve().parent / "results"
TRUTH_ROWS = 400_000
SIZES = (100, 1_000, 10_000)
LOW, HIGH = 0.93, 0.97
CANDIDATES, PICKED_WORLDS = 100, 200

Random = np.random.Generator
World = Callable[[int, Random], tuple[Any, Any]]


def columns_of(probabilities: Any) -> Any:
    """Probabilities of the second of two classes as a model's outputs, (rows, 2)."""
    return np.column_stack([1 - probabilities, probabilities])


def answered(rows: int, random: Random) -> tuple[Any, Any]:
    """Labels answered rightly 85 times in 100."""
    targets = random.integers(0, 2, rows)
    right = random.random(rows) < 0.85
    return targets, columns_of(np.where(right, targets, 1 - targets).astype(float))


def ranked(share: float, distance: float) -> World:
    """Positive rows that score higher than the others by so many standard deviations."""

    def world(rows: int, random: Random) -> tuple[Any, Any]:
        targets = (random.random(rows) < share).astype(np.int64)
        scores = random.normal(size=rows) + distance * targets
        return targets, columns_of(1 / (1 + np.exp(-scores)))

    return world


def calibrated(rows: int, random: Random) -> tuple[Any, Any]:
    """Probabilities that are what they say."""
    probabilities = 1 / (1 + np.exp(-1.5 * random.normal(size=rows)))
    return (random.random(rows) < probabilities).astype(np.int64), columns_of(probabilities)


def estimated(rows: int, random: Random) -> tuple[Any, Any]:
    """Values answered with normal errors."""
    targets = random.normal(size=rows)
    return targets, (targets + random.normal(size=rows))[:, None]


WORLDS: dict[str, World] = {
    "accuracy": answered,
    "roc_auc": ranked(0.3, 1.5),
    "average_precision": ranked(0.2, 1.5),
    "rmse": estimated,
    "log_loss": calibrated,
}


def score_of(name: str) -> Score:
    """A built-in measure."""
    values = BUILT_IN[name].reads == "value"
    return measure_function(BUILT_IN[name].chosen(""), () if values else ("no", "yes"))


def coverage(name: str, rows: int, draws: int) -> dict[str, Any]:
    """How often the interval holds the truth, and how wide it is."""
    random, score, world = np.random.default_rng([7, rows]), score_of(name), WORLDS[name]
    truth = score(*world(TRUTH_ROWS, random))
    units, held, widths = np.arange(rows), 0, []
    began = time.monotonic()
    for draw in range(draws):
        found = bootstrap(score, *world(rows, random), units=units, seed=draw)
        held += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    low, high = wilson_of_counts(held, draws)
    return {
        "measure": name,
        "rows": rows,
        "draws": draws,
        "coverage": round(held / draws, 4),
        "interval": [round(low, 4), round(high, 4)],
        "mean_width": float(np.mean(widths)),
        "seconds": round(time.monotonic() - began, 1),
    }


def picked(rows: int, alike: float) -> dict[str, Any]:
    """100 candidates of equal worth, right together as far as they are alike: the best of them."""
    score, ability, targets = score_of("accuracy"), 0.8, np.ones(rows, dtype=np.int64)
    errors: dict[str, list[float]] = {"raw": [], "corrected": []}
    held = 0
    for seed in range(PICKED_WORLDS):
        random = np.random.default_rng([11, rows, seed])
        shared, own = random.random(rows), random.random((CANDIDATES, rows))
        together = random.random((CANDIDATES, rows)) < alike
        right = np.where(together, shared, own) < ability
        candidates = [columns_of(one.astype(float)) for one in right]
        best = int(right.mean(axis=1).argmax())
        raw = bootstrap(score, targets, candidates[best], units=np.arange(rows), seed=seed, resamples=200)
        found = corrected_for_picking(
            score,
            targets,
            candidates,
            raw=raw,
            goal="maximise",
            units=np.arange(rows),
            seed=seed,
            resamples=200,
        )
        errors["raw"].append(raw.value - ability)
        errors["corrected"].append(found.value - ability)
        held += found.low <= ability <= found.high
    return {
        "rows": rows,
        "alike": alike,
        "worlds": PICKED_WORLDS,
        "raw_points": round(100 * float(np.mean(errors["raw"])), 2),
        "corrected_points": round(100 * float(np.mean(errors["corrected"])), 2),
        "coverage": round(held / PICKED_WORLDS, 3),
    }


def written(covered: list[dict[str, Any]], picks: list[dict[str, Any]]) -> str:
    """The tables as Markdown."""
    lines = ["# Do intervals hold the truth?", "", "95% intervals, as the product makes them.", ""]
    lines += ["| measure | rows | draws | coverage | known to | mean width |", "|---|---|---|---|---|---|"]
    for one in covered:
        missed = "" if LOW <= one["coverage"] <= HIGH else " **missed**"
        low, high = one["interval"]
        lines.append(
            f"| {one['measure']} | {one['rows']:,} | {one['draws']:,} | {one['coverage']:.1%}{missed} | "
            f"{low:.1%} to {high:.1%} | {one['mean_width']:.3g} |"
        )
    lines += [
        "",
        f"The best of {CANDIDATES} equal candidates, accuracy 80%, in points of accuracy too good:",
        "",
    ]
    lines += ["| rows | alike | as scored | corrected | corrected interval holds |", "|---|---|---|---|---|"]
    lines += [
        f"| {one['rows']:,} | {one['alike']:.0%} | {one['raw_points']:+.2f} | "
        f"{one['corrected_points']:+.2f} | "
        f"{one['coverage']:.1%} |"
        for one in picks
    ]
    lines += [
        "",
        f"`python benchmarks/intervals.py`, Python {platform.python_version()}, {os.cpu_count()} cores.",
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Simulate and write the results down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=500)
    arguments = parser.parse_args()
    covered: list[dict[str, Any]] = []
    for name in WORLDS:
        for rows in SIZES:
            covered.append(coverage(name, rows, arguments.draws))
            print(json.dumps(covered[-1]), flush=True)
    picks = [picked(rows, alike) for rows in (200, 400) for alike in (0.0, 0.5)]
    print(json.dumps(picks), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "intervals.json").write_text(
        json.dumps({"coverage": covered, "picking": picks}, indent=2) + "\n"
    )
    (RESULTS / "intervals.md").write_text(written(covered, picks))


if __name__ == "__main__":
    main()
