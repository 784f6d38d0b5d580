"""A release folder, verified and ready to answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .answers import Answers, decide
from .graph_file import hold_safe
from .manifest import GOLDEN_FILE, MODEL_FILE, Golden, Manifest, plain_bytes, read_manifest
from .problems import ReleaseProblem
from .rows import Cells, Row, Schema, Tensors

CHUNK_ROWS = 4096
# A text becomes a row of tokens as wide as the chunk's longest text: this bounds rows x characters,
# so that one 5 MB cell does not widen four thousand others (about 32 bytes a token, two characters a token).
CHUNK_CHARACTERS = 4_000_000


class Release:
    """A model that takes raw rows and answers alone.

    Args:
        manifest: what the release says of itself.
        model: the ONNX graph's bytes.
    """

    def __init__(self, manifest: Manifest, model: bytes) -> None:
        self.manifest = manifest
        self.schema = Schema(manifest.inputs)
        self.golden: Golden | None = None
        self._session = _session(model)
        self._widest = [field.tensor for field in manifest.inputs if field.dtype == "string"]

    @classmethod
    def load(cls, folder: Path | str) -> Release:
        """Open a release folder, after checking every file against its digest.

        Raises:
            ReleaseProblem: the folder is missing, damaged or of another version, its graph reaches beyond
                itself, or its golden rows are answered differently here.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        kept = _verified(folder, manifest)
        hold_safe(kept[MODEL_FILE], str(folder / MODEL_FILE))
        release = cls(manifest, kept[MODEL_FILE])
        release.golden = msgspec.json.decode(kept[GOLDEN_FILE], type=Golden)
        release._replay(release.golden)
        return release

    def predict(self, rows: Sequence[Row], *, first: int = 1, extras: bool = False) -> Answers:
        """Answer raw rows.

        Args:
            rows: field -> value, as JSON or a CSV file gives it.
            first: the number of the first row, for messages.
            extras: whether unknown fields are ignored rather than refused.

        Raises:
            RowProblem: a row breaks the schema.
        """
        return self.answer(self.schema.read(rows, first=first, extras=extras))

    def answer(self, rows: Sequence[Cells]) -> Answers:
        """Answer rows that the schema has read already."""
        outputs = self.run(self.schema.arrays(rows), len(rows))
        return Answers(outputs=outputs, prediction=decide(self.manifest, outputs))

    def run(self, tensors: Tensors, rows: int) -> NDArray[np.float64]:
        """The graph's outputs for prepared tensors, chunk by chunk so that memory stays bounded.

        Shapes:
            tensors: (rows,) each. Returns: (rows, outputs).
        """
        width = len(self.manifest.classes) or len(self.manifest.targets)
        outputs = np.empty((rows, width), dtype=np.float64)
        for start, stop in self._chunks(tensors, rows):
            fed = {name: values[start:stop] for name, values in tensors.items()}
            answered = cast(NDArray[Any], self._session.run([self.manifest.output], fed)[0])
            outputs[start:stop] = answered.reshape(stop - start, width)
        return outputs

    def _chunks(self, tensors: Tensors, rows: int) -> list[tuple[int, int]]:
        if rows == 1:
            return [(0, 1)]
        lengths = np.ones(rows, dtype=np.int64)
        for name in self._widest:
            np.maximum(lengths, np.fromiter(map(len, tensors[name]), np.int64, rows), out=lengths)
        return cut(lengths)

    def _replay(self, golden: Golden) -> None:
        """Answer the golden rows: proves the runtime, and warms the session up for the first caller."""
        outputs = self.run(self.schema.tensors(golden.rows), len(golden.rows))
        known = np.array(golden.outputs, dtype=np.float64).reshape(outputs.shape)
        off = np.abs(outputs - known) > np.array(golden.tolerance)
        if off.any():
            row = int(np.argmax(off.any(axis=1)))
            raise ReleaseProblem(
                where=f"{GOLDEN_FILE}, row {row + 1}",
                expected=f"the answer {known[row].tolist()}",
                received=f"{outputs[row].tolist()} from onnxruntime {onnxruntime.__version__} here",
                do_this="Install the versions of the release's requirements.txt, or ship the model again.",
            )


def cut(lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Where to cut rows into chunks of bounded rows and bounded rows x longest text.

    Shapes:
        lengths: (rows,), characters of each row's longest text.
    """
    if lengths.size <= CHUNK_ROWS and lengths.size * int(lengths.max(initial=0)) <= CHUNK_CHARACTERS:
        return [(0, lengths.size)] if lengths.size else []
    bounds, start, longest = [0], 0, 0
    for position, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        rows = position - start + 1
        if rows > 1 and (rows > CHUNK_ROWS or rows * longest > CHUNK_CHARACTERS):
            bounds.append(position)
            start, longest = position, length
    return list(zip(bounds, [*bounds[1:], lengths.size], strict=True))


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # rows of tables are small: a second thread costs more than it brings
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # the arena keeps the largest chunk's memory for ever
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen unrelated types here
        raise ReleaseProblem(
            where=MODEL_FILE,
            expected="a graph that onnxruntime can run",
            received=str(error).splitlines()[0],
            do_this="Install the versions of the release's requirements.txt, or ship the model again.",
        ) from error


def _verified(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """The model's and the golden rows' bytes, read once, so that what runs is what was checked."""
    kept: dict[str, bytes] = {}
    for name in (MODEL_FILE, GOLDEN_FILE):
        if name not in manifest.digests:
            raise _damaged(f"manifest.json, digests, '{name}'", "a digest", "none")
    for name, digest in manifest.digests.items():
        data = _file(folder, name)
        if hashlib.sha256(data).hexdigest() != digest:
            raise _damaged(str(folder / name), f"content with sha256 {digest[:12]}...", "other content")
        if name in (MODEL_FILE, GOLDEN_FILE):
            kept[name] = data
    return kept


def _file(folder: Path, name: str) -> bytes:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise _damaged("manifest.json, digests", "names inside the release folder", repr(name))
    try:
        return plain_bytes(folder / path)
    except OSError as error:
        raise _damaged(str(folder / name), "a readable file", error.strerror or "none") from error


def _damaged(where: str, expected: str, received: str) -> ReleaseProblem:
    return ReleaseProblem(
        where=where,
        expected=expected,
        received=received,
        do_this="Ship the model again, or copy the whole release folder once more.",
    )
