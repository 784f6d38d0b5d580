"""What may a person say when a project starts? Afterwards task.toml says it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.errors import UsageError
from modelwright.records import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options that frame a task.

    Args:
        predict: the target column, or several for vector regression.
        ignore: columns no model may read. group, time: see `Task`.
        test_file: a second file whose rows are the sealed test part.
        test_column, test_value: rows where the column has the value are the sealed test part.
        measure: a built-in measure's name, or ``FILE.py:NAME``.
        existing: ``column:NAME`` or ``FILE.py:NAME``, today's solution.
    """

    predict: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    test_file: str | None = None
    test_column: str | None = None
    test_value: str | None = None
    measure: str | None = None
    question: str | None = None
    positive_class: str | None = None
    existing: str | None = None

    def __post_init__(self) -> None:
        """Read one bare column name as a list of one, and a name given twice as given once."""
        for name in ("predict", "ignore"):
            given = getattr(self, name)
            listed = (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))
            object.__setattr__(self, name, listed)

    def as_choices(self) -> dict[str, Any]:
        """The options as `define.frame` takes them."""
        return {name: getattr(self, name) for name in Wishes.__dataclass_fields__}

    def require_target(self) -> None:
        """Refuse to frame a task that predicts nothing.

        Raises:
            UsageError: there is no target.
        """
        if not self.predict:
            raise UsageError(
                where="--predict",
                expected="the column to predict",
                received="none, and the project has no task.toml yet",
                do_this="Say which column holds the answer: --predict COLUMN.",
            )

    def require_agreement(self, task: Task, path: Path) -> None:
        """Refuse what contradicts the task file: a task changes in its file only.

        Raises:
            UsageError: an option says something else than the file.
        """
        existing = task.existing_solution
        known = existing and (f"column:{existing.name}" if existing.kind == "column" else existing.name)
        said = {
            "--predict": (self.predict, task.targets),
            "--ignore": (self.ignore, tuple(name for name in self.ignore if name in task.ignore)),
            "--group": (self.group, task.group),
            "--time": (self.time, task.time),
            "--measure": (self.measure, task.measure),
            "--test": (self.test_file, task.test.file),
            "--test-column": (_marked(self.test_column, self.test_value), _marked(*_test_of(task))),
            "--positive": (self.positive_class, task.positive_class),
            "--existing": (self.existing, known),
            "--question": (self.question, task.question),
        }
        for flag, (now, then) in said.items():
            if now and now != then:
                raise UsageError(
                    where=flag,
                    expected=f"{then!r}, as in {path}",
                    received=f"{now!r}",
                    do_this="Edit task.toml to change the task, or start another project with --project.",
                )


def _test_of(task: Task) -> tuple[str | None, str | None]:
    return task.test.column, task.test.value


def _marked(column: str | None, value: str | None) -> str | None:
    """The column and value that mark the test rows, as typed."""
    return None if column is None else f"{column}={value or ''}"
