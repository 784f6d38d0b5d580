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

from modelwright.deploy.acceptance import BATCHES, require_alike, require_declared
from modelwright.deploy.forms import answers_of, graph_of, is_alone, model_of
from modelwright.deploy.limits import check_size
from modelwright.deploy.manifest import manifest_of, safe_name
from modelwright.deploy.packing import pack
from modelwright.deploy.parity import MAX_DIFFERENCE, PARITY_ROWS
from modelwright.deploy.proving import Proof, final_of, proof_of
from modelwright.deploy.raw_rows import RawRow, made_up_rows
from modelwright.records import Bench, Desk, Release, Study, Variant, step
from modelwright.serving.manifest import Golden, Manifest
from modelwright.serving.release import Release as Served

GOLDEN_ROWS = 5
GOLDEN_CHARACTERS = 300  # a golden text is cut to so many
TIMED_ROWS = 50


@step(version=3)
def ship(
    desk: Desk, bench: Bench, confirmed: Study, form: Variant | None = None, *, name: str = "model"
) -> Release:
    """Make a confirmed model fit for the outside world.

    Args:
        confirmed: the study of `confirm`.
        form: what `optimise` made of its model; as trained where there is none.
        name: what the release's version label begins with.

    Returns:
        The release, its files kept as blobs: graph, manifest, golden rows, serving code, README.

    Raises:
        ExportError: the model has a part that cannot be written as ONNX, or not as it is declared.
        ParityError: the release answers a row otherwise than the trained model.
        ReleaseError: nothing was confirmed, or the release is larger than the task allows.

    Source:
        Deep Learning with Python, section 6.3.2, "Ship an inference model".
    """
    final = final_of(confirmed)
    model = model_of(desk, confirmed, form)
    desk.note("writing the model as ONNX")
    graph = graph_of(desk, model, form)
    manifest = _named(
        manifest_of(bench, final, tuple(c.name for c in model.preparation.columns)), graph, name
    )
    require_declared(manifest, graph)
    proof = proof_of(desk, bench, manifest)
    sensitive = bench.task.constraints.sensitive
    golden = _golden(Served(manifest, graph), proof, _tolerance(form), sensitive=sensitive)
    files = pack(manifest, graph, golden)
    check_size(bench.task.constraints, files)
    desk.note(f"proving the release on {PARITY_ROWS:,} raw rows", total=PARITY_ROWS)
    expected = answers_of(desk, model, form, proof.columns)
    largest = _prove(desk, bench, expected, files, proof, (1,) if is_alone(form) else BATCHES)
    return Release(
        name=manifest.name,
        files={file: desk.keep(data, "bytes") for file, data in sorted(files.items())},
        parity_rows=PARITY_ROWS,
        parity_max_difference=largest,
        size_bytes=sum(map(len, files.values())),
        form=form,
    )


def _tolerance(form: Variant | None) -> float:
    """How far golden rows may be off on other machines. Where a sum's last digit falls beside the edge of an
    integer's step, another processor may round it to the next: no farther than integers moved it anyway."""
    return max(MAX_DIFFERENCE, form.largest_difference) if form is not None else MAX_DIFFERENCE


def _named(manifest: Manifest, graph: bytes, name: str) -> Manifest:
    """The manifest under a version label made from its content."""
    content = hashlib.sha256(graph + msgspec.json.encode(manifest, order="deterministic")).hexdigest()
    return msgspec.structs.replace(manifest, name=f"{safe_name(name)}-{content[:8]}")


def _golden(served: Served, proof: Proof, tolerance: float, *, sensitive: bool) -> Golden:
    """A few rows with their answers: real ones, or made-up ones where the data are sensitive."""
    rows = (
        made_up_rows(served.manifest.inputs, GOLDEN_ROWS) if sensitive else proof.rows[: 2 * GOLDEN_ROWS : 2]
    )
    cut: list[RawRow] = [
        {name: cell[:GOLDEN_CHARACTERS] if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows
    ]
    outputs = np.concatenate([served.predict([row]).outputs for row in cut])
    finite: NDArray[np.intp] = np.flatnonzero(np.isfinite(outputs).all(axis=1))
    kept = outputs[finite]
    units = proof.scale.of(kept).max(axis=0) if kept.size else proof.scale.deviation
    return Golden(
        rows=[cut[place] for place in finite.tolist()],
        outputs=kept.tolist(),
        tolerance=(tolerance * units).tolist(),
    )


def _prove(
    desk: Desk,
    bench: Bench,
    expected: NDArray[np.float64],
    files: dict[str, bytes],
    proof: Proof,
    batches: tuple[int, ...],
) -> float:
    with tempfile.TemporaryDirectory() as temporary:
        for name, data in files.items():
            path = Path(temporary) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        released = Served.load(temporary)
    largest = require_alike(released, expected, proof, batches)
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
