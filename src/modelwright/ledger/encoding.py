"""How do a table and an array become bytes, always the same bytes for the same content?"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.errors import UsageError
from modelwright.records import BlobKind

if TYPE_CHECKING:
    import polars
    from numpy.typing import NDArray

# Fixed, because each of them changes the bytes and so the digest.
PARQUET_COMPRESSION_LEVEL = 3
PARQUET_ROWS_PER_GROUP = 262_144


def to_bytes(value: Any, kind: BlobKind) -> bytes:
    """Write a polars frame (``table``), an array (``array``) or bytes-like content as bytes.

    Raises:
        UsageError: the value is not of that kind, or an array holds objects.
    """
    if kind == "table":
        return _parquet(value)
    if kind == "array":
        return _npy(value)
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise _wrong(f"keep(kind={kind!r})", "bytes", value)
    return bytes(value)  # pyright: ignore[reportUnknownArgumentType]  # a memoryview's item type is open


def from_file(path: Path, kind: BlobKind) -> Any:
    """Read stored bytes back: a frame, an array, bytes, or the path itself (``file``)."""
    if kind == "table":
        import polars

        return polars.read_parquet(path)
    if kind == "array":
        import numpy

        return numpy.load(path, allow_pickle=False)
    return path if kind == "file" else path.read_bytes()


def parts_of(path: Path) -> Iterator[Any]:
    """A stored table's rows in order, a row group at a time."""
    import polars

    table = polars.scan_parquet(path)
    rows: int = table.select(polars.len()).collect().item()
    for start in range(0, rows, PARQUET_ROWS_PER_GROUP):
        yield table.slice(start, PARQUET_ROWS_PER_GROUP).collect()


def _parquet(value: Any) -> bytes:
    import polars

    if not isinstance(value, polars.DataFrame):
        raise _wrong("keep(kind='table')", "a polars DataFrame", value)
    return _parquet_of(value)


def _parquet_of(frame: polars.DataFrame) -> bytes:
    buffer = io.BytesIO()
    # Chunks would become row groups: one chunk, whatever way the frame was put together.
    frame.rechunk().write_parquet(
        buffer,
        compression="zstd",
        compression_level=PARQUET_COMPRESSION_LEVEL,
        statistics=True,
        row_group_size=PARQUET_ROWS_PER_GROUP,
    )
    return buffer.getvalue()


def _npy(value: Any) -> bytes:
    import numpy

    array: NDArray[Any] = numpy.asarray(value, order="C")
    if array.dtype.hasobject:
        raise _wrong("keep(kind='array')", "an array of numbers or fixed-width text", value)
    buffer = io.BytesIO()
    numpy.save(buffer, array.astype(array.dtype.newbyteorder("<"), copy=False), allow_pickle=False)
    return buffer.getvalue()


def _wrong(where: str, expected: str, value: Any) -> UsageError:
    received = f"{type(value).__module__}.{type(value).__qualname__}"
    return UsageError(
        where=where,
        expected=expected,
        received=received,
        do_this="Convert the value, or keep it as another kind.",
    )
