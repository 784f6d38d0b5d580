"""Do models of whole real files answer in a server and in a browser as when trained? Every row, and odd ones.

    python benchmarks/parity.py [--only NAME ...]

Each model is trained by the product's own steps on the development rows of the whole file. `certify` asks a
server process and a headless browser the thousand raw rows of the product's proof, half of them with odd
cells; the release then answers every row of the file, as raw rows, held against the trained model. The sealed
test part is answered, never scored. Writes benchmarks/results/parity.json and parity.md.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from optimise import OFFICIAL, RESULTS, Case, fitted_only, laid

from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certify import certify
from modelwright.deploy.parity import hold_to, scale_of
from modelwright.deploy.proving import final_of
from modelwright.deploy.raw_rows import raw_rows, settle_dates
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.develop.evaluating import evaluate
from modelwright.engine.columns import columns_of, targets_of
from modelwright.engine.model import load
from modelwright.project import Project
from modelwright.records import Family, Recipe
from modelwright.serving.release import Release

FAMILIES: tuple[Family, ...] = ("linear", "trees", "network")
AT_ONCE = 5_000  # raw rows asked in one call: bounds memory
SETS = (
    ("SMS Spam", "sms_spam/sms_spam.csv.gz", "label", "roc_auc", (), None),
    ("Adult", "adult_census/adult.csv.gz", "income", "roc_auc", (), OFFICIAL),
    (
        "California housing",
        "california_housing/california_housing.csv.gz",
        "median_house_value",
        "rmse",
        (),
        None,
    ),
    ("IMDB", "imdb/imdb.parquet", "label", "accuracy", ("rating", "id", "imdb_title_id"), OFFICIAL),
)
CASES = [
    Case(f"{name}, {family}", file, predict, measure, family, {}, ignore, test)
    for name, file, predict, measure, ignore, test in SETS
    for family in FAMILIES
]


def measured(case: Case) -> dict[str, Any]:
    """Train the case's model, ship it both ways, and see how far its answers are off."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p") as project:
        bench = laid(project, case)
        run = project.run(evaluate, bench, Recipe(family=case.family, name=case.name, choices=case.choices))
        study = project.run(fitted_only, bench, run)
        release = project.run(ship, bench, study)
        site = project.run(build_site, bench, study, release)
        made = project.run(certify, bench, study, release, release, site)
        write_release(project.read, release, Path(folder) / "release")
        served = Release.load(Path(folder) / "release")
        model = load(project.read(final_of(study).model))
        table = project.read(bench.dataset.table)
        columns = settle_dates(columns_of(table, bench.dataset), served.manifest.inputs)
        targets = targets_of(table, bench.dataset, bench.task)
        scale = scale_of(bench.task.kind, targets, model.trained.target.outputs)
        rows = raw_rows(columns, served.manifest.inputs)
        largest = 0.0
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            expected = model.predict_columns(columns, np.arange(start, start + len(some)))
            largest = max(largest, hold_to(expected, served.predict(some).outputs, scale, some))
    return {
        "name": case.name,
        "rows": len(rows),
        "proof_rows": made.rows,
        "answerers": {one.target: [one.max_difference, one.disagreements] for one in made.answerers},
        "programs": [one.program for one in made.answerers],
        "all_rows": largest,
        "parameters": run.parameters,
        "seconds": round(time.monotonic() - started, 1),
    }


def table_of(results: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in ("keras", "jax", "onnxruntime"))
    lines = [
        "# The same answers everywhere, whole files",
        "",
        f"`python benchmarks/parity.py`, Python {platform.python_version()}, {versions},",
        f"{results[0]['programs'][-1]}.",
        "",
        "Largest difference from the trained model's answer, in probability or in standard deviations of the",
        "target: on the product's proof (1,000 raw rows, half of them odd), and on every row of the file.",
        "",
        "| model | server, 1,000 rows | browser, 1,000 rows | other class | release, every row |",
        "|---|---|---|---|---|",
    ]
    for one in results:
        server, browser = one["answerers"]["server"], one["answerers"]["browser"]
        others = "-" if server[1] is None else f"{server[1]} and {browser[1]}"
        lines.append(
            f"| {one['name']} | {server[0]:.1e} | {browser[0]:.1e} | {others} "
            f"| {one['all_rows']:.1e} of {one['rows']:,} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure the cases asked for and write the results down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    only: list[str] = [name.lower() for name in parser.parse_args().only]
    path = RESULTS / "parity.json"
    for case in CASES:
        if only and not any(name in case.name.lower() for name in only):
            continue
        row = measured(case)
        print(json.dumps(row), flush=True)
        known = {one["name"]: one for one in json.loads(path.read_text())} if path.exists() else {}
        known[row["name"]] = row
        kept = [known[case.name] for case in CASES if case.name in known]
        path.write_text(json.dumps(kept, indent=2) + "\n")
        (RESULTS / "parity.md").write_text(table_of(kept))


if __name__ == "__main__":
    main()
