"""What can go wrong, said so that a person can mend it.

Every error answers four questions: where, what was expected, what was received, what to do.

The tree::

    ModelwrightError
    ├── UsageError          a command or call is off (unknown column, unknown measure)
    ├── SourceError         a data file cannot be read as a table
    ├── DataError           the rows cannot carry the task (one class, no target, too few rows)
    │   └── UndefinedMeasure these rows give the measure no value (ROC AUC of a single class)
    ├── TaskFileError       task.toml is malformed (line and key named)
    ├── ProjectError        the project folder cannot be used
    │   ├── ProjectBusy     another process is writing to it
    │   ├── StorageError    the disk is full or the folder is not writable
    │   └── CorruptError    a stored artefact does not match its digest
    ├── SealError           the sealed test part was asked for a second time
    ├── ModelError          a contender's code failed (a user's build function, say)
    ├── ExportError         a model cannot be written as ONNX
    │   └── ParityError     it can, but its answers differ from the trained model's
    └── ReleaseError        a release folder is missing, broken or of another version
"""

from __future__ import annotations

__all__ = [
    "CorruptError",
    "DataError",
    "ExportError",
    "ModelError",
    "ModelwrightError",
    "ParityError",
    "ProjectBusy",
    "ProjectError",
    "ReleaseError",
    "SealError",
    "SourceError",
    "StorageError",
    "TaskFileError",
    "UndefinedMeasure",
    "UsageError",
]


class ModelwrightError(Exception):
    """The root: an error in four parts.

    Args:
        where: file, line, column, step or argument at fault.
        expected: what would have been right.
        received: what was there instead.
        do_this: the next thing to try, as an instruction.
    """

    def __init__(self, *, where: str, expected: str, received: str, do_this: str) -> None:
        self.where = where
        self.expected = expected
        self.received = received
        self.do_this = do_this
        super().__init__(f"{where}: expected {expected}; received {received}. {do_this}")

    def parts(self) -> dict[str, str]:
        """The four parts and the error's kind, for ``--json``."""
        return {
            "error": type(self).__name__,
            "where": self.where,
            "expected": self.expected,
            "received": self.received,
            "do_this": self.do_this,
        }


class UsageError(ModelwrightError):
    """A command or call is off."""


class SourceError(ModelwrightError):
    """A data file cannot be read as a table."""


class DataError(ModelwrightError):
    """The rows cannot carry the task."""


class UndefinedMeasure(DataError):
    """These rows give the measure no value."""


class TaskFileError(ModelwrightError):
    """task.toml is malformed."""


class ProjectError(ModelwrightError):
    """The project folder cannot be used."""


class ProjectBusy(ProjectError):
    """Another process is writing to the project."""


class StorageError(ProjectError):
    """The disk is full or the folder is not writable."""


class CorruptError(ProjectError):
    """A stored artefact does not match its digest."""


class SealError(ModelwrightError):
    """The sealed test part was asked for a second time."""


class ModelError(ModelwrightError):
    """A contender's code failed."""


class ExportError(ModelwrightError):
    """A model cannot be written as ONNX."""


class ParityError(ExportError):
    """The exported model's answers differ from the trained model's."""


class ReleaseError(ModelwrightError):
    """A release folder is missing, broken or of another version."""
