"""Do models of whole real files answer everywhere as when trained? Every row, and odd ones.

    python benchmarks/parity.py [--only NAME ...]

Each model, of every family on four files and of every architecture on one, is trained by the product's own
steps on the development rows of the whole file. `certify` asks a server process, a headless browser and a
device's folder with the real LiteRT the thousand raw rows of the product's proof, half of them with odd
cells; the release and the LiteRT file then answer every row of the file, held against the trained model. The
sealed test part is answered, never scored. Writes benchmarks/results/parity.json and parity.md.
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

import msgspec
import numpy as np
from device import OWN, OWN_CASES
from optimise import OFFICIAL, RESULTS, Case, fitted_only, laid

from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certify import certify
from modelwright.deploy.device.build import device_files
from modelwright.deploy.parity import Scale, hold_to, row_differences, scale_of
from modelwright.deploy.proving import final_of
from modelwright.deploy.raw_rows import raw_rows, settle_dates
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.develop.evaluating import evaluate
from modelwright.engine.columns import Columns, columns_of, targets_of
from modelwright.engine.model import Model, load
from modelwright.exporters.litert.model import DEVICE_FAMILIES, export_litert, inputs_of
from modelwright.exporters.litert.operators import operators_of
from modelwright.exporters.litert.running import ask, outputs_of, tensors_of
from modelwright.project import Project
from modelwright.records import Desk, Device, Family, Recipe, Release, Study, step
from modelwright.serving.manifest import GOLDEN_FILE, MANIFEST_FILE, Golden, decode_manifest
from modelwright.serving.release import Release as Served

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
] + list(OWN_CASES)


@step(version=1)
def float_device(desk: Desk, confirmed: Study, release: Release) -> Device:
    """The device's folder without integers: what they lose is for device.py to say."""
    model = load(desk.read(final_of(confirmed).model))
    manifest = decode_manifest(desk.read(release.files[MANIFEST_FILE]), MANIFEST_FILE)
    golden = msgspec.json.decode(desk.read(release.files[GOLDEN_FILE]), type=Golden)
    plain = export_litert(model)
    contents = device_files(model, manifest, golden, plain, b"", None)
    return Device(
        name=release.name,
        files={name: desk.keep(data, "bytes") for name, data in contents.items()},
        size_bytes=sum(map(len, contents.values())),
        operators=operators_of(plain),
        float_bytes=len(plain),
        integers=None,
        no_integers="not looked for",
    )


def recipe_of(case: Case) -> Recipe:
    """The case's recipe; the architectures' are a user's own code."""
    code, function = (OWN, "build") if case in OWN_CASES else ("", "")
    return Recipe(
        family=case.family, name=case.name, choices=dict(case.choices), code=code, function=function
    )


def off_on_a_device(model: Model, columns: Columns, scale: Scale) -> float:
    """The largest difference of the LiteRT file's answers, over every row."""
    rows = np.arange(columns.rows)
    said = ask(export_litert(model), inputs_of(model), tensors_of(model, columns, rows))
    return float(row_differences(model.predict_columns(columns), outputs_of(model, said.raw), scale).max())


def measured(case: Case) -> dict[str, Any]:
    """Train the case's model, ship it both ways, and see how far its answers are off."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p") as project:
        bench = laid(project, case)
        run = project.run(evaluate, bench, recipe_of(case))
        study = project.run(fitted_only, bench, run)
        release = project.run(ship, bench, study)
        site = project.run(build_site, bench, study, release)
        device = project.run(float_device, study, release) if case.family in DEVICE_FAMILIES else None
        made = project.run(certify, bench, study, release, release, site, None, (), release, device)
        write_release(project.read, release, Path(folder) / "release")
        served = Served.load(Path(folder) / "release")
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
        on_device = None if device is None else off_on_a_device(model, columns, scale)
    return {
        "name": case.name,
        "rows": len(rows),
        "proof_rows": made.rows,
        "answerers": {one.target: [one.max_difference, one.disagreements] for one in made.answerers},
        "programs": [one.program for one in made.answerers],
        "all_rows": largest,
        "all_rows_on_device": on_device,
        "parameters": run.parameters,
        "seconds": round(time.monotonic() - started, 1),
    }


def table_of(results: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in ("keras", "jax", "onnxruntime"))
    programs = dict.fromkeys(program.split(", ")[0] for one in results for program in one["programs"][1:])
    lines = [
        "# The same answers everywhere, whole files",
        "",
        f"`python benchmarks/parity.py`, Python {platform.python_version()}, {versions},",
        f"{', '.join(programs)}.",
        "",
        "Largest difference from the trained model's answer, in probability or in standard deviations of the",
        "target: on the product's proof (1,000 raw rows, half of them odd; how many get another class),",
        "and on every row of the file, by the release from raw rows and by the LiteRT file.",
        "",
        "| model | server | browser | device | other class | rows | release | LiteRT |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(line_of, results)]) + "\n"


def line_of(one: dict[str, Any]) -> str:
    """A model's line of the table; a tree has no device to go to."""
    asked = one["answerers"]
    off = [f"{asked[place][0]:.1e}" if place in asked else "-" for place in ("server", "browser", "device")]
    counts = [str(others) for _, others in asked.values() if others is not None]
    device = one.get("all_rows_on_device")
    cells = [
        one["name"],
        *off,
        " and ".join(counts) or "-",
        f"{one['rows']:,}",
        f"{one['all_rows']:.1e}",
        "-" if device is None else f"{device:.1e}",
    ]
    return f"| {' | '.join(cells)} |"


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
