"""Which folders are projects, and which one was meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from modelwright.errors import ProjectError
from modelwright.ledger.files import make_folder, place, storing

STATE = ".modelwright"
LEDGER = "ledger.sqlite"
# Enough to find a mistyped name; a folder with more is not where projects are kept.
MAX_NEIGHBOURS = 1_000


def is_project(folder: Path) -> bool:
    """Whether the folder holds a ledger."""
    try:
        return (folder / STATE / LEDGER).is_file()
    except OSError:
        return False


def make_project_folder(folder: Path) -> None:
    """Make a project's folder, with its ledger and blobs kept out of git and the rest left to it.

    Raises:
        ProjectError: a file is in the way.
        StorageError: the folder cannot be made.
    """
    occupied = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if occupied.exists() and not occupied.is_dir():
        raise ProjectError(
            where=str(folder),
            expected="a folder, or a name that is still free",
            received=f"the file {occupied}",
            do_this="Choose another name for the project.",
        )
    state = folder / STATE
    with storing(state):
        make_folder(state)
    # Inside the state folder, so that a .gitignore of the user's own is never touched.
    if not (state / ".gitignore").exists():
        place([b"*\n"], state / ".gitignore", incoming=state)


def require_project(folder: Path) -> None:
    """Refuse a folder without a ledger.

    Raises:
        ProjectError: naming the nearest project.
    """
    if is_project(folder):
        return
    nearest = nearest_project(folder)
    create = f"create one with `modelwright new {folder.name} --data FILE --predict COLUMN`"
    raise ProjectError(
        where=str(folder),
        expected="a project folder",
        received="a folder without a ledger" if folder.is_dir() else "no such folder",
        do_this=f"Did you mean {nearest}? Otherwise {create}." if nearest else f"{create.capitalize()}.",
    )


def projects_beside(folder: Path) -> list[Path]:
    """The other projects in the folder that this one lies in, by name."""
    here = folder.absolute()
    return sorted(path for path in _projects_in(here.parent) if path.absolute() != here)


def nearest_project(folder: Path) -> Path | None:
    """The project most likely meant: around the folder, below it, or beside it by name."""
    around = next((parent for parent in folder.absolute().parents if is_project(parent)), None)
    below = next(_projects_in(folder), None)
    beside = {path.name: path for path in _projects_in(folder.absolute().parent)}
    close = get_close_matches(folder.name, beside, 1, cutoff=0.5)
    return beside[close[0]] if close else below or around or next(iter(beside.values()), None)


def _projects_in(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from filter(is_project, islice(folder.iterdir(), MAX_NEIGHBOURS))
