"""A release put on disk: whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from modelwright.errors import ReleaseError, StorageError
from modelwright.records import Blob, Device, Release, Site
from modelwright.serving.manifest import MANIFEST_FILE


def write_release(read: Callable[[Blob], bytes], release: Release | Site | Device, folder: Path) -> None:
    """Write a release's files into a folder, replacing an older release there.

    A folder that holds this very release is left as it is. Otherwise the files are written beside it,
    flushed to the disk and renamed into place: a reader finds the old release or the new one (or, for the
    instant between two renames, none), never a mixture.

    Args:
        read: gives a blob's bytes (a project's ``read``).

    Raises:
        ReleaseError: the folder holds something that is not a release.
        StorageError: the disk is full or the place not writable.
    """
    folder = Path(folder)
    if _is_current(release, folder):
        return
    if folder.exists() and not _is_replaceable(folder):
        raise ReleaseError(
            where=str(folder),
            expected="a new folder, or an earlier release to replace",
            received="a folder with other files",
            do_this="Choose another folder for the release.",
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
            _write_files(read, release, Path(beside) / "new")
            _swap(Path(beside), folder)
        _flush_folder(folder.parent)
    except OSError as error:
        raise StorageError(
            where=str(folder),
            expected="room and permission to write the release",
            received=error.strerror or str(error),
            do_this="Make room or choose another folder, then run the command again.",
        ) from error


def _is_current(release: Release | Site | Device, folder: Path) -> bool:
    """Whether every file of the release lies there undamaged already."""
    try:
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == blob.digest
            for name, blob in release.files.items()
        )
    except OSError:
        return False


def _is_replaceable(folder: Path) -> bool:
    return folder.is_dir() and ((folder / MANIFEST_FILE).is_file() or not any(folder.iterdir()))


def _write_files(read: Callable[[Blob], bytes], release: Release | Site | Device, folder: Path) -> None:
    for name, blob in release.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as written:
            written.write(read(blob))
            written.flush()
            os.fsync(written.fileno())
    for inner in [*folder.rglob("*"), folder]:
        if inner.is_dir():
            _flush_folder(inner)


def _swap(beside: Path, folder: Path) -> None:
    if folder.exists():
        folder.rename(beside / "old")
    try:
        (beside / "new").rename(folder)
    except OSError:
        if (beside / "old").exists():
            (beside / "old").rename(folder)
        raise


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
