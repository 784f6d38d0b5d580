"""The fitted preparation as ONNX nodes: the same arithmetic, in the same order, in the same precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelwright.engine.preparation.applying import MAX_DEVIATIONS
from modelwright.engine.preparation.preparation import CategoryPreparation, Preparation
from modelwright.exporters.date_graph import write_date_parts
from modelwright.exporters.graph import Graph
from modelwright.exporters.tables import write_codes
from modelwright.exporters.text_graph import Terms, write_terms, write_token_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedGraph:
    """Names of the prepared values in the graph; None where the preparation has none of the kind.

    Args:
        numbers: float32 (rows, features). codes: int32 (rows, categories).
        tokens: int32 (rows, texts, max_tokens).
        terms: the bag of each text column that has terms, entry by entry.
        rows: int64 (1,), how many rows there are.
    """

    numbers: str | None
    codes: str | None
    tokens: str | None
    terms: Sequence[Terms]
    rows: str


def input_name(position: int) -> str:
    """What the graph calls the column at this position of `Preparation.columns`."""
    return f"column_{position}"


def write_preparation(graph: Graph, preparation: Preparation, *, tokens: bool, bags: bool) -> PreparedGraph:
    """Declare an input for each column and write what turns them into arrays.

    Args:
        tokens, bags: whether the model reads token ids, and bags of terms.
    """
    raw: dict[str, str] = {}
    for position, column in enumerate(preparation.columns):
        dtype = "string" if column.treatment in ("category", "text") else "float64"
        raw[column.name] = graph.input(input_name(position), dtype, ("rows",))
    rows = graph.node("Shape", next(iter(raw.values())))
    token_names = [
        write_token_ids(graph, text, raw[text.column], preparation.max_tokens)
        for text in preparation.texts
        if tokens
    ]
    return PreparedGraph(
        numbers=_write_numbers(graph, preparation, raw) if preparation.numbers else None,
        codes=_write_codes(graph, preparation, raw) if preparation.categories else None,
        tokens=graph.node("Concat", *token_names, axis=1) if token_names else None,
        terms=[write_terms(graph, one, raw[one.column]) for one in preparation.texts if bags and one.first],
        rows=rows,
    )


def _write_numbers(graph: Graph, preparation: Preparation, raw: dict[str, str]) -> str:
    """Median, centre, scale, bounds, all columns at once; then the indicators; then one cast."""
    parts: dict[tuple[str, str], str] = {}
    for number in preparation.numbers:
        if number.part == "value":
            parts[number.column, "value"] = raw[number.column]
        elif (number.column, number.part) not in parts:
            written = write_date_parts(graph, raw[number.column])
            parts |= {(number.column, part): name for part, name in written.items()}
    column = graph.integers(1)
    columns = [graph.node("Unsqueeze", parts[one.column, one.part], column) for one in preparation.numbers]
    values = graph.node("Concat", *columns, axis=1)
    missing = graph.node("IsNaN", values)
    median, centre, scale = (
        graph.constant(np.array([getattr(one, name) for one in preparation.numbers], dtype=np.float64))
        for name in ("median", "centre", "scale")
    )
    filled = graph.node("Where", missing, median, values)
    standardised = graph.node("Div", graph.node("Sub", filled, centre), scale)
    low, high = graph.constant(np.float64(-MAX_DEVIATIONS)), graph.constant(np.float64(MAX_DEVIATIONS))
    features = graph.node("Min", graph.node("Max", standardised, low), high)
    marked = [index for index, one in enumerate(preparation.numbers) if one.indicator]
    if marked:
        chosen = graph.node("Gather", missing, graph.integers(*marked), axis=1)
        features = graph.node("Concat", features, graph.cast(chosen, "float64"), axis=1)
    return graph.cast(features, "float32")


def _write_codes(graph: Graph, preparation: Preparation, raw: dict[str, str]) -> str:
    column = graph.integers(1)
    codes = [
        graph.node("Unsqueeze", _write_category(graph, category, raw[category.column]), column)
        for category in preparation.categories
    ]
    return graph.cast(graph.node("Concat", *codes, axis=1), "int32")


def _write_category(graph: Graph, category: CategoryPreparation, raw: str) -> str:
    """The empty text is missing (0), a kept category has its code, all else is unseen (1)."""
    codes = {"": 0} | {name: code for code, name in enumerate(category.kept, start=2)}
    return write_codes(graph, raw, codes, default=1)
