"""How soon does the page answer, and how long does a row take? Models of three families on real data.

    python benchmarks/browser.py --starts 10

Each start is a browser with a fresh profile that opens the page from a server on this machine. Results go to
benchmarks/results/browser.md and browser.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars

from modelwright.deploy.browser.asking import ask_site
from modelwright.deploy.browser.build import site_files
from modelwright.deploy.browser.finding import find_browser
from modelwright.deploy.browser.form import controls_of
from modelwright.deploy.manifest import field_of
from modelwright.deploy.raw_rows import raw_rows
from modelwright.engine.columns import columns_of, targets_of
from modelwright.engine.model import Model
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.target import Target
from modelwright.engine.training import train
from modelwright.exporters.onnx import export
from modelwright.project import Project
from modelwright.records import Bench, Recipe
from modelwright.serving.manifest import FORMAT, Golden, Manifest
from modelwright.serving.release import Release
from modelwright.workflow import Wishes, define_task, understand_data
from modelwright.workflow.chapter import prepare_bench

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RESULTS = Path(__file__).resolve().parent / "results"
SETS = {
    "SMS Spam": ("sms_spam/sms_spam.csv.gz", "label"),
    "Adult": ("adult_census/adult.csv.gz", "income"),
    "California housing": ("california_housing/california_housing.csv.gz", "median_house_value"),
    "IMDB": ("imdb/imdb.parquet", "label"),
}
FAMILIES: dict[str, dict[str, Any]] = {"linear": {}, "trees": {"trees": 200}, "network": {"epochs": 2}}
TRAINING_ROWS = 5_000
TIMED_ROWS = 200
GOLDEN_ROWS = 5


def bench_of(name: str, folder: Path) -> tuple[Bench, polars.DataFrame]:
    """A set's bench and its table as cast."""
    file, target = SETS[name]
    table = polars.read_parquet(DATA / file) if file.endswith("parquet") else polars.read_csv(DATA / file)
    rows = table.sample(min(TRAINING_ROWS, table.height), seed=1)
    with Project.create(folder) as project:
        task, snap = define_task(project, rows, Wishes(predict=(target,)))
        dataset, _ = understand_data(project, task, snap)
        bench = prepare_bench(project, task, dataset, 0)
        return bench, project.read(dataset.table)


def site_of(bench: Bench, table: polars.DataFrame, family: str) -> tuple[dict[str, bytes], list[Any]]:
    """The site of a model of this family, and rows to ask it."""
    columns, every = columns_of(table, bench.dataset), np.arange(table.height, dtype=np.int64)
    preparation = fit_preparation(bench.plan, columns, every)
    target = Target(kind=bench.task.kind, classes=bench.dataset.classes, names=bench.task.targets)
    prepared = prepare_rows(preparation, columns, every)
    recipe = Recipe(family=family, name=family, choices=FAMILIES[family])  # pyright: ignore[reportArgumentType]  # a family's name
    trained = train(recipe, target, prepared, targets_of(table, bench.dataset, bench.task))
    graph = export(Model(preparation=preparation, trained=trained))
    names = [column.name for column in preparation.columns]
    manifest = Manifest(
        format=FORMAT,
        name=family,
        kind=bench.task.kind,
        classes=bench.dataset.classes,
        targets=bench.task.targets,
        inputs=tuple(field_of(bench, name, f"column_{place}") for place, name in enumerate(names)),
    )
    rows = raw_rows(columns_of(table[:TIMED_ROWS], bench.dataset), manifest.inputs)
    outputs = Release(manifest, graph).predict(rows[:GOLDEN_ROWS]).outputs
    golden = Golden(
        rows=rows[:GOLDEN_ROWS],
        outputs=outputs.tolist(),
        tolerance=(1e-5 * np.abs(outputs).max(axis=0)).tolist(),
    )
    controls = controls_of(manifest.inputs, preparation, sensitive=False)
    return site_files(manifest, graph, msgspec.json.encode(golden), controls), rows


def measured(name: str, family: str, bench: Bench, table: polars.DataFrame, starts: int) -> dict[str, Any]:
    """First answers over several fresh profiles, and the time a row takes."""
    browser = find_browser()
    if browser is None:
        raise SystemExit("no Chromium, Chrome or Edge on this machine (MODELWRIGHT_BROWSER names one)")
    site, rows = site_of(bench, table, family)
    said = [ask_site(site, rows, browser, rested=True) for _ in range(starts)]
    first = sorted(one.first_answer_milliseconds for one in said)
    row = [time for one in said for time in one.row_milliseconds]
    return {
        "data": name,
        "family": family,
        "model_bytes": len(site["model.onnx"]),
        "site_bytes": sum(map(len, site.values())),
        "first_answer_ms": {"low": first[0], "median": statistics.median(first), "high": first[-1]},
        "row_ms": {"median": statistics.median(row), "p99": float(np.quantile(row, 0.99))},
        "starts": starts,
        "browser": said[0].program,
    }


def as_table(results: list[dict[str, Any]], machine: str) -> str:
    """The results for people."""
    lines = [
        "# The page's first answer\n",
        "`python benchmarks/browser.py`: each start is a browser with a fresh profile and an empty cache",
        "that opens the page from a server on this machine; from navigation to the first answer, with the",
        "downloads, the runtime's compiling and the golden rows.",
        f"{machine}; {results[0]['browser']}, one thread.\n",
        "| data | model | model.onnx MB | site MB | first answer ms (low to high) | one row ms | p99 |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in results:
        first, row = one["first_answer_ms"], one["row_ms"]
        lines.append(
            f"| {one['data']} | {one['family']} "
            f"| {one['model_bytes'] / 1e6:.2f} | {one['site_bytes'] / 1e6:.2f} "
            f"| {first['median']:.0f} ({first['low']:.0f} to {first['high']:.0f}), {one['starts']} starts "
            f"| {row['median']:.2g} | {row['p99']:.2g} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure all, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=10)
    starts = parser.parse_args().starts
    results: list[dict[str, Any]] = []
    for name in SETS:
        with tempfile.TemporaryDirectory() as folder:
            bench, table = bench_of(name, Path(folder) / "p")
            for family in FAMILIES:
                results.append(measured(name, family, bench, table, starts))
                print(json.dumps(results[-1]))
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    machine = f"{platform.system()} {platform.machine()}, {allowed} of {os.cpu_count()} shared processors"
    (RESULTS / "browser.json").write_text(
        json.dumps({"machine": machine, "results": results}, indent=2) + "\n"
    )
    (RESULTS / "browser.md").write_text(as_table(results, machine))


if __name__ == "__main__":
    main()
