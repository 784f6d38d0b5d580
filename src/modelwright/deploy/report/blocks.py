"""What is a section made of? Figures, tables and sentences, before any HTML."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture and what it says.

    Args:
        picture: as SVG.
        narrow: the same for a phone, where `picture` is too wide for one.
        size: ``small`` (two stand side by side), ``medium`` or ``wide``.
    """

    title: str
    caption: str
    picture: Markup
    narrow: Markup | None = None
    size: str = "small"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the columns after the first `words` hold numbers and are set to the right.

    Args:
        strong: positions of rows that matter most.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: int = 1
    strong: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the model did on the sealed rows, told for its kind of task.

    Args:
        headline: the result in one sentence.
        price: what its errors cost, in one sentence.
        facts: the figures behind it, in words.
    """

    headline: str
    price: str
    facts: tuple[str, ...] = ()
    hero: tuple[Figure, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
