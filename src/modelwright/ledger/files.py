"""How do bytes reach the disk whole: a temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modelwright.errors import StorageError

CHUNK_BYTES = 1 << 20
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def place(chunks: Iterable[bytes], target: Path, *, incoming: Path) -> None:
    """Write `chunks` as the file `target`: afterwards it is there whole, or not at all.

    Args:
        incoming: folder of temporary files, in the same file system as `target`.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    # The name is random only until the rename; nothing of it stays.
    temporary = incoming / f"{os.getpid()}-{os.urandom(8).hex()}"
    try:
        with storing(target):
            make_folder(incoming)
            _write(chunks, temporary)
            make_folder(target.parent)
            os.replace(temporary, target)
            sync_folder(target.parent)
    except BaseException:  # Ctrl-C too must leave nothing behind
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each durable before what it will hold."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power cut."""
    if os.name == "nt":  # Windows opens no folders; NTFS journals its renames
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def storing(target: Path) -> Generator[None]:
    """Tell what the operating system refused as a StorageError about `target`."""
    try:
        yield
    except OSError as error:
        raise storage_error(target, error.strerror or str(error), full=error.errno in FULL) from error


def storage_error(target: Path, reason: str, *, full: bool) -> StorageError:
    """A StorageError naming the file, the reason, the space left and what to do."""
    folder = nearest_folder(target)
    space = f"{free_bytes(folder):,} bytes are free in {folder}"
    advice = f"Free some space there ({space}), then run again: what was done is kept and not repeated."
    if not full:
        advice = f"Make {folder} writable, or put the project elsewhere, then run again ({space})."
    return StorageError(where=str(target), expected="to write this file", received=reason, do_this=advice)


def nearest_folder(path: Path) -> Path:
    """The closest folder above `path` that exists."""
    return next((folder for folder in path.parents if folder.is_dir()), Path.cwd())


def free_bytes(folder: Path) -> int:
    """Bytes left on the folder's file system; 0 where that cannot be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def chunks_of(path: Path) -> Iterator[bytes]:
    """A file's content, one mebibyte at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _write(chunks: Iterable[bytes], path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
    try:
        for chunk in chunks:
            _write_all(handle, chunk)
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:  # os.write may take less than it was given
        rest = rest[os.write(handle, rest) :]
