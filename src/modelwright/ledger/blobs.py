"""Where do bytes too large for a record live: files named by the sha256 of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelwright.errors import CorruptError, SourceError
from modelwright.ledger.encoding import from_file, parts_of, to_bytes
from modelwright.ledger.files import chunks_of, place, storing
from modelwright.records import Blob, BlobKind

Signature = tuple[int, int, int]

REPAIR = "Delete that file and run again: the step that made it, or the adopting, is then done again."


class BlobStore:
    """Content-addressed files in two-level folders.

    Args:
        folder: where they live; made when the first blob is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        # What this process has verified, and how the file looked then: hot reads skip the hashing.
        self._verified: dict[Path, Signature] = {}

    def path(self, digest: str) -> Path:
        """Where the blob of that digest is, or would be."""
        return self.folder / digest[:2] / digest[2:4] / digest

    def holds(self, blob: Blob) -> bool:
        """Whether the blob's file is there, at its full length (its content is verified on read)."""
        try:
            return self.path(blob.digest).stat().st_size == blob.size_bytes
        except OSError:
            return False

    def keep(self, value: Any, kind: BlobKind) -> Blob:
        """Store a value under its content's digest; the same content is stored once.

        Args:
            value: a polars frame, an array, bytes, or for ``file`` the path of a file to adopt.

        Raises:
            UsageError: the value is not of that kind.
            StorageError: the disk is full or the folder cannot be written.
        """
        if kind == "file" and isinstance(value, (str, Path)):
            return self.adopt(Path(value))
        data = to_bytes(value, kind)
        blob = Blob(digest=hashlib.sha256(data).hexdigest(), kind=kind, size_bytes=len(data))
        if not self._intact(blob):
            self._place([data], blob)
        return blob

    def adopt(self, path: Path) -> Blob:
        """Copy a file in, byte for byte; a file whose content is already here is only read.

        Raises:
            SourceError: the file cannot be read, or changed while it was.
            StorageError: the disk is full or the folder cannot be written.
        """
        hasher = hashlib.sha256()
        size = 0
        for chunk in _source_chunks(path):
            hasher.update(chunk)
            size += len(chunk)
        blob = Blob(digest=hasher.hexdigest(), kind="file", size_bytes=size)
        if not self._intact(blob):
            self._place(_unchanged(path, blob), blob)
        return blob

    def read(self, blob: Blob) -> Any:
        """The blob's content, once its digest is verified: a frame, an array, bytes or a path.

        Raises:
            CorruptError: the file is missing, or not what its digest says.
        """
        path = self.intact_path(blob)
        try:
            return from_file(path, blob.kind)
        except Exception as error:  # each library has its own tree; all mean the same here
            raise _corrupt(path, f"{blob.kind} content", f"bytes that do not read as one: {error}") from error

    def scan(self, blob: Blob) -> Iterator[Any]:
        """A table's rows in order, part after part, once its digest is verified.

        Raises:
            CorruptError: the file is missing, or not what its digest says.
        """
        yield from parts_of(self.intact_path(blob))

    def intact_path(self, blob: Blob) -> Path:
        """Where its file lies, once its digest is verified.

        Raises:
            CorruptError: the file is missing, or not what its digest says.
        """
        path = self.path(blob.digest)
        self._verify(path, blob)
        return path

    def clean(self) -> None:
        """Remove what a killed process left half-written. Only for the holder of the write lock."""
        with suppress(OSError):  # what cannot be removed now is only untidy
            for leftover in self.incoming.iterdir():
                leftover.unlink()

    def _place(self, chunks: Iterable[bytes], blob: Blob) -> None:
        path = self.path(blob.digest)
        place(chunks, path, incoming=self.incoming)
        with storing(path):
            self._verified[path] = _signature(path)

    def _intact(self, blob: Blob) -> bool:
        """Whether the content is already here, and really is that content."""
        try:
            self._verify(self.path(blob.digest), blob)
        except CorruptError:
            return False
        return True

    def _verify(self, path: Path, blob: Blob) -> None:
        try:
            signature = _signature(path)
            if self._verified.get(path) == signature:
                return
            hasher = hashlib.sha256()
            for chunk in chunks_of(path):
                hasher.update(chunk)
        except FileNotFoundError:
            raise _corrupt(path, f"a file of {blob.size_bytes:,} bytes", "no file") from None
        except OSError as error:
            raise _corrupt(path, "a readable file", error.strerror or str(error)) from error
        if hasher.hexdigest() != blob.digest:
            received = f"{signature[0]:,} bytes with another digest"
            raise _corrupt(path, f"{blob.size_bytes:,} bytes with sha256 {blob.digest}", received)
        self._verified[path] = signature


def _signature(path: Path) -> Signature:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _corrupt(path: Path, expected: str, received: str) -> CorruptError:
    return CorruptError(where=str(path), expected=expected, received=received, do_this=REPAIR)


def _source_chunks(path: Path) -> Iterator[bytes]:
    try:
        yield from chunks_of(path)
    except OSError as error:
        raise SourceError(
            where=str(path),
            expected="a readable data file",
            received=error.strerror or str(error),
            do_this="Check the path and its permissions.",
        ) from error


def _unchanged(path: Path, blob: Blob) -> Iterator[bytes]:
    """The file's chunks again, refusing at the end if they are not those that were hashed."""
    hasher = hashlib.sha256()
    for chunk in _source_chunks(path):
        hasher.update(chunk)
        yield chunk
    if hasher.hexdigest() != blob.digest:
        raise SourceError(
            where=str(path),
            expected="a file that stays the same while it is read",
            received="other bytes at the second reading",
            do_this="Wait until the file is complete, then run again.",
        )
