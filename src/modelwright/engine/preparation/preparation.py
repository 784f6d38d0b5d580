"""What a fitted preparation remembers: the numbers and names that turn raw columns into arrays."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.records import ColumnPlan, record

DatePart = Literal["value", "days", "year", "month", "day", "weekday", "hour", "yearday"]

MOST_COUNTED = 4_096
"""A term said more often in one text counts as said so often: the exported graph takes logarithms of
counts from a table, so that every runtime has the same ones."""


@record
class NumberPreparation:
    """One number feature: a column of numbers, or one part of a date.

    Args:
        column: the raw column.
        part: ``value`` for a number; else the part of the date it is.
        median: put where the value is missing.
        centre, scale: subtracted, then divided by.
        indicator: whether a 0/1 feature says that the value was missing.
    """

    column: str
    part: DatePart = "value"
    median: float
    centre: float
    scale: float
    indicator: bool = False

    @property
    def name(self) -> str:
        """How the feature is called in reports: ``age`` or ``when (month)``."""
        return self.column if self.part == "value" else f"{self.column} ({self.part})"


@record
class CategoryPreparation:
    """One category column.

    Args:
        kept: the categories with a code of their own, in code order from 2; 0 is missing, 1 unseen.
    """

    column: str
    kept: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many codes there are, missing and unseen included."""
        return len(self.kept) + 2


@record
class TextPreparation:
    """One text column.

    Args:
        words: the vocabulary, most frequent first; ties by name.
        counted_words: how many of them have a token id (2 onwards; 0 is padding, 1 unknown).
        first, second: the terms of the bag, most frequent first: positions in `words` of a term's
            words; `second` is -1 for a single word.
        term_rows: training rows each term appears in.
        documents: training rows.
    """

    column: str
    words: tuple[str, ...]
    counted_words: int
    first: tuple[int, ...]
    second: tuple[int, ...]
    term_rows: tuple[int, ...]
    documents: int

    @property
    def word_count(self) -> int:
        """How many token ids there are, padding and unknown included."""
        return self.counted_words + 2

    def term_names(self) -> list[str]:
        """The bag's terms in words: ``free`` or ``free entry``."""
        pairs = zip(self.first, self.second, strict=True)
        return [self.words[a] if b < 0 else f"{self.words[a]} {self.words[b]}" for a, b in pairs]

    def rarity(self) -> NDArray[np.float64]:
        """Inverse document frequency of each term: ln((1 + documents) / (1 + term rows)) + 1."""
        return np.log((1 + self.documents) / (1 + np.asarray(self.term_rows, dtype=np.float64))) + 1


@record
class Preparation:
    """How raw rows become arrays, as fitted on some rows.

    Args:
        columns: the plan it was fitted for, in order.
        max_tokens: token ids kept per row and text column.
    """

    columns: tuple[ColumnPlan, ...]
    numbers: tuple[NumberPreparation, ...] = ()
    categories: tuple[CategoryPreparation, ...] = ()
    texts: tuple[TextPreparation, ...] = ()
    max_tokens: int = 0

    @property
    def number_names(self) -> tuple[str, ...]:
        """The features of `Prepared.numbers`: the values, then the missing indicators."""
        values = tuple(number.name for number in self.numbers)
        return values + tuple(f"{number.column} is missing" for number in self.numbers if number.indicator)

    @property
    def category_sizes(self) -> tuple[int, ...]:
        """How many codes each category column has, missing and unseen included."""
        return tuple(category.size for category in self.categories)

    @property
    def word_counts(self) -> tuple[int, ...]:
        """How many token ids each text column has, padding and unknown included."""
        return tuple(text.word_count for text in self.texts)

    def dense_terms(self, max_terms: int) -> NDArray[np.int64]:
        """Which columns of the bags are in `Prepared.dense(max_terms)`, in order.

        With several text columns each gives an equal share, its most frequent terms first.
        """
        sizes = [len(text.first) for text in self.texts]
        if sum(sizes) <= max_terms:
            return np.arange(sum(sizes), dtype=np.int64)
        share = max_terms // len(sizes)
        starts = np.cumsum([0, *sizes[:-1]])
        kept = [start + np.arange(min(share, size)) for start, size in zip(starts, sizes, strict=True)]
        return np.concatenate(kept).astype(np.int64)
