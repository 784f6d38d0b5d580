"""How does data from outside become part of a project?"""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from modelwright.errors import SourceError
from modelwright.ledger.blobs import BlobStore
from modelwright.project.folder import MAX_NEIGHBOURS
from modelwright.records import Desk, Source, step

FRAME_NAME = "frame.parquet"


@step(version=1)
def adopt(desk: Desk, source: Source) -> Source:
    """Write down that a source was adopted, so that all that follows can be walked back to it."""
    del desk
    return source


def source_of(blobs: BlobStore, data: Any) -> Source:
    """Copy data in, byte for byte.

    Args:
        data: a file's path, a DataFrame, or a dict of arrays.

    Raises:
        SourceError: the path is no readable file, or the frame cannot be written as Parquet.
        StorageError: the disk is full or the folder cannot be written.
    """
    if isinstance(data, (str, Path)):
        path = Path(data).expanduser()
        _require_file(path)
        return Source(name=path.name, file=blobs.adopt(path))
    from modelwright.sources.frames import frame_to_parquet

    return Source(name=FRAME_NAME, file=blobs.keep(frame_to_parquet(data), "file"))


def _require_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        received = (
            "a folder" if path.is_dir() else "something that is no file" if path.exists() else "no such file"
        )
        names = [entry.name for entry in islice(path.absolute().parent.iterdir(), MAX_NEIGHBOURS)]
    except (OSError, ValueError) as error:
        received, names = str(error), []
    near = get_close_matches(path.name, names, 1)
    raise SourceError(
        where=str(path),
        expected="a data file",
        received=received,
        do_this=f"Did you mean {path.parent / near[0]}?" if near else "Check the path.",
    )
