"""How small and quick do models become, and what do they lose? Real data, every form, both gates.

    python benchmarks/optimise.py [--only NAME ...]

Each case is a network of more than 300 kB as float (and one of less), trained by the product's own steps on
the development rows; `deploy.optimise` then makes every form, measures each on rows that neither form was
trained on, times them in turns on one thread, and chooses. The sealed test part is never opened.
Writes benchmarks/results/optimise.json and optimise.md; with --only, the other cases stay as they were.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.measure import choose_measure
from modelwright.define.snapshot import snapshot
from modelwright.deploy.optimise import optimise
from modelwright.deploy.timed_forms import TIMED_ROWS
from modelwright.deploy.timing import time_in_turns
from modelwright.develop.confirm import fit_final
from modelwright.develop.evaluating import evaluate, of_length
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.engine.columns import columns_of
from modelwright.engine.model import load
from modelwright.exporters.running import Running, feeds_of
from modelwright.project import Project
from modelwright.records import (
    Bench,
    Choice,
    Desk,
    Family,
    Final,
    Optimised,
    Option,
    Recipe,
    Run,
    Study,
    Verdict,
    digest,
    step,
)

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULTS = ROOT / "benchmarks" / "results"
LARGE_BYTES = 300_000
TWINS = 10
SIZE_BAR, DROP_BAR, DOWNLOAD_BAR = 0.28, 0.005, 0.08
"""What the issue asks for: the integer file's size, its drop, and the pruned integer file's download."""

WIDE = '''
import keras


def build(input_shape, output_shape, units=256):
    """Two dense layers on numbers, one-hot categories and words."""
    last = {"activation": "sigmoid"} if output_shape == (1,) else {}
    return keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dense(*output_shape, **last),
    ])
'''


@dataclass(frozen=True)
class Case:
    """A data set, what is predicted by which measure, and the network."""

    name: str
    file: str
    predict: str
    measure: str
    family: Family
    choices: dict[str, Choice] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    test_column: str | None = None


OFFICIAL = "split"
CASES = (
    Case(
        "SMS Spam, embedded words",
        "sms_spam/sms_spam.csv.gz",
        "label",
        "roc_auc",
        "network",
        {"embedding_units": 64, "units": 256, "dropout": 0.3},
    ),
    Case(
        "SMS Spam, bag of words",
        "sms_spam/sms_spam.csv.gz",
        "label",
        "roc_auc",
        "yours",
        {"units": 256},
    ),
    Case(
        "Adult, dense",
        "adult_census/adult.csv.gz",
        "income",
        "roc_auc",
        "network",
        {"layers": 3, "units": 512, "dropout": 0.3, "batch_size": 512},
        ("fnlwgt",),
        OFFICIAL,
    ),
    Case(
        "California, dense",
        "california_housing/california_housing.csv.gz",
        "median_house_value",
        "rmse",
        "network",
        {"layers": 3, "units": 512, "batch_size": 256},
    ),
    Case(
        "IMDB, bag of words",
        "imdb/imdb.parquet",
        "label",
        "accuracy",
        "yours",
        {"units": 256, "batch_size": 256},
        ("rating", "id", "imdb_title_id"),
        OFFICIAL,
    ),
    Case(
        "IMDB, embedded words",
        "imdb/imdb.parquet",
        "label",
        "accuracy",
        "network",
        {"embedding_units": 64, "units": 64, "dropout": 0.3, "batch_size": 256},
        ("rating", "id", "imdb_title_id"),
        OFFICIAL,
    ),
    Case(
        "Titanic, small dense",
        "titanic/titanic_kaggle_train.csv.gz",
        "Survived",
        "roc_auc",
        "network",
        {"layers": 2, "units": 64},
    ),
)


@step(version=1)
def fitted_only(desk: Desk, bench: Bench, run: Run) -> Study:
    """The final model as `confirm` trains it, with the sealed test part left closed.

    Of the study's scores only validation's are real; nothing here reads the others.
    """
    fitted = desk.once(fit_final, bench, of_length(run.recipe, run.best_epochs))
    final = Final(
        recipe=fitted.recipe,
        model=fitted.model,
        rows=fitted.rows,
        test_rows=0,
        test_score=run.score,
        validation_score=run.score,
        baseline_score=run.score,
        kept_promise=False,
        promise="the test part was not opened",
        predictions=run.predictions,
    )
    verdict = Verdict(question="", answer="unclear", reason="the test part was not opened")
    return Study(question="", bench=digest(bench), runs=(run,), chosen=0, verdict=verdict, final=final)


def laid(project: Project, case: Case) -> Bench:
    """The bench that the product lays for the case."""
    snap = project.run(snapshot, project.adopt(DATA / case.file))
    task = project.run(
        frame,
        snap,
        predict=(case.predict,),
        ignore=case.ignore,
        measure=case.measure,
        source_name=case.name,
        test_column=case.test_column,
        test_value=None if case.test_column is None else "test",
    )
    dataset = project.run(collect, task, snap)
    measure = project.run(choose_measure, task, dataset)
    protocol = project.run(choose_protocol, task, dataset, measure, (), seed=0)
    plan = project.run(prepare, task, dataset)
    return Bench(task=task, dataset=dataset, measure=measure, plan=plan, protocol=protocol)


def measured(case: Case) -> dict[str, Any]:
    """Train the case's network, optimise it, and say what came of it."""
    code, function = (WIDE, "build") if case.family == "yours" else ("", "")
    recipe = Recipe(
        family=case.family, name=case.name, choices=dict(case.choices), code=code, function=function
    )
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p") as project:
        bench = laid(project, case)
        run = project.run(evaluate, bench, recipe)
        study = project.run(fitted_only, bench, run)
        trained = time.monotonic() - started
        found = project.run(optimise, bench, study)
        shown = project.run(optimise, bench, study, target="browser")
        twins = against_itself(project, bench, found)
    return {
        "name": case.name,
        "measure": bench.measure.name,
        "protocol": f"{bench.protocol.kind}, {bench.protocol.folds}",
        "validation": run.score.value,
        "choices": case.choices,
        "rows": found.rows,
        "relative": found.relative,
        "chosen": found.best.variant.name,
        "chosen_in_browser": shown.best.variant.name,
        "machine": found.machine,
        "train_seconds": round(trained, 1),
        "optimise_seconds": round(time.monotonic() - started - trained, 1),
        "twins": twins,
        "left_out": found.left_out,
        "options": [told(found, option) for option in found.options],
    }


