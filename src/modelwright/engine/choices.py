"""A recipe's choices, with defaults for what it leaves open; a misspelt or mistyped choice is refused."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import msgspec

from modelwright.errors import ModelError
from modelwright.records import Recipe

Choices = TypeVar("Choices")


def read_choices(recipe: Recipe, kind: type[Choices]) -> Choices:
    """The recipe's choices as a record of that kind.

    Raises:
        ModelError: a choice that the family does not have, or of the wrong type.
    """
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]  # always a record
    unknown = sorted(set(recipe.choices) - set(names))
    if unknown:
        raise ModelError(
            where=f"recipe '{recipe.name}' ({recipe.family})",
            expected=f"choices among {', '.join(sorted(names))}",
            received=", ".join(unknown),
            do_this="Rename or remove them.",
        )
    try:
        return msgspec.convert(recipe.choices, kind)
    except msgspec.ValidationError as error:
        raise ModelError(
            where=f"recipe '{recipe.name}' ({recipe.family})",
            expected="choices of the right types",
            received=str(error),
            do_this="Correct the value.",
        ) from None
