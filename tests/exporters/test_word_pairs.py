from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from modelwright.exporters.graph import Graph
from modelwright.exporters.word_pairs import shifts, write_pairs

IDS = 300


def drawn_pairs(seed: int, count: int = 4_000) -> NDArray[np.int64]:
    """Pairs as texts have them: frequent words are in many, most are in few or begin none."""
    draw = np.random.default_rng(seed)
    pairs = np.minimum(draw.zipf(1.3, (count, 2)) + 1, IDS - 1).astype(np.int64)
    return draw.permutation(np.unique(pairs, axis=0))


@pytest.mark.parametrize("seed", range(3))
def test_no_two_pairs_meet_once_rows_are_shifted(seed: int) -> None:
    pairs = drawn_pairs(seed)
    places = shifts(pairs, IDS)[pairs[:, 0]] + pairs[:, 1]
    assert len(np.unique(places)) == len(pairs)
    assert places.max() < 3 * len(pairs) + IDS


def test_every_pair_is_found_and_nothing_else() -> None:
    pairs = drawn_pairs(7)
    terms = np.arange(len(pairs)) * 2 + 1
    none = 2 * len(pairs)
    known = dict(zip(map(tuple, pairs.tolist()), terms.tolist(), strict=True))
    graph = Graph()
    words = graph.input("words", "int64", ("rows", "words"))
    graph.output(
        write_pairs(graph, words, pairs, graph.constant(terms), none, IDS), "found", "int64", ("rows", None)
    )
    session = onnxruntime.InferenceSession(graph.model().SerializeToString())
    said = np.random.default_rng(1).integers(0, IDS, (50, 200))
    said[:, :120] = np.resize(pairs, (50, 120))
    (found,) = session.run(None, {"words": said})
    asked = np.stack([said[:, :-1], said[:, 1:]], axis=2)
    expected = [[known.get((a, b), none) for a, b in row] for row in asked.tolist()]
    assert np.array_equal(found, expected)
    assert (found != none).sum() > len(pairs)
    assert (found == none).sum() > 1_000
    assert session.run(None, {"words": said[:, :1]})[0].shape == (50, 0)
