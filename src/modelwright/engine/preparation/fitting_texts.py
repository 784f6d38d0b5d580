"""Which words and terms of a text column are kept."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from modelwright.engine.columns import Rows
from modelwright.engine.preparation.preparation import TextPreparation
from modelwright.engine.preparation.tokens import Tokens
from modelwright.records import Plan

TEXTS_WHOLE = 0.99
"""Share of the training texts that must fit uncut into the token ids: a few very long texts would
otherwise make every row, and every network, many times longer."""


def fit_text(name: str, tokens: Tokens, rows: Rows, plan: Plan) -> TextPreparation:
    """The words and terms that enough of the given rows have, the most frequent first."""
    word_rows = _rows_with(tokens.word_counts, rows, len(tokens.words))
    pair_rows = _rows_with(tokens.pair_counts, rows, len(tokens.pairs))
    # Words and pairs are each sorted by name already; "a" comes before "a b", and that before "b".
    word_rank = _kept(word_rows, np.arange(len(word_rows)), plan.min_term_rows, len(word_rows))
    position = np.full(len(word_rows), -1, dtype=np.int64)
    position[word_rank] = np.arange(len(word_rank))
    first = np.concatenate([np.arange(len(word_rows)), tokens.pairs[:, 0]])
    second = np.concatenate([np.full(len(word_rows), -1), tokens.pairs[:, 1]])
    term_rows = np.concatenate([word_rows, pair_rows])
    name_order = first * (len(word_rows) + 1) + second + 1
    terms = _kept(term_rows, name_order, plan.min_term_rows, plan.max_terms)
    left, right = position[first[terms]], np.where(second[terms] < 0, -1, position[second[terms]])
    counted = min(len(word_rank), plan.max_words)
    used = max(counted, *(int(side.max(initial=-1)) + 1 for side in (left, right)))
    return TextPreparation(
        column=name,
        words=tuple(tokens.words[word] for word in word_rank[:used]),
        counted_words=counted,
        first=tuple(left.tolist()),
        second=tuple(right.tolist()),
        term_rows=tuple(term_rows[terms].tolist()),
        documents=len(rows),
    )


def fitted_length(tokens: Tokens, rows: Rows, plan: Plan) -> int:
    """How many token ids a row keeps: enough for nearly every training text, within the plan's limit.

    Rounded up to a power of two, so that the folds of one data set share one network's shapes.
    """
    lengths = np.diff(tokens.ends)[rows]
    if len(lengths) == 0:
        return 1
    enough = int(np.quantile(lengths, TEXTS_WHOLE, method="higher"))
    return max(1, min(plan.max_tokens, 1 << max(0, enough - 1).bit_length()))


def _rows_with(counts: scipy.sparse.csr_array, rows: Rows, width: int) -> NDArray[np.int64]:
    """In how many of the rows each word (or pair) appears."""
    return np.bincount(scipy.sparse.csr_array(counts[rows]).indices, minlength=width).astype(np.int64)


def _kept(
    rows_with: NDArray[np.int64], name_order: NDArray[np.int64], min_rows: int, limit: int
) -> NDArray[np.int64]:
    """Positions with at least `min_rows`, most frequent first, ties by name; `limit` at most."""
    enough = np.flatnonzero(rows_with >= min_rows)
    order = np.lexsort((name_order[enough], -rows_with[enough]))
    return enough[order[:limit]]
