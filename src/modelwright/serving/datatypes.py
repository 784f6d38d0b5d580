"""The Open Inference Protocol's datatypes: cells as JSON or bytes, and back."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from .problems import RequestProblem, shown

CODES = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1",
    "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
KINDS = {datatype: np.dtype(code) for datatype, code in CODES.items()}
DATATYPES = (*KINDS, "BYTES")
LENGTH = struct.Struct("<I")  # before each element of a BYTES tensor


def is_of(cell: object, datatype: str) -> bool:
    """Whether a JSON value may stand in a tensor; null may in any, as a missing value."""
    if cell is None:
        return True
    if datatype == "BYTES":
        return isinstance(cell, str)
    if datatype == "BOOL":
        return isinstance(cell, bool)
    number = (int, float) if datatype.startswith("FP") else int
    return isinstance(cell, number) and not isinstance(cell, bool)


def unpacked(data: memoryview, datatype: str, count: int, name: str) -> list[object]:
    """The cells of a binary tensor, row-major and little-endian.

    Args:
        name: the tensor's.

    Raises:
        RequestProblem: the bytes are not that many cells of the datatype.
    """
    if datatype == "BYTES":
        return _texts(data, count, name)
    kind = KINDS[datatype]
    if len(data) != count * kind.itemsize:
        raise _size(name, f"{count * kind.itemsize} bytes ({count} of {datatype})", f"{len(data)} bytes")
    return np.frombuffer(data, kind).tolist()


def _texts(data: memoryview, count: int, name: str) -> list[object]:
    texts: list[object] = []
    place = 0
    while place < len(data) and len(texts) < count:
        if place + LENGTH.size > len(data):
            break
        (length,) = LENGTH.unpack_from(data, place)
        place += LENGTH.size
        if place + length > len(data):
            break
        texts.append(_text(bytes(data[place : place + length]), name))
        place += length
    if len(texts) != count or place != len(data):
        raise _size(
            name, f"{count} texts, each after its length in 4 bytes", "bytes that do not come out even"
        )
    return texts


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise RequestProblem(
            where=f"input {shown(name)}",
            expected="texts in UTF-8",
            received=shown(data),
            do_this="Encode each text as UTF-8.",
        ) from None


def packed(cells: Sequence[object], datatype: str) -> bytes:
    """Cells as a binary tensor."""
    if datatype == "BYTES":
        texts = [str(cell).encode() for cell in cells]
        return b"".join(LENGTH.pack(len(text)) + text for text in texts)
    return np.array(cells, KINDS[datatype]).tobytes()


def _size(name: str, expected: str, received: str) -> RequestProblem:
    return RequestProblem(
        where=f"input {shown(name)}",
        expected=expected,
        received=received,
        do_this="Compare shape, datatype and binary_data_size with the bytes sent.",
    )
