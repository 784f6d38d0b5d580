"""What does a project tell its listener while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step was called."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNoted:
    """A step says what it is doing.

    Args:
        step: the step called, also where one of its sub-steps speaks.
        done, total: how far it is, where it says so.
        facts: whatever else it told.
    """

    step: str
    message: str
    done: float | None = None
    total: float | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step came to its record.

    Args:
        recalled: whether it had been done before.
        seconds: how long it took, now or (recalled) then.
    """

    step: str
    recalled: bool
    seconds: float
    record: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingForWriter:
    """Another process is writing to the project, and this one waits for it.

    Args:
        pid: its number; 0 where it is not known.
        since_utc: when it began to write.
    """

    pid: int
    since_utc: str


Event = StepStarted | StepNoted | StepFinished | WaitingForWriter
Listener = Callable[[Event], None]
