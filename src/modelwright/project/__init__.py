"""A folder with a ledger: runs steps, recalls what it already did, and is the only writer."""

from modelwright.ledger.annotations import AnnotationStore
from modelwright.ledger.entries import Entry
from modelwright.project.annotating import is_annotated, open_annotations
from modelwright.project.events import (
    Event,
    Listener,
    StepFinished,
    StepNoted,
    StepStarted,
    WaitingForWriter,
)
from modelwright.project.folder import is_project, projects_beside
from modelwright.project.project import WAIT_SECONDS, Project

__all__ = [
    "WAIT_SECONDS",
    "AnnotationStore",
    "Entry",
    "Event",
    "Listener",
    "Project",
    "StepFinished",
    "StepNoted",
    "StepStarted",
    "WaitingForWriter",
    "is_annotated",
    "is_project",
    "open_annotations",
    "projects_beside",
]