def against_itself(project: Project, bench: Bench, found: Optimised) -> dict[str, int]:
    """How often the very same file, timed against itself, is called faster or slower."""
    variant = found.options[0].variant
    graph, columns = project.read(variant.graph), columns_of(project.read(bench.dataset.table), bench.dataset)
    feeds = list(feeds_of(load(project.read(variant.model)).preparation, columns, np.arange(TIMED_ROWS), 1))
    files = {str(number): partial(Running, graph) for number in range(TWINS + 1)}
    ratios = [one.ratio for one in list(time_in_turns(files, feeds).values())[1:]]
    faster, slower = sum(one.high < 1 for one in ratios), sum(one.low > 1 for one in ratios)
    return {"copies": TWINS, "faster": faster, "slower": slower}


def told(found: Optimised, option: Option) -> dict[str, Any]:
    """An option's figures."""
    plain, variant, timing = found.options[0].variant, option.variant, option.timing
    return {
        "name": variant.name,
        "bytes": variant.size_bytes,
        "size": variant.size_bytes / plain.size_bytes,
        "gzip_bytes": variant.gzip_bytes,
        "download": variant.gzip_bytes / plain.size_bytes,
        "sparsity": variant.sparsity,
        "drop": [variant.drop.value, variant.drop.low, variant.drop.high],
        "file_drop": variant.file_drop,
        "largest_difference": variant.largest_difference,
        "milliseconds": timing.milliseconds,
        "ratio": [timing.ratio.value, timing.ratio.low, timing.ratio.high],
        "companions": variant.companions,
        "accurate": option.accurate,
        "faster": option.faster,
        "reason": option.reason,
    }


def bars(row: dict[str, Any]) -> list[tuple[str, bool]]:
    """What the issue asks of a case, and whether it was reached."""
    options, plain = row["options"], row["options"][0]
    if plain["bytes"] <= LARGE_BYTES:
        return [("not chosen unless faster", _chosen_is_faster(row))]
    integer = [one for one in options if one["name"].startswith("int8")]
    both = [one for one in options if one["name"].startswith("pruned") and "int8" in one["name"]]

    def small(one: dict[str, Any]) -> bool:
        return one["size"] <= SIZE_BAR and one["drop"][1] <= DROP_BAR

    return [
        (
            f"int8 at most {SIZE_BAR} of the size, drop's interval includes 0.5 points",
            any(map(small, integer)),
        ),
        ("not chosen unless faster", _chosen_is_faster(row)),
        (f"pruned, int8, gzip at most {DOWNLOAD_BAR}", any(o["download"] <= DOWNLOAD_BAR for o in both)),
    ]


