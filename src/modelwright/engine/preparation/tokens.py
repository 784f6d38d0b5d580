"""How a text falls into tokens: the same in training, in the exported graph and in any browser."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars
import scipy.sparse
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows

TOKEN = re.compile("[0-9a-z_\u00c0-\u1fff]+|[!?$%\u00a1-\u00bf\u2000-\U0010ffff]")
"""A token: a run of letters of any alphabet up to Georgian, Ethiopic and Khmer, or one sign, picture
or ideograph. Only A-Z are lowered: that is the one lowering all runtimes agree on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A text column in tokens and pairs of neighbours; learnt from no row, so shared by all folds.

    Args:
        words: the distinct tokens, sorted.
        ids: int32 (tokens,): positions in `words`, all texts one after the other.
        ends: int64 (rows + 1,): where each text begins in `ids`, and the last one ends.
        pairs: int64 (pairs, 2): the distinct neighbours, as positions in `words`, sorted.
        word_counts: int32 (rows, words), sparse: how often each word is in each text.
        pair_counts: int32 (rows, pairs), sparse: the same of neighbours.
    """

    words: list[str]
    ids: NDArray[np.int32]
    ends: NDArray[np.int64]
    pairs: NDArray[np.int64]
    word_counts: scipy.sparse.csr_array
    pair_counts: scipy.sparse.csr_array


def split_text(text: str) -> list[str]:
    """The tokens of one text.

    Example:
        >>> split_text("FREE entry! Win £100")
        ['free', 'entry', '!', 'win', '£', '100']
    """
    return TOKEN.findall(text.encode().lower().decode())


def tokenised(columns: Columns, name: str) -> Tokens:
    """A text column in tokens, worked out once and kept in `columns.cache`."""
    if name not in columns.cache:
        columns.cache[name] = tokenise(columns.values[name])
    return columns.cache[name]


def tokenise(texts: NDArray[np.object_]) -> Tokens:
    """Split every text; None counts as the empty text."""
    words, ids, lengths = _split_all(texts)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    keys, counted = _pair_keys(ids, ends, len(words))
    distinct, positions = np.unique(keys, return_inverse=True)
    pairs = np.column_stack(np.divmod(distinct, max(1, len(words)))).astype(np.int64)
    return Tokens(
        words=words,
        ids=ids,
        ends=ends,
        pairs=pairs,
        word_counts=_counts(ids, ends, len(words)),
        pair_counts=_counts(positions.astype(np.int32), counted, len(pairs)),
    )


def taken(tokens: Tokens, rows: Rows, blank: NDArray[np.bool_]) -> Tokens:
    """The tokens of the texts at `rows`, made empty where `blank`, with the same words and pairs."""
    lengths = np.where(blank, 0, np.diff(tokens.ends)[rows])
    starts = np.repeat(tokens.ends[rows] - (np.cumsum(lengths) - lengths), lengths)
    keep = scipy.sparse.diags_array((~blank).astype(np.int32), format="csr", dtype=np.int32)
    return Tokens(
        words=tokens.words,
        ids=tokens.ids[starts + np.arange(int(lengths.sum()))],
        ends=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        pairs=tokens.pairs,
        word_counts=_without_zeros(keep @ tokens.word_counts[rows]),
        pair_counts=_without_zeros(keep @ tokens.pair_counts[rows]),
    )


def _split_all(texts: NDArray[np.object_]) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64]]:
    """The distinct tokens sorted, each token's position among them, and each text's token count."""
    lowered = [text.encode().lower().decode() if text else "" for text in texts]
    lists = polars.Series(lowered, dtype=polars.String).str.extract_all(TOKEN.pattern)
    lengths = lists.list.len().to_numpy().astype(np.int64)
    flat = lists.filter(polars.Series(lengths > 0)).explode()
    distinct = flat.unique().sort()
    # polars compares bytes and Python code points; in UTF-8 the order is the same.
    ids = flat.cast(polars.Enum(distinct)).to_physical().to_numpy().astype(np.int32)
    return distinct.to_list(), ids, lengths


def _pair_keys(
    ids: NDArray[np.int32], ends: NDArray[np.int64], words: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One number for each two neighbours inside a text, and where each text's pairs begin."""
    lengths = np.maximum(np.diff(ends) - 1, 0)
    inside = np.ones(max(0, len(ids) - 1), dtype=bool)
    borders = ends[1:-1]
    inside[borders[(borders > 0) & (borders < len(ids))] - 1] = False
    keys = ids[:-1].astype(np.int64) * words + ids[1:]
    return keys[inside], np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _counts(ids: NDArray[np.int32], ends: NDArray[np.int64], width: int) -> scipy.sparse.csr_array:
    ones = np.ones(len(ids), dtype=np.int32)
    # A copy, because adding up duplicates writes into the arrays it was given.
    counts = scipy.sparse.csr_array((ones, ids, ends), shape=(len(ends) - 1, width), copy=True)
    counts.sum_duplicates()
    return counts


def _without_zeros(counts: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    counts.eliminate_zeros()
    return counts
