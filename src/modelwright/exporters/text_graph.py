"""Texts as ONNX nodes: tokens, token ids and bags of terms, from the raw strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelwright.engine.preparation.preparation import MOST_COUNTED, TextPreparation
from modelwright.exporters.graph import Graph
from modelwright.exporters.tables import filled, look_up, rising, write_codes
from modelwright.exporters.word_pairs import write_pairs

TOKEN = r"[0-9A-Za-z_\x{C0}-\x{1FFF}]+|[!?$%\x{A1}-\x{BF}\x{2000}-\x{10FFFF}]"
"""`engine.preparation.tokens.TOKEN` in RE2's spelling. A-Z never meet it, for texts are lowered before."""

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The bags of one text column, only their entries that are not 0, row after row, term after term.

    Args:
        row, term: int64 (entries,). value: float32 (entries,). size: how many terms there are.
    """

    row: str
    term: str
    value: str
    size: int


def write_token_ids(graph: Graph, text: TextPreparation, raw: str, length: int) -> str:
    """The first `length` tokens, int32 (rows, 1, length); rarer words than counted are unknown."""
    words = _write_words(graph, text.words[: text.counted_words], raw)
    padding = graph.integers(0, 0, 0, length)
    padded = graph.node("Pad", words, padding, graph.constant(np.int64(PADDING)))
    first = graph.node("Slice", padded, graph.integers(0), graph.integers(length), graph.integers(1))
    return graph.cast(graph.node("Unsqueeze", first, graph.integers(1)), "int32")


def write_terms(graph: Graph, text: TextPreparation, raw: str) -> Terms:
    """The bag's entries: (1 + log count) x rarity, each text's scaled to length 1."""
    size = len(text.first)
    terms = _write_terms_said(graph, text, raw)
    row, term, count = _write_counts(graph, terms, size)
    frequency = graph.node("Add", _write_logarithm(graph, count), graph.constant(np.float64(1)))
    rarity = look_up(graph, text.rarity(), term)
    weight = graph.node("Mul", frequency, rarity)
    rows = graph.node("Shape", raw)
    nothing = graph.node("Expand", graph.constant(np.float64(0)), rows)
    squared = graph.node("Mul", weight, weight)
    total = graph.node("ScatterElements", nothing, row, squared, axis=0, reduction="add")
    length = graph.node("Gather", graph.node("Sqrt", total), row, axis=0)
    value = graph.cast(graph.node("Div", weight, length), "float32")
    return Terms(row=row, term=term, value=value, size=size)


def _write_words(graph: Graph, words: Sequence[str], raw: str) -> str:
    """Each text's tokens as positions in the vocabulary, from 2 on, int64 (rows, tokens).

    Padded with 0 and by at least one, so that the shape is never empty; words that are not in the
    vocabulary are 1.
    """
    lowered = graph.node("StringNormalizer", raw, case_change_action="LOWER", is_case_sensitive=1, locale="C")
    tokens = graph.node(
        "Tokenizer", lowered, domain="com.microsoft", mark=0, pad_value="", mincharnum=1, tokenexp=TOKEN
    )
    known = {"": PADDING} | {word: place for place, word in enumerate(words, FIRST_WORD)}
    ids = write_codes(graph, tokens, known, UNKNOWN)
    return graph.node("Pad", ids, graph.integers(0, 0, 0, 1), graph.constant(np.int64(PADDING)))


def _write_terms_said(graph: Graph, text: TextPreparation, raw: str) -> str:
    """Each text's terms as they are said, words and then pairs of neighbours, int64 (rows, terms said).

    What is none, and at least the last word, which is padding, is as many as there are terms. Words that are
    in no term are not told apart, and so not kept.
    """
    first, second = np.asarray(text.first, dtype=np.int64), np.asarray(text.second, dtype=np.int64)
    single, paired = np.flatnonzero(second < 0), np.flatnonzero(second >= 0)
    # Words that are terms come first, in their terms' order: that order is then all there is to keep.
    others = np.setdiff1d([first[paired], second[paired]], first[single])
    kept = np.concatenate([first[single], others])
    words = _write_words(graph, [text.words[place] for place in kept], raw)
    none, singles = len(first), rising(graph, single)
    no_terms = filled(graph, none, FIRST_WORD), filled(graph, none, len(others))
    term_of_word = graph.node("Concat", no_terms[0], singles, no_terms[1], axis=0)
    said = graph.node("Gather", term_of_word, words, axis=0)
    if not len(paired):
        return said
    ids = np.zeros(len(text.words), dtype=np.int64)
    ids[kept] = FIRST_WORD + np.arange(len(kept))
    pairs = np.column_stack([ids[first[paired]], ids[second[paired]]])
    paired_terms = _write_others(graph, singles, len(single), none)
    in_pairs = write_pairs(graph, words, pairs, paired_terms, none, FIRST_WORD + len(kept))
    return graph.node("Concat", said, in_pairs, axis=1)


def _write_others(graph: Graph, places: str, count: int, size: int) -> str:
    """Of the numbers below `size` those that are not among `count` rising `places`, in order.

    The nth of them is n and as many more as there are places before it. (NonZero would say it at once, but
    anew in every call: onnxruntime does not work it out while loading.)
    """
    left, axis = size - count, graph.constant(np.int64(0))
    numbers, order = (
        graph.node("CumSum", filled(graph, 1, many), axis, exclusive=1) for many in (left, count)
    )
    begins = graph.node("Sub", places, order)
    nothing, ones = filled(graph, 0, left + 1), filled(graph, 1, count)
    marked = graph.node("ScatterElements", nothing, begins, ones, axis=0, reduction="add")
    passed = graph.node("Slice", graph.node("CumSum", marked, axis), *map(graph.integers, (0, left)))
    return graph.node("Add", numbers, passed)


def _write_counts(graph: Graph, said: str, none: int) -> tuple[str, str, str]:
    """Which terms each text has and how often, row after row, term after term: int64 (entries,) each.

    Each text's terms are sorted: where one differs from the one before, it begins, and where the next begins,
    it ends. A table of all texts by all terms would be a hundred times larger.
    """
    width = graph.node("Shape", said, start=1, end=2)
    in_order = graph.nodes("TopK", said, width, count=2, axis=1, largest=0, sorted=1)[0]
    one_on = graph.integers(0, 1, 0, -1)
    before = graph.node("Pad", in_order, one_on, graph.constant(np.int64(-1)))
    places = graph.node("NonZero", graph.node("Not", graph.node("Equal", in_order, before)))
    row, column = (graph.node("Gather", places, graph.constant(np.int64(axis)), axis=0) for axis in (0, 1))
    term = graph.node("GatherND", in_order, graph.node("Transpose", places, perm=[1, 0]))
    begins = graph.node("Add", graph.node("Mul", row, width), column)
    ends = graph.node("Pad", begins, graph.integers(-1, 1), graph.node("Size", in_order))
    count = graph.node("Sub", ends, begins)
    is_term = graph.node("Less", term, graph.constant(np.int64(none)))
    row, term, count = (graph.node("Compress", one, is_term, axis=0) for one in (row, term, count))
    return row, term, count


def _write_logarithm(graph: Graph, count: str) -> str:
    """log(count) by table: the very numbers numpy computes, whatever library runs the graph."""
    table = graph.constant(np.log(np.arange(1, MOST_COUNTED + 1, dtype=np.float64)))
    position = graph.node("Sub", count, graph.constant(np.int64(1)))
    held = graph.node("Min", position, graph.constant(np.int64(MOST_COUNTED - 1)))
    return graph.node("Gather", table, held, axis=0)
