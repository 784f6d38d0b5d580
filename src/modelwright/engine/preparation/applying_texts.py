"""Texts turned into weighted bags of terms and into rows of token ids."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from modelwright.engine.columns import Rows
from modelwright.engine.preparation.preparation import MOST_COUNTED, TextPreparation
from modelwright.engine.preparation.tokens import Tokens


def token_ids(text: TextPreparation, tokens: Tokens, rows: Rows, length: int) -> NDArray[np.int32]:
    """The first `length` tokens of each text (rows, length): 0 padding, 1 unknown, 2.. words."""
    known = _positions(text, tokens)
    # One more entry, for the padding that positions past a text's end are pointed at.
    codes = np.append(np.where((known < 0) | (known >= text.counted_words), 1, known + 2), 0)
    flat = np.append(tokens.ids, len(tokens.words))
    steps = np.arange(length)
    starts, lengths = tokens.ends[rows], np.diff(tokens.ends)[rows]
    places = np.where(steps < lengths[:, None], starts[:, None] + steps, len(tokens.ids))
    return codes[flat[places]].astype(np.int32)


def words_present(text: TextPreparation, tokens: Tokens, rows: Rows, most: int) -> scipy.sparse.csr_array:
    """Which of the `most` most frequent words each text has (rows, words), float32: multi-hot.

    Source: Deep Learning with Python, 2nd ed., section 4.1.2 and 5.4.4.
    """
    known = _positions(text, tokens)
    known[known >= min(most, text.counted_words)] = -1
    present = _renamed(tokens.word_counts, rows, known, min(most, text.counted_words))
    ones = np.ones(len(present.indices), dtype=np.float32)
    return scipy.sparse.csr_array((ones, present.indices, present.indptr), shape=present.shape)


def bag(text: TextPreparation, tokens: Tokens, rows: Rows) -> scipy.sparse.csr_array:
    """Each text's terms (rows, terms), float32: (1 + log count) x rarity, scaled to length 1."""
    words, pairs = _term_of_words(text, tokens)
    counts = _renamed(tokens.word_counts, rows, words, len(text.first))
    # A word and a pair are never the same term, so the sum only merges the two, in order.
    counts = scipy.sparse.csr_array(counts + _renamed(tokens.pair_counts, rows, pairs, len(text.first)))
    logarithms = np.log(np.arange(1, MOST_COUNTED + 1))
    weights = (1 + logarithms[np.minimum(counts.data, MOST_COUNTED) - 1]) * text.rarity()[counts.indices]
    row = np.repeat(np.arange(len(rows)), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(row, weights=weights * weights, minlength=len(rows)))
    values = (weights / lengths[row]).astype(np.float32)
    return scipy.sparse.csr_array((values, counts.indices, counts.indptr), shape=(len(rows), len(text.first)))


def _renamed(
    counts: scipy.sparse.csr_array, rows: Rows, terms: NDArray[np.int64], width: int
) -> scipy.sparse.csr_array:
    """The rows' counts with words (or pairs) named as terms, those that are none left out."""
    taken = scipy.sparse.csr_array(counts[rows])
    term = terms[taken.indices]
    kept = term >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[taken.indptr]
    parts = (taken.data[kept], term[kept].astype(np.int32), ends.astype(np.int32))
    renamed = scipy.sparse.csr_array(parts, shape=(len(rows), width))
    renamed.sort_indices()
    return renamed


def _positions(text: TextPreparation, tokens: Tokens) -> NDArray[np.int64]:
    """For each of the column's words its position in the vocabulary, -1 for none (words,)."""
    position = {word: index for index, word in enumerate(text.words)}
    return np.array([position.get(word, -1) for word in tokens.words], dtype=np.int64)


def _term_of_words(text: TextPreparation, tokens: Tokens) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of the column's words, and each of its pairs, the term it is, -1 for none."""
    position = _positions(text, tokens)
    width = len(text.words) + 1
    keys = np.asarray(text.first, dtype=np.int64) * width + np.asarray(text.second, dtype=np.int64) + 1
    order = np.argsort(keys)
    first, second = position[tokens.pairs[:, 0]], position[tokens.pairs[:, 1]]
    pair_keys = np.where((first < 0) | (second < 0), -1, first * width + second + 1)
    word_keys = np.where(position < 0, -1, position * width)
    return _found(word_keys, keys, order), _found(pair_keys, keys, order)


def _found(wanted: NDArray[np.int64], keys: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted key stands among `keys`, -1 where it does not."""
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, place, -1)
