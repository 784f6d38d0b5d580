"""Rows as a model reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from modelwright.engine.columns import Rows
from modelwright.engine.preparation.preparation import Preparation


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Prepared rows.

    Args:
        preparation: what prepared them.
        numbers: float32 (rows, features), standardised, free of NaN; values first, then indicators.
        codes: int32 (rows, categories): 0 missing, 1 unseen, 2.. the kept categories.
        bags: sparse float32 (rows, terms): one l2-normalised block a text column.
        tokens: int32 (rows, texts, max_tokens): 0 padding, 1 unknown, 2.. words.
    """

    preparation: Preparation
    numbers: NDArray[np.float32]
    codes: NDArray[np.int32]
    bags: scipy.sparse.csr_array
    tokens: NDArray[np.int32]

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.numbers)

    @property
    def terms(self) -> int:
        """How many terms the bags have, all text columns together."""
        return sum(len(text.first) for text in self.preparation.texts)

    @property
    def number_names(self) -> tuple[str, ...]:
        """What each feature of `numbers` is."""
        return self.preparation.number_names

    @property
    def category_sizes(self) -> tuple[int, ...]:
        """How many codes each category column has, missing and unseen included."""
        return self.preparation.category_sizes

    @property
    def word_counts(self) -> tuple[int, ...]:
        """How many token ids each text column has, padding and unknown included."""
        return self.preparation.word_counts

    @property
    def term_names(self) -> tuple[str, ...]:
        """What each term of `bags` is; put together when asked, as there may be many."""
        return tuple(name for text in self.preparation.texts for name in text.term_names())

    @property
    def width(self) -> int:
        """How many columns `design` has."""
        return self.numbers.shape[1] + sum(self.category_sizes) + self.terms

    def take(self, positions: Rows) -> Prepared:
        """The rows at these positions, in this order."""
        return replace(
            self,
            numbers=self.numbers[positions],
            codes=self.codes[positions],
            bags=scipy.sparse.csr_array(self.bags[positions]),
            tokens=self.tokens[positions],
        )

    def design(self) -> scipy.sparse.csr_array:
        """The linear design, float32 (rows, width): numbers, one-hot codes column by column, bags."""
        blocks: list[Any] = [scipy.sparse.csr_array(self.numbers), self._one_hot(), self.bags]
        return scipy.sparse.csr_array(scipy.sparse.hstack(blocks, format="csr", dtype=np.float32))

    def dense(self, max_terms: int) -> NDArray[np.float32]:
        """`design` as a dense array, with at most `max_terms` terms of the bags.

        With several text columns each gives an equal share, its most frequent terms first.
        """
        bags: Any = cast(Any, self.bags)[:, self.preparation.dense_terms(max_terms)]
        return np.hstack([self.numbers, self._one_hot().toarray(), bags.toarray()]).astype(np.float32)

    def sparse(self, max_terms: int) -> scipy.sparse.csr_array:
        """`dense` without its zeros: float32 (rows, width)."""
        bags: Any = cast(Any, self.bags)[:, self.preparation.dense_terms(max_terms)]
        blocks: list[Any] = [scipy.sparse.csr_array(self.numbers), self._one_hot(), bags]
        return scipy.sparse.csr_array(scipy.sparse.hstack(blocks, format="csr", dtype=np.float32))

    def _one_hot(self) -> scipy.sparse.csr_array:
        sizes = np.asarray(self.category_sizes, dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        rows, categories = self.codes.shape
        indices = (self.codes + starts).ravel().astype(np.int32)
        ends = np.arange(rows + 1, dtype=np.int32) * np.int32(categories)
        ones = np.ones(rows * categories, dtype=np.float32)
        return scipy.sparse.csr_array((ones, indices, ends), shape=(rows, int(sizes.sum())))
