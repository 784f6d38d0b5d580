"""Where is a project's annotation?"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from modelwright.ledger.annotations import AnnotationStore
from modelwright.project.folder import STATE, require_project

ANNOTATIONS = "annotations.sqlite"


def open_annotations(folder: str | PathLike[str]) -> AnnotationStore:
    """Open a project's annotation, made empty where there is none.

    It is written to while others train in the same project: it needs no turn at the ledger.

    Raises:
        ProjectError: the folder is no project; the nearest one is named.
    """
    path = Path(folder).expanduser()
    require_project(path)
    return AnnotationStore(path / STATE / ANNOTATIONS)


def is_annotated(folder: str | PathLike[str]) -> bool:
    """Whether an annotation was begun in a project's folder."""
    return (Path(folder).expanduser() / STATE / ANNOTATIONS).is_file()
