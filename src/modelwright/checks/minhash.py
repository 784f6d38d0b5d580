"""Which texts are nearly the same? Sets of three words in a row, compared by their smallest hashes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

WORDS_IN_A_ROW = 3
"""Shingles of three words: two texts share most of them only when one was made from the other."""

BINS = 64
"""Smallest hashes kept of each text: a Jaccard similarity of 0.8 is known to 0.05 by them alone."""

ROWS_A_BAND = 4
"""16 bands of 4: two texts of similarity 0.8 meet in at least one with probability 0.9998, those of 0.2
with 0.03."""

TEXTS_AT_ONCE = 4_000
"""Texts hashed at a time: some 100 MB where each has a thousand words."""

MOST_PAIRED = 50
"""Texts of one band that are compared with each other; of more alike, each is compared with the next."""

_EMPTY = np.uint64(2**64 - 1)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Knuth's multiplicative hashing
_SHIFT = np.uint64(32)

Hashes = NDArray[np.uint64]
Pairs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shingled:
    """Texts as sets of hashes: text t has `hashes` from ``starts[t]`` to ``starts[t + 1]``, sorted.

    Shapes:
        hashes: uint64 (shingles,); starts: int64 (texts + 1,)
    """

    hashes: Hashes
    starts: NDArray[np.int64]

    def of(self, text: int) -> Hashes:
        """One text's."""
        return self.hashes[self.starts[text] : self.starts[text + 1]]


def near_pairs(texts: polars.Series, least: float) -> Pairs:
    """Pairs of texts whose sets of shingles have a Jaccard similarity of at least `least`.

    Args:
        texts: different from each other, none missing, (texts,).

    Returns:
        int64 (pairs, 2), the earlier text first. Of texts that are all alike some pairs are left out, but
        every one of them is in a pair.

    Source: Broder 1997, "On the resemblance and containment of documents"; Li, Owen and Zhang 2012, "One
        permutation hashing"; Leskovec, Rajaraman and Ullman 2020, chapter 3 (bands).
    """
    parts = [_shingled(part.to_series()) for part in texts.to_frame().iter_slices(TEXTS_AT_ONCE)]
    signatures = np.concatenate([_signatures(part) for part in parts])
    pairs = _candidates(signatures)
    whole = _joined(parts)
    alike = [_jaccard(whole.of(one), whole.of(other)) >= least for one, other in pairs]
    return pairs[np.array(alike, dtype=np.bool_)]


def clusters(pairs: Pairs, count: int) -> NDArray[np.int64]:
    """A number for each of `count` items, the same for those joined by pairs, directly or not."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _shingled(texts: polars.Series) -> Shingled:
    """Each text's different shingles; of fewer than three words, its words."""
    words = texts.str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+")
    lengths = words.list.len().to_numpy().astype(np.int64)
    hashes = words.explode().drop_nulls().hash(seed=0).to_numpy()
    text = np.repeat(np.arange(len(lengths)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(
        len(hashes)
    )  # words from here to the text's end
    whole = (left >= WORDS_IN_A_ROW) | (np.repeat(lengths, lengths) < WORDS_IN_A_ROW)
    text, rolled = text[whole], _rolled(hashes)[whole]
    order = np.lexsort((rolled, text))
    text, rolled = text[order], rolled[order]
    new = np.ones(len(rolled), dtype=np.bool_)
    new[1:] = (text[1:] != text[:-1]) | (rolled[1:] != rolled[:-1])
    counts = np.bincount(text[new], minlength=len(lengths))
    return Shingled(hashes=rolled[new], starts=np.concatenate([[0], np.cumsum(counts)]))


def _rolled(hashes: Hashes) -> Hashes:
    """Each word's hash mixed with those of the words after it."""
    rolled = hashes.copy()
    with np.errstate(over="ignore"):
        for step in range(1, WORDS_IN_A_ROW):
            rolled[:-step] = (rolled[:-step] * _MIX) ^ hashes[step:]
        return (rolled ^ (rolled >> _SHIFT)) * _MIX


def _joined(parts: list[Shingled]) -> Shingled:
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    return Shingled(
        hashes=np.concatenate([part.hashes for part in parts]),
        starts=np.concatenate([[0], np.cumsum(counts)]),
    )


def _signatures(shingled: Shingled) -> NDArray[np.uint64]:
    """The smallest hash in each of `BINS` parts of the hashes' range, (texts, bins); empty ones borrow."""
    texts = len(shingled.starts) - 1
    text = np.repeat(np.arange(texts), np.diff(shingled.starts))
    place = (shingled.hashes // np.uint64(2**64 // BINS)).astype(np.int64)
    cell = text * BINS + place
    smallest = np.diff(cell, prepend=-1) != 0  # hashes are sorted: the first of a cell
    found = np.full(texts * BINS, _EMPTY, dtype=np.uint64)
    found[cell[smallest]] = shingled.hashes[smallest]
    return _filled(found.reshape(texts, BINS))


def _filled(found: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Empty bins take the value of the next bin that is not, marked by how far it is: (texts, bins)."""
    filled = found.copy()
    for distance in range(1, BINS):
        empty = filled == _EMPTY
        if not empty.any():
            break
        borrowed = np.roll(found, -distance, axis=1)
        with np.errstate(over="ignore"):
            marked = borrowed + np.uint64(distance) * _MIX
        filled = np.where(empty & (borrowed != _EMPTY), marked, filled)
    return filled


def _candidates(signatures: NDArray[np.uint64]) -> Pairs:
    """Pairs of texts that agree in a whole band of their signatures."""
    found: list[Pairs] = []
    for first in range(0, BINS, ROWS_A_BAND):
        band = signatures[:, first : first + ROWS_A_BAND]
        found += [_pairs_of(group) for group in _alike(band)]
    if not found:
        return np.empty((0, 2), dtype=np.int64)
    return np.unique(np.concatenate(found), axis=0)


def _alike(band: NDArray[np.uint64]) -> list[NDArray[np.int64]]:
    """Texts, two or more, whose band is the same and not empty: their positions, in order."""
    _, number, counts = np.unique(band, axis=0, return_inverse=True, return_counts=True)
    number = number.ravel()
    shared = np.flatnonzero((counts[number] > 1) & (band != _EMPTY).any(axis=1))
    if not len(shared):
        return []
    order = shared[np.argsort(number[shared], kind="stable")]
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    return np.split(order, starts[1:])


def _pairs_of(group: NDArray[np.int64]) -> Pairs:
    if len(group) > MOST_PAIRED:
        return np.column_stack([group[:-1], group[1:]])
    first, second = np.triu_indices(len(group), k=1)
    return np.column_stack([group[first], group[second]])


def _jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - shared
    return shared / union if union else 0.0
