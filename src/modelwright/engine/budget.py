"""How long may this still take? One deadline, shared by all that runs under it."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def budget(seconds: float | None) -> Generator[None]:
    """Everything inside ends within `seconds`; an outer, shorter budget still holds. None: no limit."""
    limit = float("inf") if seconds is None else time.monotonic() + seconds
    token = _deadline.set(min(limit, _deadline.get()))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def unhurried() -> Generator[None]:
    """Inside there is no deadline: for the few things that must be whole, such as the final training."""
    token = _deadline.set(float("inf"))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining_seconds() -> float:
    """Seconds left under the innermost budget; infinite where there is none, never negative."""
    return max(0.0, _deadline.get() - time.monotonic())
