"""What every test may use: the shared data sets and an in-memory desk."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.records import Blob, BlobKind, digest

# Compiled programs of the tests, in a folder of their own: the user's cache neither helps nor is written to.
_cache = tempfile.TemporaryDirectory(prefix="modelwright-tests-", ignore_cleanup_errors=True)
os.environ["MODELWRIGHT_CACHE"] = _cache.name

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

PART_ROWS = 300
"""Rows of a part a table is scanned in: so few that even small tables come in several."""


class MemoryDesk:
    """A desk without a project: blobs in a dict, notes in a list, sub-steps remembered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs: dict[str, bytes] = {}
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.done: dict[str, Any] = {}

    def read(self, blob: Blob) -> Any:
        if blob.kind == "file":
            return self.folder / blob.digest
        data = self.blobs[blob.digest]
        if blob.kind == "table":
            return polars.read_parquet(io.BytesIO(data))
        return np.load(io.BytesIO(data), allow_pickle=False) if blob.kind == "array" else data

    def scan(self, blob: Blob) -> Iterator[Any]:
        yield from self.read(blob).iter_slices(PART_ROWS)

    def keep(self, value: Any, kind: BlobKind) -> Blob:
        data = _encoded(value, kind)
        name = hashlib.sha256(data).hexdigest()
        if kind == "file":
            (self.folder / name).write_bytes(data)
        self.blobs[name] = data
        return Blob(digest=name, kind=kind, size_bytes=len(data))

    def note(self, message: str, **facts: Any) -> None:
        self.notes.append((message, facts))

    def once(self, work: Callable[..., Any], *records: Any, **choices: Any) -> Any:
        key = digest([work.__qualname__, records, choices])
        if key not in self.done:
            self.done[key] = work(self, *records, **choices)
        return self.done[key]


def _encoded(value: Any, kind: BlobKind) -> bytes:
    buffer = io.BytesIO()
    if kind == "table":
        value.write_parquet(buffer)
    elif kind == "array":
        np.save(buffer, value, allow_pickle=False)
    else:
        return value.read_bytes() if isinstance(value, Path) else value
    return buffer.getvalue()


@pytest.fixture
def desk(tmp_path: Path) -> MemoryDesk:
    folder = tmp_path / "desk"
    folder.mkdir()
    return MemoryDesk(folder)


@pytest.fixture
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data sets are not beside this checkout")
    return SHARED_DATA
