"""May this artefact go out? It loads alone, reads what it declares, and answers alike however rows come."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.parity import hold_to
from modelwright.deploy.proving import Proof
from modelwright.deploy.raw_rows import RawRow
from modelwright.errors import ExportError
from modelwright.serving.body import read_rows
from modelwright.serving.manifest import Manifest
from modelwright.serving.release import Release

BATCHES = (1, 7, 32)
"""One row, a number that no block of a matrix product divides, and several blocks."""

ELEMENTS = {"number": "tensor(double)", "date": "tensor(double)", "string": "tensor(string)"}

Outputs = NDArray[np.float64]


def require_declared(manifest: Manifest, graph: bytes) -> None:
    """Hold a graph's inputs and output to what the manifest says, names and types.

    It is loaded from its bytes alone: a graph that needs a file beside it does not load.

    Raises:
        ExportError: it does not load, or has others.
    """
    import onnxruntime  # 0.1 s that only shipping needs

    options: Any = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen unrelated types here
        raise _refused("a graph that loads alone", str(error).splitlines()[0]) from error
    declared = {field.tensor: ELEMENTS[field.dtype] for field in manifest.inputs}
    read = {one.name: one.type for one in session.get_inputs()}
    answered = [one.name for one in session.get_outputs()]
    if read != declared:
        raise _refused(f"exactly the inputs {declared}", f"{read}")
    if answered != [manifest.output]:
        raise _refused(f"exactly the output {manifest.output}", ", ".join(answered))


def require_alike(release: Release, expected: Outputs, proof: Proof, batches: tuple[int, ...]) -> float:
    """Hold a release to what is expected of it on the rows of the proof, asked in batches of each size.

    Returns:
        The largest difference.

    Raises:
        ParityError: a row is answered otherwise in one of them.
    """
    return max(
        hold_to(expected, _answers(release, proof.rows, size), proof.scale, proof.rows) for size in batches
    )


def _answers(release: Release, rows: list[RawRow], size: int) -> Outputs:
    """What the release answers through its own JSON door, so many rows at a time."""
    parts: list[Outputs] = []
    for start in range(0, len(rows), size):
        read, _ = read_rows(msgspec.json.encode(rows[start : start + size]))
        parts.append(release.predict(read).outputs)
    return np.concatenate(parts)


def _refused(expected: str, received: str) -> ExportError:
    return ExportError(
        where="the ONNX file about to be shipped",
        expected=expected,
        received=received,
        do_this="Report this to the maintainers; meanwhile, ship another recipe (--model, more --seconds).",
    )
