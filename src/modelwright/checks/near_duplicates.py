"""MW106: are rows nearly copies of other rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks import near_copies, profiles
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, share
from modelwright.checks.minhash import Pairs, clusters, near_pairs
from modelwright.checks.near_copies import LEAST_SIMILARITY, MIN_WORDS
from modelwright.checks.row_digests import cells_of, first_alike
from modelwright.records import Column, Finding

CODE: str = "MW106"
TITLE: str = "Near-duplicate rows"

MAX_TEXTS = 200_000
"""Texts compared, drawn at random: about half a minute where each has 200 words."""

WARNING_SHARE = 0.01
"""From this share of rows (or of test rows) on, twins move a score by as much as a better model would."""

WARNING_SHARE_BUT_ONE_CELL = near_copies.MOST_TWINS
"""Rows may agree in all but one cell by chance (1.8% of Titanic's passengers, but for their names)."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Rows that are nearly, but not exactly, another.

    Args:
        twin: bool (rows,), rows that are nearly an earlier one.
        crossing: bool (rows,), test rows with such a twin outside the test part.
    """

    twin: NDArray[np.bool_]
    crossing: NDArray[np.bool_]


def look(inspection: Inspection) -> Outcome:
    """Texts hardly changed, rows the same but for one cell, and rows of very many numbers taken twice:
    reposts, templates, a case written down again, one thing photographed under two lamps.
    """
    texts = [column for column in inspection.features if column.role == "text"]
    if not texts and inspection.table.height > near_copies.MOST_ROWS:
        return NotApplicable(f"more than {near_copies.MOST_ROWS:,} rows, and no column of free text")
    by_text = (found for column in texts if (found := _texts(inspection, column)))
    return (*by_text, *_rows(inspection))


def _texts(inspection: Inspection, column: Column) -> Finding | None:
    text_of_row, distinct = _distinct(inspection, column)
    pairs = near_pairs(distinct, LEAST_SIMILARITY) if len(distinct) > 1 else np.empty((0, 2), dtype=np.int64)
    twins = _twins(inspection, text_of_row, pairs, clusters(pairs, len(distinct)))
    verb = f"have nearly the `{column.name}` of"
    evidence = f"similarity of at least {LEAST_SIMILARITY:g}, exact copies apart"
    if len(distinct) == MAX_TEXTS:
        evidence += f"; {MAX_TEXTS:,} different texts were compared, drawn at random"
    return _finding(inspection, twins, verb, evidence, columns=(column.name,))


def _rows(inspection: Inspection) -> tuple[Finding, ...]:
    """Of the rows as a whole; none where there are more than can be compared."""
    table, dataset = inspection.table, inspection.dataset
    if table.height > near_copies.MOST_ROWS:
        return ()
    cells = cells_of(table, dataset)
    different, row_of_row = np.unique(
        first_alike(cells.of_rows([column.name for column in dataset.features])), return_inverse=True
    )
    alike = near_copies.but_for_one_cell(dataset, cells, different)
    retaken = near_copies.retaken(table, dataset, different)
    found = (
        _finding(
            inspection,
            _of_rows(inspection, row_of_row, alike, len(different)),
            "are, but for one cell,",
            "exact copies apart, and but for cells of columns that tell one case from the other",
            serious=WARNING_SHARE_BUT_ONE_CELL,
        ),
        _finding(
            inspection,
            _of_rows(inspection, row_of_row, retaken, len(different)),
            "rise and fall, number for number, with",
            f"correlation of at least {profiles.LEAST_CORRELATION:g}, each number counted from its column's "
            f"mean in its column's spread; {min(len(different), profiles.MOST_ROWS):,} rows were compared",
        ),
    )
    return tuple(finding for finding in found if finding is not None)


def _of_rows(inspection: Inspection, row_of_row: Rows, pairs: Pairs, count: int) -> Twins:
    return _twins(inspection, row_of_row, pairs, near_copies.families(pairs, count))


def _distinct(inspection: Inspection, column: Column) -> tuple[Rows, polars.Series]:
    """Each row's text as a number, -1 where it is short or was not drawn, (rows,); the different texts."""
    cells = inspection.table[column.name]
    long_enough = (cells.str.count_matches(r"\S+") >= MIN_WORDS).fill_null(False)
    distinct = cells.filter(long_enough).unique(maintain_order=True)
    if len(distinct) > MAX_TEXTS:
        distinct = distinct.sample(MAX_TEXTS, seed=inspection.seed)
    numbered = polars.DataFrame({"cell": distinct, "text": np.arange(len(distinct))})
    joined = polars.DataFrame({"cell": cells}).join(numbered, on="cell", how="left", maintain_order="left")
    return joined["text"].fill_null(-1).to_numpy(), distinct


def _twins(inspection: Inspection, item: Rows, pairs: Pairs, family: Rows) -> Twins:
    """The rows of items that pairs link.

    Args:
        item: which item each row is, -1 for none, (rows,). pairs: of items, (pairs, 2).
        family: the number of each item's family; -1 where that is no family, (items,).
    """
    paired = np.zeros(len(family) + 1, dtype=np.bool_)  # the last one is that of the rows without an item
    paired[pairs.reshape(-1)] = True
    paired[:-1] &= family >= 0
    in_pair = paired[item]
    of_row = np.append(family, -1)[item]
    rows = np.flatnonzero(in_pair)
    first = np.full(len(family) + 1, -1, dtype=np.int64)
    groups, places = np.unique(of_row[rows], return_index=True)
    first[groups] = item[rows][places]
    return Twins(
        twin=in_pair & (item != first[of_row]), crossing=_crossing(of_row, item, in_pair, inspection.test)
    )


def _crossing(
    of_row: Rows, item: Rows, in_pair: NDArray[np.bool_], test: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Test rows whose family holds another item outside the test part: bool (rows,)."""
    known = np.unique(np.column_stack([of_row, item])[in_pair & ~test], axis=0)
    items_of_family = np.bincount(known[:, 0], minlength=int(of_row.max(initial=0)) + 1)
    own = np.isin(item, known[:, 1]).astype(np.int64)
    return in_pair & test & (items_of_family[of_row] > own)


def _finding(
    inspection: Inspection,
    twins: Twins,
    verb: str,
    how: str,
    *,
    columns: tuple[str, ...] = (),
    serious: float = WARNING_SHARE,
) -> Finding | None:
    rows, tested = inspection.table.height, max(1, int(inspection.test.sum()))
    count, crossing = int(twins.twin.sum()), int(twins.crossing.sum())
    if not count and not crossing:
        return None
    message = f"{count:,} rows {verb} an earlier row"
    evidence = [f"{share(count, rows)} rows; {how}"]
    if crossing:
        message += f", and {crossing:,} test rows have such a twin among the rows learnt from"
        evidence.append(f"{share(crossing, tested)} test rows have a near twin outside the test part")
    grave = count >= serious * rows or crossing >= WARNING_SHARE * tested
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning" if grave else "info",
        columns=columns,
        message=message,
        evidence=tuple(evidence),
        lines=inspection.lines_of(twins.twin),
        advice="A model that has learnt one twin by heart answers the other. Splits keep such twins together "
        "where different rows are 200,000 at most; for larger tables or looser likeness name the column "
        "that numbers the templates, cases or things photographed (--group COLUMN), or keep one of each.",
    )
