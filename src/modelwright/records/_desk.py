"""Where a step works: it reads and keeps blobs, says what it is doing, and does a thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from modelwright.records._blob import Blob, BlobKind

Function = TypeVar("Function", bound=Callable[..., Any])
Result = TypeVar("Result")


class Desk(Protocol):
    """What a step may ask of its project. Five methods, and no more."""

    def read(self, blob: Blob) -> Any:
        """The blob's content: a polars DataFrame (table), numpy array, bytes or Path (file)."""
        ...

    def scan(self, blob: Blob) -> Iterator[Any]:
        """A table's rows in order, as polars DataFrames small enough for any memory."""
        ...

    def keep(self, value: Any, kind: BlobKind) -> Blob:
        """Store a value under its content's digest; the same content is stored once."""
        ...

    def note(self, message: str, **facts: Any) -> None:
        """Say what is happening. ``done`` and ``total`` among the facts drive a progress bar."""
        ...

    def once(self, work: Callable[..., Result], *records: Any, **choices: Any) -> Result:
        """Recall ``work(desk, *records, **choices)`` if it was ever done, else do and record it."""
        ...


def step(*, version: int, opens: Callable[..., str] | None = None) -> Callable[[Function], Function]:
    """Mark a plain function as a step; raise its version when its results would change.

    A step is called ``step(desk, *records, **choices)`` and returns a record.

    Args:
        opens: for a step that looks at what may be looked at once only: called with the step's records,
            it names the seal. The project refuses the same seal to any other call (`SealError`).
    """

    def mark(function: Function) -> Function:
        function.__step_version__ = version  # type: ignore[attr-defined]  # functions carry attributes
        function.__step_opens__ = opens  # type: ignore[attr-defined]  # functions carry attributes
        return function

    return mark


def step_name(function: Callable[..., Any]) -> str:
    """The name a step goes by in the ledger: ``develop.tune`` for modelwright.develop.tune:tune."""
    room = function.__module__.removeprefix("modelwright.").split(".")[0]
    return f"{room}.{function.__name__}"


def step_seal(function: Callable[..., Any], records: tuple[Any, ...]) -> str | None:
    """The seal that a step opens when called with these records; None for most steps."""
    opens = getattr(function, "__step_opens__", None)
    return None if opens is None else opens(*records)


def step_version(function: Callable[..., Any]) -> int:
    """The version a step was marked with (0 for an unmarked function)."""
    return getattr(function, "__step_version__", 0)
