"""The wider converter, where it is installed: JAX traces the whole model and jax2onnx writes the trace.

It is an optional extra, for it brings about forty packages along, and it works in a process of its own: what
it loads, changes in JAX or crashes with is gone with it. This repository's tests run without it: they hold
what happens around it (its graph set into ours, its absence and its failures said), not its own work. The
proof of a release holds its answers to the trained model's like anyone's.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnx

from modelwright.engine.model import Model, load, save
from modelwright.engine.networks import keras_model
from modelwright.errors import ExportError
from modelwright.exporters.graph import OPSETS

PACKAGE = "jax2onnx"
SECONDS = 600.0
"""Longer than any model of tables takes; a converter that hangs is ended."""


def converted(model: Model, width: int) -> onnx.ModelProto | None:
    """A user's network of one float32 input (rows, width) as ONNX; None where jax2onnx is not installed.

    Raises:
        ExportError: jax2onnx cannot write it either.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    with tempfile.TemporaryDirectory(prefix="modelwright-export-") as folder:
        saved, written = Path(folder) / "model.zip", Path(folder) / "model.onnx"
        saved.write_bytes(save(model))
        command = [sys.executable, "-m", __name__, str(saved), str(width), str(written)]
        try:
            process = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise _refused(model, f"nothing within {SECONDS:.0f} seconds") from error
        if process.returncode:
            told = process.stderr.strip().splitlines() or [f"exit status {process.returncode}"]
            raise _refused(model, told[-1])
        return onnx.load_from_string(written.read_bytes())


def convert(saved: Path, width: int, written: Path) -> None:
    """What the process of its own does: read the model, have it converted, write the graph."""
    converter: Any = importlib.import_module(PACKAGE)
    model: Any = keras_model(load(saved.read_bytes()).trained)

    def answer(inputs: Any) -> Any:
        return model(inputs, training=False)

    graph = converter.to_onnx(answer, inputs=[("B", width)], opset=OPSETS[""], return_mode="proto")
    written.write_bytes(graph.SerializeToString())


def _refused(model: Model, received: str) -> ExportError:
    return ExportError(
        where=f"model '{model.trained.recipe.name}'",
        expected="layers that the ONNX table or jax2onnx can write",
        received=f"from jax2onnx: {received}",
        do_this="Write the model with layers of the table.",
    )


if __name__ == "__main__":
    convert(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
