"""A blob: bytes too large for a record, named by what they contain."""

from __future__ import annotations

from typing import Literal

from modelwright.records._wire import record

BlobKind = Literal["table", "array", "bytes", "file"]


@record
class Blob:
    """A content-addressed artefact: Parquet (table), npy (array), raw bytes, or an adopted file.

    Args:
        digest: sha256 of the stored bytes, hexadecimal.
        kind: how to read it back.
        size_bytes: length of the stored bytes.
    """

    digest: str
    kind: BlobKind
    size_bytes: int
