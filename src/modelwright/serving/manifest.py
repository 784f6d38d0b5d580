"""What does a release say of itself? Its schema, classes, threshold and the digests of its files."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Literal

import msgspec

from .problems import ReleaseProblem

FORMAT = "modelwright-release/1"
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.onnx"
GOLDEN_FILE = "golden.json"
MAX_FILE_BYTES = 2_147_483_647  # an ONNX file is one message of protocol buffers, which end there


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One input of the model.

    Args:
        name: the column's name in raw rows.
        tensor: the name of the ONNX input it feeds.
        dtype: what its cells are.
        required: whether a row without the field is refused (null is always taken as missing).
        date_format: strptime format of a date, ``iso``, or ``epoch`` for numbers of seconds.
        missing_tokens: spellings that count as missing, besides the empty cell.
    """

    name: str
    tensor: str
    dtype: Literal["number", "date", "string"]
    required: bool = True
    date_format: str | None = None
    missing_tokens: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All a serving process must know besides the graph.

    Args:
        classes: in the order of the outputs; the positive class last. Empty for regression.
        targets: the target columns. positive_class, threshold: binary only.
        measure: how good the model was on the sealed test rows, in plain data.
        output: the graph's output, (rows, classes) probabilities or (rows, targets) values.
        digests: file name -> sha256, of every file that decides how the release answers.
        golden: the file of rows with their known answers.
        sensitive: whether rows are about people or secrets: a server's log masks them unless told otherwise.
    """

    format: str
    name: str
    kind: Literal["binary", "multiclass", "regression", "vector_regression"]
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...]
    positive_class: str | None = None
    threshold: float | None = None
    measure: dict[str, str | float] = {}
    inputs: tuple[Field, ...]
    output: str = "outputs"
    question: str = ""
    digests: dict[str, str] = {}
    golden: str = GOLDEN_FILE
    trained_rows: int = 0
    sensitive: bool = False
    versions: dict[str, str] = {}


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """Raw rows and the outputs they must give, wherever the release is started.

    Args:
        rows: as a caller would send them. outputs: (rows, outputs).
        tolerance: per output, the largest difference another machine may show.
    """

    rows: list[dict[str, str | float | None]]
    outputs: list[list[float]]
    tolerance: list[float]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release folder.

    Raises:
        ReleaseProblem: there is none, or it is not of this format.
    """
    path = folder / MANIFEST_FILE
    try:
        return decode_manifest(plain_bytes(path), str(path))
    except OSError as error:
        raise ReleaseProblem(
            where=str(path),
            expected="a release folder with its manifest.json",
            received=error.strerror or "no readable file",
            do_this="Give the folder that `modelwright ship` wrote.",
        ) from error


def plain_bytes(path: Path) -> bytes:
    """A file's content; a pipe or a device, which may never end, is not read.

    Raises:
        OSError: there is no plain file, or one of more than `MAX_FILE_BYTES`.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "something that is no plain file")
    if status.st_size > MAX_FILE_BYTES:
        raise OSError(errno.EFBIG, f"a file of {status.st_size} bytes")
    return path.read_bytes()


def decode_manifest(data: bytes, where: str) -> Manifest:
    """A manifest from its JSON.

    Raises:
        ReleaseProblem: it is malformed, or of another format.
    """
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseProblem(
            where=where,
            expected=f"a manifest of format {FORMAT}",
            received=str(error),
            do_this="Ship the model again; the file is damaged or of another version.",
        ) from error
    if manifest.format != FORMAT:
        raise ReleaseProblem(
            where=f"{where}, format",
            expected=FORMAT,
            received=manifest.format,
            do_this="Ship the model again with this version.",
        )
    return manifest
