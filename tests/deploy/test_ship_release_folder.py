from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from modelwright.deploy.release_folder import write_release
from modelwright.errors import ReleaseError, StorageError
from modelwright.records import Release


def release(desk: Any, **files: bytes) -> Release:
    named = {"manifest.json": b"{}", **{name.replace("__", "/"): data for name, data in files.items()}}
    kept = {name: desk.keep(data, "bytes") for name, data in named.items()}
    return Release(name="r-1", files=kept, parity_rows=0, parity_max_difference=0.0, size_bytes=0)


def test_a_new_release_replaces_the_old_one_whole(desk: Any, tmp_path: Path) -> None:
    folder = tmp_path / "project" / "release"
    write_release(desk.read, release(desk, answer__a=b"1", old=b"2"), folder)
    assert (folder / "answer" / "a").read_bytes() == b"1"
    write_release(desk.read, release(desk, new=b"3"), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "new"]
    assert [path.name for path in folder.parent.iterdir()] == ["release"]


def test_a_release_that_is_there_is_left_alone_and_a_damaged_one_mended(desk: Any, tmp_path: Path) -> None:
    folder, same = tmp_path / "release", release(desk, part=b"1")
    write_release(desk.read, same, folder)
    before = folder.stat().st_ino
    write_release(desk.read, same, folder)
    assert folder.stat().st_ino == before
    (folder / "part").write_bytes(b"2")
    write_release(desk.read, same, folder)
    assert (folder / "part").read_bytes() == b"1"


def test_another_folder_is_never_replaced(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(ReleaseError, match="thesis"):
        write_release(desk.read, release(desk), tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.tex").exists()
    with pytest.raises(ReleaseError):
        write_release(desk.read, release(desk), tmp_path / "thesis" / "chapter.tex")


@pytest.mark.parametrize("broken", ["fsync", "rename"])
def test_a_full_disk_leaves_the_old_release(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    folder = tmp_path / "release"
    write_release(desk.read, release(desk, old=b"1"), folder)

    def fail(*arguments: Any) -> None:
        if broken == "rename" and Path(arguments[0]).name != "new":
            return honest(*arguments)
        raise OSError(28, "No space left on device")

    honest = Path.rename
    if broken == "rename":
        monkeypatch.setattr(Path, "rename", fail)
    else:
        monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match="No space left"):
        write_release(desk.read, release(desk, new=b"2"), folder)
    monkeypatch.undo()
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "old"]
    assert [path.name for path in tmp_path.iterdir() if path.name != "desk"] == ["release"]
