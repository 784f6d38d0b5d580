"""Would LiteRT.js answer sooner in a page than onnxruntime-web? Raw cells to answers, both in Chromium.

    npm install @litertjs/core@2.5.3
    python benchmarks/browser_litert.py node_modules [--only NAME ...]

Networks of numbers, categories and words, trained for one epoch (a time does not hang on what was learnt),
are written by the product as ONNX and as LiteRT files. Each runtime answers in browsers with fresh profiles,
for the time to a page's first answer; then both in one page, in turns, for the time of a row. LiteRT.js is
given what the device folder's preparation.mjs makes of a row; the ONNX file prepares by itself. The page's
policy is the one that is shipped. Writes benchmarks/results/browser_litert.json and browser_litert.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from device import OWN, OWN_CASES
from optimise import CASES, RESULTS, Case, fitted_only, laid

from modelwright.deploy.browser.asking import ask_page
from modelwright.deploy.browser.build import page_manifest, program_files
from modelwright.deploy.browser.finding import find_browser
from modelwright.deploy.browser.racing import NO_GOLDEN
from modelwright.deploy.device.asking import typed_rows
from modelwright.deploy.device.specification import specification
from modelwright.deploy.manifest import manifest_of
from modelwright.deploy.proving import final_of
from modelwright.deploy.raw_rows import raw_rows
from modelwright.deploy.timing import processor
from modelwright.develop.evaluating import evaluate
from modelwright.engine.columns import Columns, columns_of
from modelwright.engine.model import load
from modelwright.exporters.litert.model import export_litert
from modelwright.exporters.lowering import without_lowering
from modelwright.exporters.onnx import export
from modelwright.project import Project
from modelwright.records import Recipe
from modelwright.serving.manifest import GOLDEN_FILE, MANIFEST_FILE, MODEL_FILE

WANTED = ("SMS Spam, embedded words", "Adult, dense", "California, dense")
STARTS, ROWS = 5, 11
RUNTIMES = ("onnx", "litert")
PAGE = '<!doctype html><meta charset="utf-8"><script type="module" src="compare.js"></script>'
SCRIPT = """
import { finish, program } from "./handing.js";
const kind = location.pathname.split("/").pop().split(".")[0];
const { rows, typed, shapes } = await (await fetch("asked.json")).json();

async function onnx() {
  const { load } = await import("./modelwright.js");
  const model = await load();
  return async (place) => { const said = await model.predict(rows[place]);
    return said.probabilities ? Object.values(said.probabilities).at(-1) : said.prediction; };
}

async function litert() {
  const { loadLiteRt, loadAndCompile, Tensor } = await import("./litert/index.js");
  const { Preparation } = await import("./litert/preparation.js");
  await loadLiteRt("litert/wasm/");
  const preparation = new Preparation(await (await fetch("litert/preparation.json")).json());
  const model = await loadAndCompile("litert/model.tflite", { accelerator: "wasm" });
  const order = model.getInputDetails();
  return async (place) => {
    const values = preparation.tensors(typed[place]);
    const inputs = order.map(({ name, dtype }) => new Tensor(
      (dtype === "int32" ? Int32Array : Float32Array).from(values[name]), shapes[name]));
    const [output] = await model.run(inputs);
    const answer = preparation.answer(output.toTypedArray());
    for (const tensor of [...inputs, output]) tensor.delete();
    return answer.outputs.at(-1);
  };
}

async function compared() {
  const start = { onnx, litert };
  if (kind !== "both") {
    const answer = await start[kind]();
    await answer(0);
    return { first: performance.now(), program: await program() };
  }
  const answers = [await onnx(), await litert()];
  const off = [];
  for (let place = 0; place < rows.length; place += 1)
    off.push(Math.abs(await answers[0](place) - await answers[1](place)));
  const taken = [[], []];
  for (let turn = 0; turn < 15; turn += 1) for (const one of turn % 2 ? [0, 1] : [1, 0]) {
    const began = performance.now();
    for (let call = 0; call < 200; call += 1) await answers[one](call % rows.length);
    taken[one].push((performance.now() - began) / 200);
  }
  return { taken, off: Math.max(...off), program: await program() };
}
await finish(compared);
"""


def runtime_files(modules: Path) -> dict[str, bytes]:
    """LiteRT.js as a page of strict policy can load it: no bare names, nothing from elsewhere."""
    core, shared = modules / "@litertjs" / "core", modules / "@litertjs" / "wasm-utils"
    index = (core / "dist" / "index.js").read_text().replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"')
    found = {"index.js": index.encode(), "wasm-utils.js": (shared / "dist" / "index.js").read_bytes()}
    for name in ("litert_wasm_internal.js", "litert_wasm_internal.wasm"):
        found[f"wasm/{name}"] = (core / "wasm" / name).read_bytes()
    return {f"litert/{name}": data for name, data in found.items()}


def measured(case: Case, runtime: dict[str, bytes]) -> dict[str, Any]:
    """One case's times in both runtimes."""
    browser = find_browser()
    if browser is None:
        raise SystemExit("no browser was found: nothing was measured")
    contents = {**page_files(case), **runtime}
    firsts: dict[str, list[float]] = {name: [] for name in RUNTIMES}
    for _ in range(STARTS):
        for name in RUNTIMES:
            firsts[name].append(ask_page(contents, f"{name}.html", browser)["first"])
    said = ask_page(contents, "both.html", browser)
    return {
        "name": case.name,
        "first": firsts,
        "row": {name: statistics.median(taken) for name, taken in zip(RUNTIMES, said["taken"], strict=True)},
        "off": said["off"],
        "program": f"{said['program']}, one thread, {processor()}",
        "model_bytes": {"onnx": len(contents[MODEL_FILE]), "litert": len(contents["litert/model.tflite"])},
    }