def _chosen_is_faster(row: dict[str, Any]) -> bool:
    chosen = next(one for one in row["options"] if one["name"] == row["chosen"])
    return chosen["name"] == "float" or chosen["ratio"][2] < 1


def table(rows: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    names = ("keras", "jax", "onnx", "onnxruntime", "numpy")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    lines = [
        "# Smaller and faster, at what loss",
        "",
        f"`python benchmarks/optimise.py` on {os.cpu_count()} shared cores,",
        f"Python {platform.python_version()}, {versions}.",
        "",
        "Size and download (gzip) are shares of the float file. The drop, with its 95% interval, is of",
        "answers to validation rows by models that were not trained on them, in points of the measure",
        "(RMSE: in percent of the float model's); negative is better than float. Time is one row's,",
        "in turns with the float file's, with the 95% interval of the median ratio.",
    ]
    for row in rows:
        lines += ["", *_section(row)]
    return "\n".join(lines) + "\n"


def _section(row: dict[str, Any]) -> list[str]:
    plain = row["options"][0]
    lines = [
        f"## {row['name']}",
        "",
        f"{row['measure']} {row['validation']:.4g} in validation ({row['protocol']}); float file "
        f"{plain['bytes'] / 1000:,.0f} kB; {row['rows']:,} rows judge. {row['machine']}. Trained in "
        f"{row['train_seconds']:g} s, optimised in {row['optimise_seconds']:g} s.",
        "",
        "| form | size | download | drop (95% interval) | file's own | ms | of float's time | verdict |",
        "|---|---|---|---|---|---|---|---|",
        *(_line(one, one["name"] == row["chosen"]) for one in row["options"]),
        "",
        "; ".join(f"{what}: {'yes' if reached else '**no**'}" for what, reached in bars(row)) + ".",
    ]
    twins = row["twins"]
    lines += [
        "",
        f"Of {twins['copies']} copies of the float file, timed against it, {twins['faster']} were called "
        f"faster and {twins['slower']} slower.",
    ]
    lines += (
        ["", f"In a browser, timed there: {row['chosen_in_browser']}."] if "chosen_in_browser" in row else []
    )
    return lines + ([f"Left out: {'; '.join(row['left_out'])}."] if row["left_out"] else [])


def _line(one: dict[str, Any], chosen: bool) -> str:
    drop, low, high = (f"{100 * value:.3g}" for value in one["drop"])
    ratio, fast, slow = (f"{value:.2f}" for value in one["ratio"])
    cells = (
        f"**{one['name']}**" if chosen else one["name"],
        f"{one['size']:.3f}",
        f"{one['download']:.3f}",
        f"{drop} ({low} to {high})",
        f"{100 * one['file_drop']:.2g}",
        f"{one['milliseconds']:.3f}",
        f"{ratio} ({fast} to {slow})",
        f"{one['reason']}{'; chosen' if chosen else ''}",
    )
    return "| " + " | ".join(cells) + " |"


def write(rows: list[dict[str, Any]]) -> None:
    """Put the new rows among those measured before, each case's latest."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "optimise.json"
    latest = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    latest |= {row["name"]: row for row in rows}
    kept = [latest[case.name] for case in CASES if case.name in latest]
    path.write_text(json.dumps(kept, indent=2) + "\n")
    (RESULTS / "optimise.md").write_text(table(kept))


def main() -> None:
    """Measure the cases asked for and write the results down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    only: list[str] = [name.lower() for name in parser.parse_args().only]
    if not DATA.is_dir():
        raise SystemExit("the shared data sets are not beside this checkout: nothing was measured")
    wanted: Callable[[Case], bool] = lambda case: not only or any(n in case.name.lower() for n in only)  # noqa: E731
    for case in filter(wanted, CASES):
        row = measured(case)
        print(json.dumps(row), flush=True)
        write([row])


if __name__ == "__main__":
    main()
