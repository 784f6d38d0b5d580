"""What stands at a key of a TOML table, and if it is not what it should be, on which line?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from modelwright.define.spelling import nearest
from modelwright.define.statements import line_of
from modelwright.errors import TaskFileError

Text = TypeVar("Text", bound=str)


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file; every reader of it names line and key when something is off."""

    values: Mapping[str, Any]
    path: tuple[str | int, ...]
    text: str
    file: str

    def allow(self, *keys: str) -> Section:
        """Refuse keys other than these, suggesting the nearest."""
        for key in self.values:
            if key not in keys:
                near = nearest(key, keys)
                hint = f"Did you mean `{near}`?" if near else "Remove it."
                raise self.error(key, f"one of the keys {', '.join(keys)}", f"`{key}`", hint)
        return self

    def error(self, key: str, expected: str, received: str, do_this: str) -> TaskFileError:
        """An error at a key of this section (at the section's own line when the key is absent)."""
        line = line_of(self.text, (*self.path, key))
        names = ".".join(str(part) for part in (*self.path, key) if part != "")
        place = f", line {line}" if line else ""
        where = f"{self.file}{place}, key `{names}`"
        return TaskFileError(where=where, expected=expected, received=received, do_this=do_this)

    def table(self, key: str) -> Section:
        """A table inside this one; an absent one is empty."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong_type(key, "a table", value)
        return Section(cast("dict[str, Any]", value), (*self.path, key), self.text, self.file)

    def tables(self, key: str) -> list[Section]:
        """An array of tables."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(v, dict) for v in cast("list[Any]", values)):
            raise self._wrong_type(key, f"tables, each under [[{key}]]", values)
        return [
            Section(value, (*self.path, key, index), self.text, self.file)
            for index, value in enumerate(cast("list[dict[str, Any]]", values))
        ]

    def words(self, key: str, default: str | None = None) -> str:
        """A text; required when there is no default."""
        value = self.values.get(key, default)
        if value is None:
            raise self.error(key, "a text", "nothing", f'Write {key} = "...".')
        if not isinstance(value, str):
            raise self._wrong_type(key, "a text", value)
        return value

    def optional_words(self, key: str) -> str | None:
        """A text, or None where the key is absent."""
        return self.words(key) if key in self.values else None

    def one_of(self, key: str, choices: Sequence[Text], default: Text | None = None) -> Text:
        """One of a few texts."""
        value = self.words(key, default)
        for choice in choices:
            if value == choice:
                return choice
        raise self._not_among(key, value, choices)

    def _not_among(self, key: str, value: str, choices: Sequence[str]) -> TaskFileError:
        near = nearest(value, choices)
        hint = f'Did you mean "{near}"?' if near else f'Write "{choices[0]}", say.'
        return self.error(key, f"one of {', '.join(choices)}", repr(value), hint)

    def list_of_words(self, key: str) -> tuple[str, ...]:
        """A list of texts; an absent one is empty."""
        values = self.values.get(key, [])
        if not isinstance(values, list):
            raise self._wrong_type(key, 'a list of texts, such as ["a", "b"]', values)
        for value in cast("list[Any]", values):
            if not isinstance(value, str):
                raise self._wrong_type(key, 'a list of texts, such as ["a", "b"]', value)
        return tuple(cast("list[str]", values))

    def list_of_choices(self, key: str, choices: Sequence[Text]) -> tuple[Text, ...]:
        """A list of some of a few texts; an absent one is empty."""
        named = {str(choice): choice for choice in choices}
        for value in self.list_of_words(key):
            if value not in named:
                raise self._not_among(key, value, choices)
        return tuple(named[value] for value in self.list_of_words(key))

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self._wrong_type(key, "true or false", value)
        return value

    def amount(self, key: str, default: float) -> float:
        """A number of zero or more."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong_type(key, "a number", value)
        if not 0 <= value < math.inf:
            raise self.error(key, "a number of 0 or more", str(value), f"Write {key} = 1, say.")
        return float(value)

    def optional_amount(self, key: str) -> float | None:
        """A number of zero or more, or None where the key is absent."""
        return self.amount(key, 0.0) if key in self.values else None

    def _wrong_type(self, key: str, expected: str, value: Any) -> TaskFileError:
        named = {str: "the text", bool: "the flag", int: "the number", float: "the number"}
        received = f"{named.get(type(value), 'a ' + type(value).__name__)} {value!r}"[:120]
        return self.error(key, expected, received, "Correct the value on that line.")
