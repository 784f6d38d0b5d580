"""The files of a device's folder: models for LiteRT, and all that turns raw values into answers with them."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from modelwright.deploy.device.asking import typed_rows
from modelwright.deploy.device.c_array import c_array
from modelwright.deploy.device.integers import judged
from modelwright.deploy.device.specification import specification
from modelwright.deploy.limits import check_size
from modelwright.deploy.parity import hold_to
from modelwright.deploy.proving import final_of, proof_of
from modelwright.engine.model import Model, load
from modelwright.records import Bench, Desk, Device, Integers, Release, Study, step
from modelwright.serving.manifest import GOLDEN_FILE, MANIFEST_FILE, Golden, Manifest, decode_manifest

FLOAT_FILE, INT8_FILE, SPECIFICATION_FILE = "model.tflite", "model_int8.tflite", "preparation.json"


@step(version=1)
def build_device(desk: Desk, bench: Bench, confirmed: Study, release: Release) -> Device:
    """Make a release a folder of files for LiteRT: phones, boards, whatever runs C++, JavaScript or Python.

    The file is kept only if it loads alone, has exactly the inputs that were declared, and answers as the
    trained model does. Its int8 form goes with it where it loses too little to show and is faster here.

    Args:
        confirmed: the study of `confirm`. release: what `ship` made of it.

    Raises:
        ExportError: the extra is missing, or the model cannot be written for LiteRT.
        ParityError: the file answers otherwise than the trained model.
        ReleaseError: nothing was confirmed, or the folder is larger than the task allows.

    Source:
        Deep Learning with Python, section 6.3.2, "Deploying a model on a device".
    """
    from modelwright.exporters.litert.model import export_litert  # Keras loads only when needed
    from modelwright.exporters.litert.operators import operators_of

    final = final_of(confirmed)
    model = load(desk.read(final.model))
    manifest = decode_manifest(desk.read(release.files[MANIFEST_FILE]), MANIFEST_FILE)
    desk.note("writing the model for LiteRT")
    plain = export_litert(model)
    operators = operators_of(plain)
    _hold(desk, bench, model, manifest, plain)
    integers, why = judged(desk, bench, final, model, plain)
    small = desk.read(integers.option.variant.graph) if integers is not None and integers.kept else b""
    golden = msgspec.json.decode(desk.read(release.files[GOLDEN_FILE]), type=Golden)
    contents = device_files(model, manifest, golden, plain, small, integers)
    check_size(bench.task.constraints, contents)
    return Device(
        name=release.name,
        files={name: desk.keep(data, "bytes") for name, data in sorted(contents.items())},
        size_bytes=sum(map(len, contents.values())),
        operators=operators,
        float_bytes=len(plain),
        integers=integers,
        no_integers=why,
    )


def _hold(desk: Desk, bench: Bench, model: Model, manifest: Manifest, plain: bytes) -> None:
    """Hold the file alone to the trained model, on the rows that every release is proved on."""
    from modelwright.exporters.litert.model import inputs_of
    from modelwright.exporters.litert.running import ask, outputs_of, tensors_of

    proof = proof_of(desk, bench, manifest)
    rows = np.arange(proof.columns.rows)
    said = ask(plain, inputs_of(model), tensors_of(model, proof.columns, rows))
    expected = model.predict_columns(proof.columns)
    hold_to(expected, outputs_of(model, said.raw), proof.scale, proof.rows, by="the LiteRT file")


def device_files(
    model: Model, manifest: Manifest, golden: Golden, plain: bytes, small: bytes, integers: Integers | None
) -> dict[str, bytes]:
    """Every file of the folder, file name -> content.

    Args:
        small: the int8 file; empty where there is none.
    """
    said = specification(model, manifest)
    contents = _own_files()
    for file, data in ((FLOAT_FILE, plain), (INT8_FILE, small)):
        if data:
            contents |= {file: data, **c_array(file.removesuffix(".tflite"), data)}
    contents[SPECIFICATION_FILE] = msgspec.json.encode(said)
    contents[GOLDEN_FILE] = msgspec.json.encode(_golden(model, manifest, golden))
    contents["README.md"] = _readme(manifest, said, integers)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())}
    complete = {**msgspec.to_builtins(manifest), "digests": digests, "device": _facts(said, plain, small)}
    contents[MANIFEST_FILE] = msgspec.json.format(msgspec.json.encode(complete), indent=2)
    return contents


def _own_files() -> dict[str, bytes]:
    entries = (files("modelwright.deploy.device") / "folder").iterdir()
    return {entry.name: entry.read_bytes() for entry in entries if entry.is_file()}


def _facts(said: dict[str, Any], plain: bytes, small: bytes) -> dict[str, Any]:
    """What a program must know of the files: tensors, operators, and what integers stand for."""
    from modelwright.exporters.litert.operators import operators_of
    from modelwright.exporters.litert.quantising import quantised_tensors

    units = len(said["answer"]["scale"]) or (
        1 if said["answer"]["kind"] == "binary" else len(said["answer"]["classes"])
    )
    forms: dict[str, Any] = {}
    for file, data in ((FLOAT_FILE, plain), (INT8_FILE, small)):
        if data:
            forms[file] = {"operators": operators_of(data), "quantised": quantised_tensors(data)}
    output = {"name": said["answer"]["tensor"], "shape": [1, units], "type": "float32"}
    return {"inputs": said["tensors"], "output": output, "files": forms, "preparation": SPECIFICATION_FILE}


def _golden(model: Model, manifest: Manifest, golden: Golden) -> dict[str, Any]:
    """Rows as a device has them, the tensors they become (what is not 0) and the outputs they must give."""
    from modelwright.deploy.device.folder_code import reference

    rows = typed_rows(manifest, golden.rows)
    preparation = reference(specification(model, manifest))
    tensors = [{name: _sparse(values) for name, values in preparation.tensors(row).items()} for row in rows]
    return {"rows": rows, "tensors": tensors, "outputs": golden.outputs, "tolerance": golden.tolerance}


def _sparse(values: list[float]) -> dict[str, Any]:
    places = [place for place, value in enumerate(values) if value]
    return {"size": len(values), "places": places, "values": [values[place] for place in places]}


def _readme(manifest: Manifest, said: dict[str, Any], integers: Integers | None) -> bytes:
    environment = Environment(
        loader=PackageLoader("modelwright.deploy.device", "pages"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown
    )
    page = environment.get_template("README.md").render(manifest=manifest, said=said, integers=integers)
    return page.encode("utf-8", errors="replace")
