"""Which term is a word with the word after it? One look-up, in a table without room for all pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from modelwright.exporters.graph import Graph
from modelwright.exporters.tables import filled, look_up, whole_numbers

Whole = NDArray[np.int64]


def write_pairs(graph: Graph, words: str, pairs: Whole, terms: str, none: int, ids: int) -> str:
    """The term of each word with the word after it, int64 (rows, words - 1); `none` where it is none.

    Think of a table with a row for each first word and a column for each second. Its rows, nearly empty, are
    laid over one another, each shifted so far that no two entries meet. What is found at a place is the
    pair's if its first word is.

    Args:
        words: word ids, int64 (rows, words). pairs: word ids (pairs, 2). terms: the pairs' terms, int64.
        ids: how many word ids there are.

    Source:
        Tarjan and Yao 1979, Storing a sparse table.
    """
    shift = shifts(pairs, ids)
    first, second = (whole_numbers(graph, side) for side in pairs.T)
    own = graph.node("Add", look_up(graph, shift, first), second)
    empty = filled(graph, none, int(shift.max()) + ids)
    laid = graph.node("ScatterElements", empty, own, terms, axis=0)
    unowned = filled(graph, 0, none + 1)
    owner = graph.node("ScatterElements", unowned, terms, first, axis=0)
    left, right = (
        graph.node("Slice", words, graph.integers(start), graph.integers(end), graph.integers(1))
        for start, end in ((0, -1), (1, np.iinfo(np.int64).max))
    )
    place = graph.node("Add", look_up(graph, shift, left), right)
    found = graph.node("Gather", laid, place, axis=0)
    is_own = graph.node("Equal", graph.node("Gather", owner, found, axis=0), left)
    return graph.node("Where", is_own, found, graph.constant(np.int64(none)))


def shifts(pairs: Whole, ids: int) -> Whole:
    """For each word how far its row is shifted (ids,): ``shifts[first] + second`` differs for all pairs."""
    found = np.zeros(ids, dtype=np.int64)
    taken, end = np.zeros(ids + 1, dtype=bool), 0
    for word, columns in _rows(pairs):
        met = np.zeros(end + 1, dtype=bool)  # shifted by `end`, a row meets nothing
        for column in columns:
            met |= taken[column : column + end + 1]
        found[word] = int(np.argmin(met))
        end = max(end, int(found[word] + columns[-1]) + 1)
        if len(taken) <= end + ids:
            taken = np.concatenate([taken, np.zeros(end + ids, dtype=bool)])
        taken[found[word] + columns] = True
    return found


def _rows(pairs: Whole) -> Iterator[tuple[int, Whole]]:
    """Each first word with its second words in order; those with the most come first."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    words, begins = np.unique(pairs[order, 0], return_index=True)
    rows = np.split(pairs[order, 1], begins[1:])
    for place in np.argsort([-len(row) for row in rows], kind="stable"):
        yield int(words[place]), rows[place]
