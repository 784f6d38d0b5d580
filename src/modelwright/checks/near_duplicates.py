"""MW106: are rows nearly copies of other rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, share
from modelwright.checks.minhash import clusters, near_pairs
from modelwright.records import Column, Finding

CODE: str = "MW106"
TITLE: str = "Near-duplicate texts"

LEAST_SIMILARITY = 0.7
"""Jaccard similarity of the sets of three words in a row. One word changed in a text of 20 leaves 0.71;
different texts on one subject were measured below 0.2."""

MIN_WORDS = 8
"""Shorter texts are alike by nature."""

MAX_TEXTS = 200_000
"""Texts compared, drawn at random: about half a minute where each has 200 words."""

WARNING_SHARE = 0.01
"""From this share of rows (or of test rows) on, twins move a score by as much as a better model would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Near-duplicates in one column of texts.

    Args:
        twin: bool (rows,), rows whose text is nearly, but not exactly, that of an earlier row.
        crossing: bool (rows,), test rows with such a twin outside the test part.
        looked_at: texts compared.
    """

    column: str
    twin: NDArray[np.bool_]
    crossing: NDArray[np.bool_]
    looked_at: int


def look(inspection: Inspection) -> Outcome:
    """Texts that are nearly those of another row: reposts, templates, a case written down twice."""
    texts = [column for column in inspection.features if column.role == "text"]
    if not texts:
        return NotApplicable("no column of free text")
    found = [twins for column in texts if (twins := _twins(inspection, column)) is not None]
    return tuple(_finding(inspection, twins) for twins in found)


def _twins(inspection: Inspection, column: Column) -> Twins | None:
    rows, distinct = _distinct(inspection, column)
    pairs = near_pairs(distinct, LEAST_SIMILARITY) if len(distinct) > 1 else np.empty((0, 2), dtype=np.int64)
    if not len(pairs):
        return None
    group = clusters(pairs, len(distinct))
    of_row = np.full(inspection.table.height, -1, dtype=np.int64)
    text_of_row = np.full(inspection.table.height, -1, dtype=np.int64)
    of_row[rows["row"].to_numpy()] = group[rows["text"].to_numpy()]
    text_of_row[rows["row"].to_numpy()] = rows["text"].to_numpy()
    in_pair = np.isin(of_row, group[pairs[:, 0]])
    earlier = _first_text(of_row, text_of_row)
    twin = in_pair & (text_of_row != earlier[of_row])
    crossing = _crossing(of_row, text_of_row, in_pair, inspection.test)
    return Twins(
        column=column.name,
        twin=twin,
        crossing=crossing,
        looked_at=len(distinct),
    )


def _distinct(inspection: Inspection, column: Column) -> tuple[polars.DataFrame, polars.Series]:
    """Each row that has a text long enough with its text's number, and the different texts."""
    cells = inspection.table[column.name]
    long_enough = (cells.str.count_matches(r"\S+") >= MIN_WORDS).fill_null(False)
    rows = polars.DataFrame({"row": np.arange(len(cells)), "cell": cells}).filter(long_enough)
    distinct = rows["cell"].unique(maintain_order=True)
    if len(distinct) > MAX_TEXTS:
        distinct = distinct.sample(MAX_TEXTS, seed=inspection.seed)
    numbered = polars.DataFrame({"cell": distinct, "text": np.arange(len(distinct))})
    return rows.join(numbered, on="cell", maintain_order="left").select("row", "text"), distinct


def _first_text(of_row: NDArray[np.int64], text_of_row: NDArray[np.int64]) -> NDArray[np.int64]:
    """The text of the first row of each group: int64 (groups,)."""
    known = np.flatnonzero(of_row >= 0)
    groups, first = np.unique(of_row[known], return_index=True)
    earlier = np.full(int(groups.max()) + 1, -1, dtype=np.int64)
    earlier[groups] = text_of_row[known][first]
    return earlier


def _crossing(
    of_row: NDArray[np.int64],
    text_of_row: NDArray[np.int64],
    in_pair: NDArray[np.bool_],
    test: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Test rows whose group holds another text outside the test part: bool (rows,)."""
    known = np.unique(np.column_stack([of_row, text_of_row])[in_pair & ~test], axis=0)
    texts_of_group = np.bincount(known[:, 0], minlength=int(of_row.max(initial=0)) + 1)
    own = np.isin(text_of_row, known[:, 1]).astype(np.int64)
    return in_pair & test & (texts_of_group[of_row] > own)


def _finding(inspection: Inspection, twins: Twins) -> Finding:
    rows, tested = inspection.table.height, max(1, int(inspection.test.sum()))
    count, crossing = int(twins.twin.sum()), int(twins.crossing.sum())
    message = f"{count:,} rows have nearly the `{twins.column}` of an earlier row"
    evidence = [f"{share(count, rows)} rows; similarity of at least {LEAST_SIMILARITY:g}, exact copies apart"]
    if crossing:
        message += f", and {crossing:,} test rows have such a twin among the rows learnt from"
        evidence.append(f"{share(crossing, tested)} test rows have a near twin outside the test part")
    if twins.looked_at == MAX_TEXTS:
        evidence.append(f"{MAX_TEXTS:,} different texts were compared, drawn at random")
    grave = count >= WARNING_SHARE * rows or crossing >= WARNING_SHARE * tested
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning" if grave else "info",
        columns=(twins.column,),
        message=message,
        evidence=tuple(evidence),
        lines=inspection.lines_of(twins.twin),
        advice="A model that has learnt one twin by heart answers the other. Splits keep such twins together "
        "where different rows are 200,000 at most; for larger tables or looser templates name the column "
        "that numbers the templates or cases (--group COLUMN), or keep one of each.",
    )
