"""Is a blob named by its content, and a damaged one found?"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.errors import CorruptError, SourceError, UsageError
from modelwright.ledger.blobs import BlobStore
from modelwright.records import Blob

FRAME = polars.DataFrame({"text": ["a", None, "\u05d0\U0001f600"], "number": [1.5, None, -0.0]})


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def stored(store: BlobStore, blob: Blob) -> Path:
    return store.path(blob.digest)


def test_a_table_comes_back_and_its_bytes_do_not_depend_on_how_it_was_built(store: BlobStore) -> None:
    blob = store.keep(FRAME, "table")
    in_chunks = polars.concat([FRAME[:1], FRAME[1:]], rechunk=False)
    assert store.keep(in_chunks, "table") == blob
    assert store.read(blob).equals(FRAME)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.array(3),
        np.zeros((0, 2), np.int8),
        np.array([True, False]),
        np.array([np.nan, np.inf]),
        np.array(["a", "\U0001f600"]),
    ],
)
def test_an_array_comes_back_whatever_its_memory_order(store: BlobStore, array: Any) -> None:
    blob = store.keep(array, "array")
    assert store.keep(np.asfortranarray(array) if array.ndim else array, "array") == blob
    assert store.keep(array.astype(array.dtype.newbyteorder(">")), "array") == blob
    np.testing.assert_array_equal(store.read(blob), array)
    assert store.read(blob).shape == array.shape


@pytest.mark.parametrize(
    ("value", "kind"), [(np.array([object()]), "array"), ([1], "table"), ("text", "bytes"), (3, "file")]
)
def test_a_value_of_another_kind_is_refused(store: BlobStore, value: Any, kind: Any) -> None:
    with pytest.raises(UsageError):
        store.keep(value, kind)


def test_the_same_content_is_stored_once(store: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    one = store.keep(b"content", "bytes")
    before = stored(store, one).stat().st_ino
    other = store.adopt(tmp_path / "file")
    assert (one.digest, one.kind, other.kind) == (other.digest, "bytes", "file")
    assert stored(store, one).stat().st_ino == before
    assert store.read(other) == stored(store, one)


@pytest.mark.parametrize("damage", ["flip", "truncate"])
def test_a_blob_damaged_at_any_of_twenty_offsets_is_found(store: BlobStore, damage: str) -> None:
    data = random.Random(1).randbytes(3 << 20)
    blob = store.keep(data, "bytes")
    for offset in [0, len(data) - 1, *random.Random(2).sample(range(len(data)), 18)]:
        hurt = bytearray(data)
        hurt[offset] ^= 1 << (offset % 8)
        stored(store, blob).write_bytes(hurt if damage == "flip" else data[:offset])
        with pytest.raises(CorruptError, match=blob.digest):
            BlobStore(store.folder).read(blob)
    stored(store, blob).write_bytes(data)
    assert store.read(blob) == data


def test_a_damaged_blob_is_mended_by_keeping_its_content_again(store: BlobStore) -> None:
    blob = store.keep(b"content", "bytes")
    stored(store, blob).write_bytes(b"CONTENT")
    fresh = BlobStore(store.folder)
    fresh.keep(b"content", "bytes")
    assert fresh.read(blob) == b"content"


def test_a_missing_blob_is_named(store: BlobStore) -> None:
    blob = store.keep(b"content", "bytes")
    stored(store, blob).unlink()
    with pytest.raises(CorruptError, match="no file"):
        store.read(blob)


def test_a_blob_read_as_another_kind_is_an_error_of_the_house(store: BlobStore) -> None:
    blob = store.keep(b"content", "bytes")
    for kind in ("array", "table"):
        with pytest.raises(CorruptError):
            store.read(Blob(digest=blob.digest, kind=kind, size_bytes=blob.size_bytes))


def test_a_second_read_does_not_hash_again(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = store.keep(b"content", "bytes")
    again = BlobStore(store.folder)
    again.read(blob)
    monkeypatch.setattr("modelwright.ledger.blobs.chunks_of", None)
    assert again.read(blob) == b"content"


def test_an_absent_source_is_an_error_of_the_house(store: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        store.adopt(tmp_path / "absent")


def test_a_file_that_changes_while_it_is_adopted_is_refused(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"one")
    place = store._place

    def grow(chunks: Any, blob: Blob) -> None:
        path.write_bytes(b"one and two")
        place(chunks, blob)

    monkeypatch.setattr(store, "_place", grow)
    with pytest.raises(SourceError, match="stays the same"):
        store.adopt(path)
    assert not any(file.is_file() for file in store.folder.rglob("*"))


def test_leftovers_are_cleaned(store: BlobStore) -> None:
    store.keep(b"content", "bytes")
    (store.incoming / "leftover").write_bytes(b"half")
    store.clean()
    assert list(store.incoming.iterdir()) == []
