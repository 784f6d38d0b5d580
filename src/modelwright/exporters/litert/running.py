"""What does a LiteRT file answer? Asked in a process of its own, as a device would load it: alone."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows
from modelwright.engine.model import Model
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.errors import ExportError
from modelwright.exporters.litert.model import Declared, design_terms, inputs_of

Tensors = Mapping[str, NDArray[Any]]

PROCESS = Path(__file__).with_name("interpreter_process.py")
CHUNK_BYTES = 1 << 25
"""Rows are prepared and sent in chunks of about so many bytes: a design of all terms of a text is wide."""

MAX_TOLD_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a file answered.

    Args:
        raw: float32 (rows, units), as the file gives them. version: LiteRT's.
    """

    raw: NDArray[np.float32]
    version: str


def tensors_of(model: Model, columns: Columns, rows: Rows) -> Iterator[Tensors]:
    """Raw rows as the file reads them, chunk by chunk, each tensor (rows, ...)."""
    width = sum(int(np.prod(one.shape)) * np.dtype(one.dtype).itemsize for one in inputs_of(model))
    step = max(1, CHUNK_BYTES // max(1, width))
    for start in range(0, len(rows), step):
        prepared = prepare_rows(model.preparation, columns, rows[start : start + step])
        if model.trained.recipe.family == "network":
            parts = {"numbers": prepared.numbers, "codes": prepared.codes, "tokens": prepared.tokens}
            yield {one.name: parts[one.name] for one in inputs_of(model)}
        else:
            yield {"design": prepared.dense(max(1, len(design_terms(model))))}


def ask(data: bytes, declared: Sequence[Declared], chunks: Iterable[Tensors]) -> Said:
    """Load the file in a process of its own and have it answer rows, one after the other.

    Args:
        declared: the inputs it must have, and no others.

    Raises:
        ExportError: it does not load, has other inputs, or ends the process.
    """
    with tempfile.TemporaryDirectory(prefix="modelwright-litert-") as folder:
        path, printed = Path(folder) / "model.tflite", Path(folder) / "printed.txt"
        path.write_bytes(data)
        with printed.open("wb") as told, _started(path, declared, told) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            _feed(process.stdin, declared, chunks)
            answer = process.stdout.read()
        if process.returncode != 0:
            raise _refused(f"it ended with {process.returncode}: {_end_of(printed)}")
    head, _, body = answer.partition(b"\n")
    said = json.loads(head)
    return Said(raw=np.frombuffer(body, dtype=np.float32).reshape(said["shape"]), version=said["version"])


def _started(path: Path, declared: Sequence[Declared], told: IO[bytes]) -> subprocess.Popen[bytes]:
    wanted = json.dumps({one.name: [one.shape, one.dtype] for one in declared})
    command = [sys.executable, str(PROCESS), str(path), wanted]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told)


def _feed(stdin: IO[bytes], declared: Sequence[Declared], chunks: Iterable[Tensors]) -> None:
    """Write the rows; a process that is gone is told of by its exit."""
    names = sorted(one.name for one in declared)
    try:
        for chunk in chunks:
            for row in range(len(chunk[names[0]])):
                for name in names:
                    stdin.write(chunk[name][row].tobytes())
        stdin.close()
    except BrokenPipeError:
        return


def outputs_of(model: Model, raw: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities of all classes, or values in the target's unit: (rows, outputs)."""
    target, values = model.trained.target, raw.astype(np.float64)
    if not target.classifies:
        return values * model.trained.arrays["scale"] + model.trained.arrays["centre"]
    return np.column_stack([1 - values[:, 0], values[:, 0]]) if values.shape[1] == 1 else values


class Running:
    """A file loaded here, for its times: only one that `ask` has shown to be sound."""

    def __init__(self, data: bytes) -> None:
        interpreter: Any = importlib.import_module("ai_edge_litert.interpreter")
        self._model: Any = interpreter.Interpreter(model_content=data, num_threads=1)
        self._model.allocate_tensors()
        self._inputs = {one["name"]: one["index"] for one in self._model.get_input_details()}
        self._output = self._model.get_output_details()[0]["index"]

    def answer(self, feed: Tensors) -> NDArray[Any]:
        """The raw answer to one row, (1, units)."""
        for name, values in feed.items():
            self._model.set_tensor(self._inputs[name], values)
        self._model.invoke()
        return self._model.get_tensor(self._output)


def _end_of(printed: Path) -> str:
    return printed.read_text(errors="replace").strip()[-MAX_TOLD_CHARACTERS:] or "it said nothing"


def _refused(received: str) -> ExportError:
    return ExportError(
        where="the model's LiteRT file, loaded alone",
        expected="a file that LiteRT loads, with the inputs that were declared",
        received=received,
        do_this="Report this to the maintainers; ship the model to the server or the browser meanwhile.",
    )
