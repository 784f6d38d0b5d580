"""A whole model, raw columns to answers: preparation and contender in one, kept as one file."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows
from modelwright.engine.predicting import predict
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.preparation import Preparation
from modelwright.engine.target import Target
from modelwright.engine.trained import Trained
from modelwright.errors import CorruptError
from modelwright.records import Recipe, decode, encode, record

FORMAT = "modelwright-model/1"
# Rows prepared and answered at a time: bounds memory (8,192 x 256 token ids are 8 MB).
CHUNK_ROWS = 8_192
# The earliest moment a zip file can name: files carry no time of their own.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@record
class ModelHeader:
    """What is not an array, a text or the preparation."""

    format: str
    recipe: Recipe
    target: Target
    parameters: int
    best_epochs: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A trained contender with the preparation it was trained on."""

    preparation: Preparation
    trained: Trained

    def predict_columns(self, columns: Columns, rows: Rows | None = None) -> NDArray[np.float64]:
        """Probabilities or values for raw columns.

        Args:
            rows: which of them, in this order; all where None.

        Returns:
            (rows, outputs).
        """
        wanted = np.arange(columns.rows, dtype=np.int64) if rows is None else rows
        chunks = [wanted[start : start + CHUNK_ROWS] for start in range(0, len(wanted), CHUNK_ROWS)]
        if not chunks:
            return np.empty((0, self.trained.target.outputs))
        return np.concatenate(
            [predict(self.trained, prepare_rows(self.preparation, columns, chunk)) for chunk in chunks]
        )


def save(model: Model) -> bytes:
    """The model as one zip file of JSON, npy and text: the same model, the same bytes."""
    trained = model.trained
    header = ModelHeader(
        format=FORMAT,
        recipe=trained.recipe,
        target=trained.target,
        parameters=trained.parameters,
        best_epochs=trained.best_epochs,
    )
    parts = {"model.json": encode(header), "preparation.json": encode(model.preparation)}
    parts |= {f"arrays/{name}.npy": _npy(array) for name, array in trained.arrays.items()}
    parts |= {f"text/{name}": text.encode() for name, text in trained.text.items()}
    if trained.curves is not None:
        parts["curves.npy"] = _npy(trained.curves)
    return _zip(parts)


def load(data: bytes) -> Model:
    """The model that `save` wrote.

    Raises:
        CorruptError: the bytes are not such a file.
    """
    try:
        parts = _unzip(data)
        header = decode(parts["model.json"], ModelHeader)
        preparation = decode(parts["preparation.json"], Preparation)
        curves = _array(parts["curves.npy"]) if "curves.npy" in parts else None
        arrays = {
            name.removeprefix("arrays/").removesuffix(".npy"): _array(part)
            for name, part in parts.items()
            if name.startswith("arrays/")
        }
    except (zipfile.BadZipFile, KeyError, ValueError, msgspec.MsgspecError) as error:
        raise CorruptError(
            where="a saved model",
            expected=f"a file of format {FORMAT}",
            received=f"{len(data)} bytes that cannot be read so ({error})",
            do_this="Train the model again; the ledger knows how.",
        ) from None
    text = {
        name.removeprefix("text/"): part.decode() for name, part in parts.items() if name.startswith("text/")
    }
    trained = Trained(
        recipe=header.recipe,
        target=header.target,
        arrays=arrays,
        text=text,
        parameters=header.parameters,
        best_epochs=header.best_epochs,
        curves=curves,
    )
    return Model(preparation=preparation, trained=trained)


def _zip(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(parts):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.create_system = 3  # the same bytes on every system
            archive.writestr(entry, parts[name])
    return buffer.getvalue()


def _unzip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _array(data: bytes) -> NDArray[Any]:
    return np.load(io.BytesIO(data), allow_pickle=False)
