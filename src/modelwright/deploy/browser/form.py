"""How does a page ask for a field? One control each, by what its column holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from modelwright.engine.preparation.preparation import Preparation
from modelwright.serving.manifest import Field

MAX_CHOICES = 12  # more would be a list to scroll through: then they are suggestions to type towards
MAX_SUGGESTIONS = 200
EXAMPLE_MOMENT = datetime(2024, 5, 31, 12, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One field of the form.

    Args:
        kind: ``choice`` (one of `options`), ``suggest`` (anything; `options` are suggested), or what is
            typed.
        hint: what is expected, in a few words.
    """

    name: str
    kind: Literal["number", "date", "choice", "suggest", "text"]
    hint: str = ""
    options: tuple[str, ...] = ()


def controls_of(
    fields: tuple[Field, ...], preparation: Preparation, *, sensitive: bool
) -> tuple[Control, ...]:
    """A control for each field.

    Args:
        sensitive: whether no value of the training rows may be shown.
    """
    kept = {one.column: one.kept for one in preparation.categories if not sensitive}
    usual = {one.column: one.median for one in preparation.numbers if one.part == "value" and not sensitive}
    texts = {one.column for one in preparation.texts}
    return tuple(_control(field, kept.get(field.name), usual.get(field.name), texts) for field in fields)


def _control(field: Field, kept: tuple[str, ...] | None, usual: float | None, texts: set[str]) -> Control:
    if field.dtype == "number":
        return Control(name=field.name, kind="number", hint="" if usual is None else f"such as {usual:.6g}")
    if field.dtype == "date":
        return Control(name=field.name, kind="date", hint=_date_hint(field.date_format or "iso"))
    if field.name in texts or not kept:
        return Control(name=field.name, kind="text" if field.name in texts else "suggest")
    if len(kept) <= MAX_CHOICES:
        return Control(name=field.name, kind="choice", options=kept)
    return Control(name=field.name, kind="suggest", options=kept[:MAX_SUGGESTIONS])


def _date_hint(date_format: str) -> str:
    if date_format == "epoch":
        return "seconds since 1970-01-01"
    if date_format == "iso":
        return "such as 2024-05-31 or 2024-05-31T12:30:00"
    return f"such as {EXAMPLE_MOMENT.strftime(date_format)}"
