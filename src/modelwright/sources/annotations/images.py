"""Which file is meant by an item's image? One inside the project's folder, and no other."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from modelwright.errors import SourceError


def image_name(name: str) -> str:
    """A path below the project's folder, written with slashes.

    Raises:
        SourceError: it is absolute, leads out of the folder, or is an address.
    """
    slashed = name.replace("\\", "/")
    parts = PurePosixPath(slashed).parts
    outside = slashed.startswith("/") or bool(PureWindowsPath(name).drive) or ".." in parts
    if not parts or outside or ":" in parts[0] or "\0" in name:
        raise _refused(name, "another place")
    return "/".join(parts)


def image_path(folder: Path, name: str) -> Path:
    """The image's file.

    Raises:
        SourceError: there is none, or the path leads out of the folder, through a link say.
    """
    path = (folder / image_name(name)).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _refused(name, "a link that leads out of it")
    if not path.is_file():
        raise _refused(name, "no such file")
    return path


def _refused(name: str, received: str) -> SourceError:
    return SourceError(
        where=f"image {name[:200]!r}",
        expected="a path inside the project's folder, such as photos/1.jpg",
        received=received,
        do_this="Put the images into the project's folder and name them from there.",
    )
