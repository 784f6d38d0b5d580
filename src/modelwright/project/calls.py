"""What makes two calls of a step the same: step, version, inputs by content, choices."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from modelwright.errors import UsageError
from modelwright.ledger.kinds import plain
from modelwright.records import digest, encode, step_name, step_seal, step_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a step, with defaults filled in.

    Args:
        key: digest of (where the step is defined, its version, inputs, choices).
        seal: what the step opens, where it looks at what may be looked at once only.
        opener: digest of inputs and choices; a raised version does not make it a second look.
        inputs: for each positional argument its digest, None, or a list of digests for a tuple.
    """

    work: Callable[..., Any]
    step: str
    version: int
    key: str
    inputs: list[Any]
    records: tuple[Any, ...]
    choices: dict[str, Any]
    choices_json: str
    seal: str | None
    opener: str

    def __call__(self, desk: Any) -> Any:
        """Do the work."""
        return self.work(desk, *self.records, **self.choices)


def call_of(work: Callable[..., Any], records: tuple[Any, ...], choices: dict[str, Any]) -> Call:
    """Name a call by its content.

    Raises:
        UsageError: the step is not a named function, does not take these arguments, or an argument
            cannot be written down.
    """
    name = _named(work)
    records, choices = _bound(work, name, records, choices)
    written = plain(choices, f"{name}'s choices")
    inputs = [_digests(value, name) for value in records]
    version = step_version(work)
    return Call(
        work=work,
        step=step_name(work),
        version=version,
        key=digest([name, version, inputs, written]),
        inputs=inputs,
        records=records,
        choices=choices,
        choices_json=encode(written).decode(),
        seal=step_seal(work, records),
        opener=digest([inputs, written]),
    )


def _named(work: Callable[..., Any]) -> str:
    """Where a step is defined.

    A lambda has no name. What a closure captures stands in no key, so recalling it could be wrong:
    marking it with ``@step`` says that this is meant.
    """
    qualified = getattr(work, "__qualname__", "")
    captures = getattr(work, "__closure__", None) and not hasattr(work, "__step_version__")
    if not qualified or "<lambda>" in qualified or captures:
        raise UsageError(
            where="project.run or desk.once",
            expected="a function defined with def, that takes all it depends on as arguments",
            received=qualified or type(work).__name__,
            do_this="Pass what it captures as records or choices; or mark it with @step(version=1) where "
            "that must be no part of its key.",
        )
    return f"{work.__module__}:{qualified}"


def _bound(
    work: Callable[..., Any], name: str, records: tuple[Any, ...], choices: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with defaults filled in, so that saying a default changes no key."""
    signature = inspect.signature(work)
    try:
        bound = signature.bind(None, *records, **choices)
    except TypeError as error:
        raise UsageError(
            where=name,
            expected=f"the arguments {signature}",
            received=str(error),
            do_this=_nearest(choices, signature),
        ) from None
    bound.apply_defaults()
    return bound.args[1:], dict(bound.kwargs)


def _nearest(choices: dict[str, Any], signature: inspect.Signature) -> str:
    for choice in choices:
        if choice not in signature.parameters and (
            near := get_close_matches(choice, signature.parameters, 1)
        ):
            return f"Did you mean {near[0]!r} instead of {choice!r}?"
    return "Call it with these arguments; the desk is given by the project."


def _digests(value: Any, name: str) -> Any:
    if value is None:
        return None
    if isinstance(value, (tuple, list)):
        return [_digests(item, name) for item in value]  # pyright: ignore[reportUnknownVariableType]  # items may be anything here
    try:
        return digest(value)
    except TypeError as error:
        raise UsageError(
            where=name,
            expected="records, tuples of records or None before the choices",
            received=str(error),
            do_this="Keep arrays and files with desk.keep or project.adopt and pass their records.",
        ) from error
