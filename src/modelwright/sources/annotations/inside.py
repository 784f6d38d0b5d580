"""Which file is meant by a name? One inside the project's folder, and no other."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from modelwright.errors import SourceError

IMAGE = "image"


def name_inside(name: str, what: str = IMAGE) -> str:
    """A path below the project's folder, written with slashes.

    Raises:
        SourceError: it is absolute, leads out of the folder, or is an address.
    """
    slashed = name.replace("\\", "/")
    parts = PurePosixPath(slashed).parts
    outside = slashed.startswith("/") or bool(PureWindowsPath(name).drive) or ".." in parts
    if not parts or outside or ":" in parts[0] or "\0" in name:
        raise _refused(what, name, "another place")
    return "/".join(parts)


def file_inside(folder: Path, name: str, what: str = IMAGE) -> Path:
    """The file of that name.

    Args:
        what: the file is, as an error calls it.

    Raises:
        SourceError: there is none, or the path leads out of the folder, through a link say.
    """
    path = (folder / name_inside(name, what)).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _refused(what, name, "a link that leads out of it")
    if not path.is_file():
        raise _refused(what, name, "no such file")
    return path


def _refused(what: str, name: str, received: str) -> SourceError:
    return SourceError(
        where=f"{what} {name[:200]!r}",
        expected="a path inside the project's folder, such as photos/1.jpg",
        received=received,
        do_this="Put it into the project's folder and name it from there.",
    )
