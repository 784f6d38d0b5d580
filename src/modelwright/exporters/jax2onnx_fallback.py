"""The wider converter, where it is installed: JAX traces the whole model and jax2onnx writes the trace.

It is an optional extra, for it brings about forty packages along. This repository's tests run without
it: they hold what happens around it (its graph set into ours, its absence said), not its own work. The
parity check of a release holds its answers to the trained model's like anyone's.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import onnx

from modelwright.errors import ExportError
from modelwright.exporters.graph import OPSETS

PACKAGE = "jax2onnx"


def converted(model: Any, width: int) -> onnx.ModelProto | None:
    """A built Keras model of one float32 input (rows, width) as ONNX; None where jax2onnx is not installed.

    Raises:
        ExportError: jax2onnx cannot write it either.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    converter: Any = importlib.import_module(PACKAGE)

    def answer(inputs: Any) -> Any:
        return model(inputs, training=False)

    try:
        return converter.to_onnx(answer, inputs=[("B", width)], opset=OPSETS[""], return_mode="proto")
    except Exception as error:  # a converter may fail in any way
        raise ExportError(
            where=f"model '{model.name}'",
            expected="layers that the ONNX table or jax2onnx can write",
            received=f"{type(error).__name__} from jax2onnx: {error}",
            do_this="Write the model with layers of the table.",
        ) from error