def page_files(case: Case) -> dict[str, bytes]:
    """The case's model in both forms, as a page fetches it, and the rows it is asked."""
    code, function = (OWN, "build") if case in OWN_CASES else ("", "")
    recipe = Recipe(
        family=case.family,
        name=case.name,
        choices={**case.choices, "epochs": 1},
        code=code,
        function=function,
    )
    with tempfile.TemporaryDirectory() as folder, Project.create(Path(folder) / "p") as project:
        bench = laid(project, case)
        study = project.run(fitted_only, bench, project.run(evaluate, bench, recipe))
        model = load(project.read(final_of(study).model))
        columns = columns_of(project.read(bench.dataset.table), bench.dataset)
    manifest = manifest_of(bench, final_of(study), tuple(one.name for one in model.preparation.columns))
    some = Columns(values={name: values[:ROWS] for name, values in columns.values.items()}, rows=ROWS)
    rows, said = raw_rows(some, manifest.inputs), specification(model, manifest)
    graph, lowered = without_lowering(export(model))
    asked = {
        "rows": rows,
        "typed": typed_rows(manifest, rows),
        "shapes": {one["name"]: one["shape"] for one in said["tensors"]},
    }
    shown = {MODEL_FILE: graph, GOLDEN_FILE: NO_GOLDEN}
    script = Path(__file__).parents[1] / "src/modelwright/deploy/device/folder/preparation.mjs"
    return {
        **program_files(),
        **shown,
        MANIFEST_FILE: page_manifest(manifest, shown, lowered, alone=False),
        **{f"{name}.html": PAGE.encode() for name in (*RUNTIMES, "both")},
        "compare.js": SCRIPT.encode(),
        "asked.json": msgspec.json.encode(asked),
        "litert/model.tflite": export_litert(model),
        "litert/preparation.json": msgspec.json.encode(said),
        "litert/preparation.js": script.read_bytes(),
    }


def table(results: list[dict[str, Any]], runtime: dict[str, bytes]) -> str:
    """The figures as Markdown."""
    raw = sum(map(len, runtime.values()))
    packed = sum(len(gzip.compress(data, 9, mtime=0)) for data in runtime.values())
    program = results[0]["program"]
    lines = [
        "# LiteRT.js beside onnxruntime-web",
        "",
        f"`python benchmarks/browser_litert.py node_modules`: @litertjs/core 2.5.3; {program}.",
        "",
        f"LiteRT.js without threads is {raw / 1e6:.1f} MB, {packed / 1e6:.2f} MB as gzip. From raw cells",
        f"to the answer, medians; first answers of {STARTS} browsers with fresh profiles, from navigation.",
        "",
        "| model | first answer ms: onnxruntime | LiteRT.js | row ms: onnxruntime | LiteRT.js | apart |",
        "|---|---|---|---|---|---|",
    ]
    for one in results:
        first, row = one["first"], one["row"]
        lines.append(
            f"| {one['name']} | {np.median(first['onnx']):.0f} | {np.median(first['litert']):.0f} "
            f"| {row['onnx']:.3f} | {row['litert']:.3f} | {one['off']:.1e} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure the cases and write the results down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", type=Path, help="the folder that npm installed into")
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    runtime = runtime_files(given.modules)
    cases = [*(one for one in CASES if one.name in WANTED), *OWN_CASES]
    path = RESULTS / "browser_litert.json"
    known = {one["name"]: one for one in json.loads(path.read_text())} if path.exists() else {}
    for case in cases:
        if given.only and case.name not in given.only:
            continue
        known[case.name] = measured(case, runtime)
        print(json.dumps(known[case.name]), flush=True)
        results = [known[one.name] for one in cases if one.name in known]
        path.write_text(json.dumps(results, indent=2) + "\n")
        (RESULTS / "browser_litert.md").write_text(table(results, runtime))


if __name__ == "__main__":
    main()
