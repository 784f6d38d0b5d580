"""Ship the model as what will run: raw rows in, answers out, proved on a thousand rows (6.3.2)."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.limits import check_size
from modelwright.deploy.manifest import manifest_of, safe_name
from modelwright.deploy.packing import pack
from modelwright.deploy.parity import MAX_DIFFERENCE, PARITY_ROWS, hold_to, served_outputs
from modelwright.deploy.proving import Proof, final_of, proof_of
from modelwright.deploy.raw_rows import RawRow, made_up_rows
from modelwright.engine.model import Model, load
from modelwright.records import Bench, Desk, Release, Study, step
from modelwright.serving.manifest import Golden, Manifest
from modelwright.serving.release import Release as Served

GOLDEN_ROWS = 5
GOLDEN_CHARACTERS = 300  # a golden text is cut to so many
TIMED_ROWS = 50


@step(version=2)
def ship(desk: Desk, bench: Bench, confirmed: Study, *, name: str = "model") -> Release:
    """Make a confirmed model fit for the outside world.

    Args:
        confirmed: the study of `confirm`.
        name: what the release's version label begins with.

    Returns:
        The release, its files kept as blobs: graph, manifest, golden rows, serving code, README.

    Raises:
        ExportError: the model has a part that cannot be written as ONNX.
        ParityError: the release answers a row otherwise than the trained model.
        ReleaseError: nothing was confirmed, or the release is larger than the task allows.

    Source:
        Deep Learning with Python, section 6.3.2, "Ship an inference model".
    """
    from modelwright.exporters.onnx import export  # LightGBM, Keras and onnx load only when needed

    final = final_of(confirmed)
    model = load(desk.read(final.model))
    desk.note("writing the model as ONNX")
    graph = export(model)
    manifest = _named(
        manifest_of(bench, final, tuple(c.name for c in model.preparation.columns)), graph, name
    )
    proof = proof_of(desk, bench, manifest)
    golden = _golden(Served(manifest, graph), proof, sensitive=bench.task.constraints.sensitive)
    files = pack(manifest, graph, golden)
    check_size(bench.task.constraints, files)
    desk.note(f"proving the release on {PARITY_ROWS:,} raw rows", total=PARITY_ROWS)
    largest = _prove(desk, bench, model, files, proof)
    return Release(
        name=manifest.name,
        files={file: desk.keep(data, "bytes") for file, data in sorted(files.items())},
        parity_rows=PARITY_ROWS,
        parity_max_difference=largest,
        size_bytes=sum(map(len, files.values())),
    )


def _named(manifest: Manifest, graph: bytes, name: str) -> Manifest:
    """The manifest under a version label made from its content."""
    content = hashlib.sha256(graph + msgspec.json.encode(manifest, order="deterministic")).hexdigest()
    return msgspec.structs.replace(manifest, name=f"{safe_name(name)}-{content[:8]}")


def _golden(served: Served, proof: Proof, *, sensitive: bool) -> Golden:
    """A few rows with their answers: real ones, or made-up ones where the data are sensitive."""
    rows = (
        made_up_rows(served.manifest.inputs, GOLDEN_ROWS) if sensitive else proof.rows[: 2 * GOLDEN_ROWS : 2]
    )
    cut: list[RawRow] = [
        {name: cell[:GOLDEN_CHARACTERS] if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows
    ]
    outputs = served.predict(cut).outputs
    finite: NDArray[np.intp] = np.flatnonzero(np.isfinite(outputs).all(axis=1))
    kept = outputs[finite]
    units = proof.scale.of(kept).max(axis=0) if kept.size else proof.scale.deviation
    return Golden(
        rows=[cut[place] for place in finite.tolist()],
        outputs=kept.tolist(),
        tolerance=(MAX_DIFFERENCE * units).tolist(),
    )


def _prove(desk: Desk, bench: Bench, model: Model, files: dict[str, bytes], proof: Proof) -> float:
    expected = model.predict_columns(proof.columns)
    with tempfile.TemporaryDirectory() as temporary:
        for name, data in files.items():
            path = Path(temporary) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        released = Served.load(temporary)
    largest = hold_to(expected, served_outputs(released, proof.rows), proof.scale, proof.rows)
    _note_latency(desk, bench, released, proof.rows)
    return largest


def _note_latency(desk: Desk, bench: Bench, released: Served, rows: list[RawRow]) -> None:
    """Say how long a row takes here. A time is never part of a record: it is another one every day."""
    times: list[float] = []
    for row in rows[:TIMED_ROWS]:
        start = time.perf_counter()
        released.predict([row])
        times.append(1000 * (time.perf_counter() - start))
    middle, most = statistics.median(times), bench.task.constraints.max_latency_milliseconds
    verdict = "" if most is None else f", {'within' if middle <= most else 'MORE THAN'} the {most:g} allowed"
    desk.note(f"one row takes {middle:.2g} ms here{verdict}", milliseconds=middle)
