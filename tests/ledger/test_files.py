"""Does a file get written whole or not at all?"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from modelwright.errors import StorageError
from modelwright.ledger import files
from modelwright.ledger.blobs import BlobStore
from modelwright.project import Project

# Measured: placing a blob in a fresh folder takes 10 calls; three more prove that the end was reached.
OPERATIONS = 13


def failing_at(moment: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any) -> Any:
            seen.append(name)
            if len(seen) == moment:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*arguments)

        return act

    for name in ("write", "fsync", "replace"):
        monkeypatch.setattr(files.os, name, counting(name, getattr(os, name)))
    return seen


@pytest.mark.parametrize("moment", range(1, OPERATIONS + 1))
def test_when_the_nth_write_fails_the_blob_is_there_whole_or_not_at_all(tmp_path: Path, moment: int) -> None:
    store = BlobStore(tmp_path / "blobs")
    old = store.keep(b"old", "bytes")
    failed, told = False, "bytes are free"
    with pytest.MonkeyPatch.context() as monkeypatch:
        seen = failing_at(moment, monkeypatch)
        try:
            store.keep(b"new" * 1000, "bytes")
        except StorageError as error:
            failed = True
            told = error.do_this
    assert failed == (len(seen) >= moment)
    assert "bytes are free" in told
    if moment == OPERATIONS:
        assert not failed
    fresh = BlobStore(tmp_path / "blobs")
    assert fresh.read(old) == b"old"
    assert list(fresh.incoming.iterdir()) == []
    assert fresh.read(fresh.keep(b"new" * 1000, "bytes")) == b"new" * 1000


def test_ctrl_c_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.place(interrupted(), tmp_path / "target", incoming=tmp_path / "incoming")
    assert [path.name for path in tmp_path.rglob("*")] == ["incoming"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="writable"):
        files.place([b""], tmp_path / "file" / "inner" / "target", incoming=tmp_path)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_is_named_and_what_was_kept_stays_readable(full_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "small.csv").write_bytes(b"a\n1\n")
    (tmp_path / "large.csv").write_bytes(os.urandom(2 << 20))
    with Project.create(full_disk / "project") as project:
        small = project.adopt(tmp_path / "small.csv")
        with pytest.raises(StorageError, match=r"(?s)Free some space there .* bytes are free"):
            project.adopt(tmp_path / "large.csv")
        assert project.read(small.file).read_bytes() == b"a\n1\n"
        fill(full_disk / "ballast")
        (tmp_path / "other.csv").write_bytes(b"b\n" * 4096)
        with pytest.raises(StorageError):
            project.adopt(tmp_path / "other.csv")
    with Project.open(full_disk / "project") as project:
        assert project.last("project.adopt") == small
        (full_disk / "ballast").unlink()
        project.adopt(tmp_path / "other.csv")
        assert len(project.history()) == 2


def test_a_full_disk_under_the_ledger_itself_is_named(full_disk: Path) -> None:
    fill(full_disk / "ballast")
    with pytest.raises(StorageError, match="Free some space"):
        Project.create(full_disk / "project")
