"""Modelwright: from a problem to a model in service, one honest step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.engine.population import Population
    from modelwright.project import Project
    from modelwright.workflow import Outcome

__version__ = "0.1.0"
__all__ = ["__version__", "open", "run", "train_population"]


def run(*arguments: Any, **choices: Any) -> Outcome:
    """Carry data through the whole workflow; see :func:`modelwright.workflow.run`."""
    from modelwright.workflow import run as run_workflow

    return run_workflow(*arguments, **choices)


def open(folder: Any) -> Project:  # noqa: A001  # modelwright.open("spam") is the door's name
    """Open an existing project folder; see :class:`modelwright.project.Project`."""
    from modelwright.project import Project

    return Project.open(folder)


def train_population(*arguments: Any, **choices: Any) -> Population:
    """Train many Keras models as one program; see :func:`modelwright.engine.population.train_population`."""
    from modelwright.engine.population import train_population as train

    return train(*arguments, **choices)
