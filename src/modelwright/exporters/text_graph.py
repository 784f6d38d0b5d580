"""Texts as ONNX nodes: tokens, token ids and bags of terms, from the raw strings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwright.engine.preparation.preparation import MOST_COUNTED, TextPreparation
from modelwright.exporters.graph import Graph
from modelwright.exporters.tables import look_up

TOKEN = r"[0-9A-Za-z_\x{C0}-\x{1FFF}]+|[!?$%\x{A1}-\x{BF}\x{2000}-\x{10FFFF}]"
"""`engine.preparation.tokens.TOKEN` in RE2's spelling. A-Z never meet it, for texts are lowered before."""

PADDING, UNKNOWN = 0, 1


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


def write_words(graph: Graph, text: TextPreparation, raw: str) -> str:
    """Each text's tokens as positions in the vocabulary, from 2 on, int64 (rows, tokens).

    Padded with 0 and by at least one, so that the shape is never empty; words that are not in the
    vocabulary are 1.
    """
    lowered = graph.node("StringNormalizer", raw, case_change_action="LOWER", is_case_sensitive=1, locale="C")
    tokens = graph.node(
        "Tokenizer", lowered, domain="com.microsoft", mark=0, pad_value="", mincharnum=1, tokenexp=TOKEN
    )
    words = graph.node(
        "LabelEncoder",
        tokens,
        domain="ai.onnx.ml",
        keys_strings=["", *text.words],
        values_int64s=[PADDING, *range(2, len(text.words) + 2)],
        default_int64=UNKNOWN,
    )
    return graph.node("Pad", words, graph.integers(0, 0, 0, 1), graph.constant(np.int64(PADDING)))


def write_token_ids(graph: Graph, text: TextPreparation, words: str, length: int) -> str:
    """The first `length` tokens, int32 (rows, 1, length); rarer words than counted are unknown."""
    padding = graph.integers(0, 0, 0, length)
    padded = graph.node("Pad", words, padding, graph.constant(np.int64(PADDING)))
    first = graph.node("Slice", padded, graph.integers(0), graph.integers(length), graph.integers(1))
    if text.counted_words < len(text.words):
        rare = graph.node("GreaterOrEqual", first, graph.constant(np.int64(text.word_count)))
        first = graph.node("Where", rare, graph.constant(np.int64(UNKNOWN)), first)
    return graph.cast(graph.node("Unsqueeze", first, graph.integers(1)), "int32")


def write_terms(graph: Graph, text: TextPreparation, words: str) -> Terms:
    """The bag's entries: (1 + log count) x rarity, each text's scaled to length 1."""
    size = len(text.first)
    counts = _write_counts(graph, text, words)
    places = graph.node("NonZero", counts)
    row, term = (graph.node("Gather", places, graph.constant(np.int64(axis)), axis=0) for axis in (0, 1))
    count = graph.node("GatherND", counts, graph.node("Transpose", places, perm=[1, 0]))
    frequency = graph.node("Add", _write_logarithm(graph, count), graph.constant(np.float64(1)))
    rarity = look_up(graph, text.rarity(), term)
    weight = graph.node("Mul", frequency, rarity)
    rows = graph.node("Shape", words, start=0, end=1)
    nothing = graph.node("Expand", graph.constant(np.float64(0)), rows)
    squared = graph.node("Mul", weight, weight)
    total = graph.node("ScatterElements", nothing, row, squared, axis=0, reduction="add")
    length = graph.node("Gather", graph.node("Sqrt", total), row, axis=0)
    value = graph.cast(graph.node("Div", weight, length), "float32")
    return Terms(row=row, term=term, value=value, size=size)


def _write_counts(graph: Graph, text: TextPreparation, words: str) -> str:
    """How often each term is in each text, float32 (rows, terms)."""
    first, second = np.asarray(text.first, dtype=np.int64), np.asarray(text.second, dtype=np.int64)
    single, pair = np.flatnonzero(second < 0), np.flatnonzero(second >= 0)
    pairs = np.column_stack([first[pair], second[pair]]).ravel()
    return graph.node(
        "TfIdfVectorizer",
        words,
        mode="TF",
        min_gram_length=1,
        max_gram_length=2 if len(pair) else 1,
        max_skip_count=0,
        ngram_counts=[0, len(single)] if len(pair) else [0],
        ngram_indexes=np.concatenate([single, pair]).tolist(),
        pool_int64s=(np.concatenate([first[single], pairs]) + 2).tolist(),
    )


def _write_logarithm(graph: Graph, count: str) -> str:
    """log(count) by table: the very numbers numpy computes, whatever library runs the graph."""
    table = graph.constant(np.log(np.arange(1, MOST_COUNTED + 1, dtype=np.float64)))
    position = graph.node("Sub", graph.cast(count, "int64"), graph.constant(np.int64(1)))
    held = graph.node("Min", position, graph.constant(np.int64(MOST_COUNTED - 1)))
    return graph.node("Gather", table, held, axis=0)
