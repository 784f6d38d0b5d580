"""How large and quick are models on a device's runtime, float and int8, and what do integers lose? Real data.

    python benchmarks/device.py [--only NAME ...]

The cases of optimise.py, and one model each with a convolution, a recurrent layer and attention, are
written for LiteRT by the product's own exporter; `deploy.device.integers` makes the int8 form, measures
what it loses on rows not trained on, and times both files in turns in LiteRT on one thread. The largest
difference between the float file's answers and the trained model's is over 1,000 rows, odd ones among
them. The sealed test part is never opened.
Writes benchmarks/results/device.json and device.md; with --only, the other cases stay as they were.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from optimise import CASES, RESULTS, Case, fitted_only, laid

from modelwright.deploy.device.integers import judged
from modelwright.deploy.manifest import manifest_of
from modelwright.deploy.parity import row_differences
from modelwright.deploy.proving import final_of, proof_of
from modelwright.develop.evaluating import evaluate
from modelwright.engine.model import load
from modelwright.exporters.litert.model import export_litert, inputs_of
from modelwright.exporters.litert.operators import operators_of
from modelwright.exporters.litert.running import ask, outputs_of, tensors_of
from modelwright.project import Project
from modelwright.records import Bench, Desk, Recipe, Study, step

OWN = """
import keras
from keras import layers


def build(input_shape, output_shape, kind="convolution", units=64):
    row = keras.Input(input_shape)
    steps = layers.Reshape((16, 32))(layers.Dense(512, activation="relu")(row))
    if kind == "convolution":
        seen = layers.MaxPooling1D(2)(layers.Conv1D(units, 3, padding="same", activation="relu")(steps))
        last = layers.GlobalAveragePooling1D()(layers.Conv1D(units, 3, activation="relu")(seen))
    elif kind == "recurrent":
        last = layers.LSTM(units)(steps)
    else:
        seen = layers.LayerNormalization()(steps + layers.MultiHeadAttention(4, 8)(steps, steps))
        last = layers.GlobalAveragePooling1D()(seen + layers.Dense(32, activation="gelu")(seen))
    return keras.Model(row, layers.Dense(*output_shape, activation="sigmoid")(last))
"""
TITANIC = ("titanic/titanic_kaggle_train.csv.gz", "Survived", "roc_auc", "yours")
KINDS = ("convolution", "recurrent", "attention")
OWN_CASES = tuple(Case(f"Titanic, {kind}", *TITANIC, {"kind": kind}) for kind in KINDS)


@step(version=1)
def on_a_device(desk: Desk, bench: Bench, confirmed: Study) -> dict[str, Any]:
    """One case's figures."""
    final = final_of(confirmed)
    model = load(desk.read(final.model))
    plain = export_litert(model)
    manifest = manifest_of(bench, final, tuple(one.name for one in model.preparation.columns))
    proof = proof_of(desk, bench, manifest)
    said = ask(plain, inputs_of(model), tensors_of(model, proof.columns, np.arange(proof.columns.rows)))
    off = row_differences(model.predict_columns(proof.columns), outputs_of(model, said.raw), proof.scale)
    integers, why = judged(desk, bench, final, model, plain)
    found: dict[str, Any] = {
        "operators": operators_of(plain),
        "float_bytes": len(plain),
        "max_difference": float(off.max()),
        "rows_proved": len(off),
        "left_out": why,
    }
    if integers is None:
        return found
    option = integers.option
    return found | {
        "machine": integers.machine,
        "int8_bytes": option.variant.size_bytes,
        "share": option.variant.size_bytes / len(plain),
        "drop": [option.variant.drop.value, option.variant.drop.low, option.variant.drop.high],
        "relative": integers.relative,
        "rows": integers.rows,
        "int8_milliseconds": option.timing.milliseconds,
        "ratio": [option.timing.ratio.value, option.timing.ratio.low, option.timing.ratio.high],
        "kept": integers.kept,
    }


def measured(case: Case) -> dict[str, Any]:
    """Train the case's model, write it for LiteRT, and say what came of it."""
    code = OWN if case in OWN_CASES else ""
    if case.family == "yours" and not code:
        from optimise import WIDE

        code = WIDE
    recipe = Recipe(
        family=case.family,
        name=case.name,
        choices=dict(case.choices),
        code=code,
        function="build" if code else "",
    )
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p") as project:
        bench = laid(project, case)
        study = project.run(fitted_only, bench, project.run(evaluate, bench, recipe))
        return {
            "name": case.name,
            "measure": bench.measure.name,
            **on_a_device(Direct(project), bench, study),
        }


class Direct:
    """A desk that remembers nothing: figures are taken anew."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.read = project.read

    def keep(self, value: Any, kind: Any) -> Any:
        """The record of a value that nobody reads again."""
        from modelwright.records import Blob

        return Blob(digest="", kind=kind, size_bytes=len(value))

    def note(self, message: str, **facts: Any) -> None:
        """Say what goes on."""
        print(f"  {message}", flush=True)


def table(cases: list[dict[str, Any]]) -> str:
    """The figures as Markdown."""
    lines = [
        "# On a device's runtime, float and int8",
        "",
        f"`python benchmarks/device.py`: {next((one['machine'] for one in cases if 'machine' in one), '')}.",
        "",
        "Float and int8 in LiteRT, a row at a time, without preparation, in turns; int8 as a share of",
        "float. The drop is on rows neither was trained on (points of the measure; % of the error for RMSE).",
        "",
        "| model | float kB | off by | int8 size | int8 drop (95%) | int8 time (95%) | int8 ms | int8 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in cases:
        start = f"| {one['name']} | {one['float_bytes'] / 1000:,.0f} | {one['max_difference']:.1e} "
        if "share" not in one:
            lines.append(f"{start}| - | - | - | - | {one['left_out']} |")
            continue
        value, low, high = (100 * number for number in one["drop"])
        middle, least, most = one["ratio"]
        unit = "%" if one["relative"] else ""
        lines.append(
            f"{start}| {one['share']:.3f} | {value:.3g}{unit} ({low:.3g} to {high:.3g}) "
            f"| {middle:.2f} ({least:.2f} to {most:.2f}) | {one['int8_milliseconds']:.4f} "
            f"| {'kept' if one['kept'] else one['left_out']} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure the cases asked for, and write what is known of all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=[])
    only = parser.parse_args().only
    path = RESULTS / "device.json"
    known = {one["name"]: one for one in json.loads(path.read_text())} if path.exists() else {}
    cases = (*CASES, *OWN_CASES)
    for case in cases:
        if not only or case.name in only:
            print(case.name, flush=True)
            known[case.name] = measured(case)
            ordered = [known[one.name] for one in cases if one.name in known]
            path.write_text(json.dumps(ordered, indent=2) + "\n")
            (RESULTS / "device.md").write_text(table(ordered))


if __name__ == "__main__":
    main()
