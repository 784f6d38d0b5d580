"""Which rows are worth reading? Some at random, the longest and shortest texts, typical ones and odd ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection
from modelwright.define.profile_totals import sizes_of
from modelwright.records import Cell, Column, Sample

SAMPLED_ROWS = 4_000
"""Rows among which typical and odd ones are looked for."""

RANDOM_ROWS = 6
EXAMPLES = 2
"""Of the longest, shortest, typical and odd rows each."""

MOST_CLASSES = 3
MOST_TEXTS = 2
MOST_CELLS = 20
CELL_LETTERS = 600
TERMS = 5_000
"""Words by which texts are compared, the most frequent ones."""


def samples_of(inspection: Inspection) -> tuple[Sample, ...]:
    """Rows with their labels, each told why it is shown; no row twice."""
    shown: dict[int, str] = {}
    for row, why in _worth_reading(inspection):
        shown.setdefault(row, why)
    return tuple(_sample(inspection, row, why) for row, why in shown.items())


def _worth_reading(inspection: Inspection) -> Iterator[tuple[int, str]]:
    yield from _at_random(inspection)
    texts = [column for column in inspection.features if column.role == "text"]
    for column in texts[:MOST_TEXTS]:
        yield from _by_length(inspection, column)
    yield from _by_oddity(inspection, texts)


def _at_random(inspection: Inspection) -> Iterator[tuple[int, str]]:
    """Rows of each of the most frequent classes, or from the lowest to the highest value."""
    random = np.random.default_rng(inspection.seed)
    target = inspection.table[inspection.task.targets[0]]
    if not inspection.dataset.classes:
        order = np.argsort(target.cast(polars.Float64).fill_null(0.0).to_numpy(), kind="stable")
        for place in np.linspace(0, len(order) - 1, min(RANDOM_ROWS, len(order))).astype(np.int64):
            yield int(order[place]), f"{place / max(1, len(order) - 1):.0%} of the rows have a lower target"
        return
    words = target.cast(polars.String)
    frequent: list[str] = words.value_counts(sort=True).to_series(0).head(MOST_CLASSES).to_list()
    for name in frequent:
        rows = np.flatnonzero((words == name).to_numpy())
        for row in random.choice(rows, min(RANDOM_ROWS // len(frequent), len(rows)), replace=False):
            yield int(row), f"drawn at random from {name}"


def _by_length(inspection: Inspection, column: Column) -> Iterator[tuple[int, str]]:
    words = sizes_of(column, inspection.table[column.name])
    if words is None:
        return
    lengths = words.fill_null(0.0).to_numpy()
    order = np.argsort(lengths, kind="stable")
    for row in order[::-1][:EXAMPLES]:
        yield int(row), f"longest {column.name}: {lengths[row]:,.0f} words"
    for row in order[lengths[order] > 0][:EXAMPLES]:
        count = f"{lengths[row]:,.0f} word" + ("s" if lengths[row] > 1 else "")
        yield int(row), f"shortest {column.name}: {count}"


def _by_oddity(inspection: Inspection, texts: list[Column]) -> Iterator[tuple[int, str]]:
    rows = np.arange(inspection.table.height)
    if len(rows) > SAMPLED_ROWS:
        rows = np.sort(np.random.default_rng(inspection.seed).choice(rows, SAMPLED_ROWS, replace=False))
    table = inspection.table[rows]
    found = _oddity_of_texts(table[texts[0].name]) if texts else _oddity_of_cells(inspection, table)
    if found is None:
        return
    order = np.argsort(found, kind="stable")
    for row in order[:EXAMPLES]:
        yield int(rows[row]), "typical: most like all others"
    for row in order[::-1][:EXAMPLES]:
        yield int(rows[row]), "odd: least like any other"


def _oddity_of_texts(texts: polars.Series) -> NDArray[np.float64] | None:
    """How unlike the average of all texts each one is, by the words it holds; of no use below two words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        terms: Any = TfidfVectorizer(max_features=TERMS).fit_transform(texts.fill_null("").to_list())
    except ValueError:  # no text has a word
        return None
    centre = np.asarray(terms.mean(axis=0)).ravel()
    return -np.asarray(terms @ centre).ravel()


def _oddity_of_cells(inspection: Inspection, table: polars.DataFrame) -> NDArray[np.float64] | None:
    """How few cuts set a row apart from all others (Liu, Ting and Zhou 2008, "Isolation forest")."""
    from sklearn.ensemble import IsolationForest

    columns = [_numbers(column, table[column.name]) for column in inspection.features]
    if not columns or table.height < 2:
        return None
    forest: Any = IsolationForest(random_state=inspection.seed)
    cells = np.column_stack(columns).astype(np.float32)
    return -np.asarray(forest.fit(cells).score_samples(cells))


def _numbers(column: Column, values: polars.Series) -> NDArray[np.float64]:
    """Numbers and dates by rank, words by how frequent they are; what is missing lies below all."""
    sized = sizes_of(column, values)
    if sized is not None:
        return sized.rank("average").fill_null(0.0).to_numpy()
    words = values.cast(polars.String).to_frame("word")
    return words.select(polars.len().over("word")).to_series().cast(polars.Float64).to_numpy()


def _sample(inspection: Inspection, row: int, why: str) -> Sample:
    cells = inspection.table.row(row, named=True)
    texts_first = sorted(inspection.features, key=lambda column: column.role != "text")
    return Sample(
        why=why,
        line=int(inspection.lines[row]),
        labels=tuple(_cell(name, cells[name]) for name in inspection.task.targets),
        cells=tuple(_cell(column.name, cells[column.name]) for column in texts_first[:MOST_CELLS]),
    )


def _cell(name: str, value: Any) -> Cell:
    if value is None or value != value:  # NaN is the number that differs from itself
        return Cell(name=name, value="missing")
    text = f"{value:.6g}" if isinstance(value, float) else str(value).removesuffix(" 00:00:00")
    return Cell(name=name, value=text if len(text) <= CELL_LETTERS else text[: CELL_LETTERS - 1] + "…")
