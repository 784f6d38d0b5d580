"""MW101: are rows copies of other rows?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from modelwright.checks.alike import folded, numbered
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, share
from modelwright.records import Finding

CODE: str = "MW101"
TITLE: str = "Duplicate rows"

WARNING_SHARE = 0.01
"""From this share of rows (or of test rows) on, copies move a score by as much as a better model would:
the last point of accuracy is what candidates differ in."""


MIN_TEXT_CHARACTERS = 20
"""Shorter texts ("ok", "thank you") come again by nature; longer ones were copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Rows that are alike in some columns.

    Args:
        what: what of a row is alike, as it follows "an earlier row": nothing for all of it, or "'s `text`".
        repeats: bool (rows,), rows alike to an earlier one.
        crossing: bool (rows,), test rows alike to one outside the test part.
        often: rows of the most frequent kind.
    """

    what: str
    repeats: NDArray[np.bool_]
    crossing: NDArray[np.bool_]
    often: int


def look(inspection: Inspection) -> Outcome:
    """Rows that repeat an earlier one, in the data and across the test part, and texts that come again."""
    inputs = [column.name for column in inspection.features]
    if not inputs:
        return NotApplicable("no column is left to compare rows by")
    number = numbered(inspection.table, inputs)
    same = numbered(inspection.table, [*inputs, *inspection.task.targets])
    exact = _copies("", same, number, inspection.test)
    found = [exact, *_respelt(inspection, inputs, exact)]
    if len(inputs) > 1:
        found += [_texts(inspection, c.name) for c in inspection.features if c.role == "text"]
    found = [copies for copies in found if copies.repeats.any() or copies.crossing.any()]
    if not found:
        return ()
    return (_finding(inspection, found),)


def _copies(what: str, same: NDArray[np.int64], number: NDArray[np.int64], test: NDArray[np.bool_]) -> Copies:
    """Rows alike in `same`, and test rows alike in `number` to rows outside the test part."""
    crossing = test & np.isin(number, number[~test])
    return Copies(
        what=what, repeats=_repeats(same), crossing=crossing, often=int(np.bincount(same).max(initial=0))
    )


def _respelt(inspection: Inspection, inputs: list[str], exact: Copies) -> Iterator[Copies]:
    """Rows that repeat an earlier one in another spelling, where anything is spelt in two ways."""
    every = [*inputs, *inspection.task.targets]
    plain = folded(inspection.table, every)
    if plain is not None:
        found = _copies(
            " but for letter case and blanks",
            numbered(plain, every),
            numbered(plain, inputs),
            inspection.test,
        )
        more, crossing = found.repeats & ~exact.repeats, found.crossing & ~exact.crossing
        yield replace(found, repeats=more, crossing=crossing)


def _texts(inspection: Inspection, name: str) -> Copies:
    """Rows whose text came before, whatever their other columns say."""
    long_enough = (inspection.table[name].str.len_chars() >= MIN_TEXT_CHARACTERS).fill_null(False).to_numpy()
    number = numbered(inspection.table, [name])
    # short and missing texts are each made one of their own, so that they repeat nothing
    number = np.where(long_enough, number, len(number) + np.arange(len(number)))
    _, number = np.unique(number, return_inverse=True)
    return _copies(f"'s `{name}`", number, number, inspection.test)


def _finding(inspection: Inspection, found: list[Copies]) -> Finding:
    rows, tested = inspection.table.height, max(1, int(inspection.test.sum()))
    first = found[0]
    message = f"{int(first.repeats.sum()):,} rows repeat an earlier row{first.what}"
    crossing = max(int(copies.crossing.sum()) for copies in found)
    if crossing:
        message += f", and {crossing:,} test rows have a twin among the rows learnt from"
    repeated = max(int(copies.repeats.sum()) for copies in found)
    grave = repeated >= WARNING_SHARE * rows or crossing >= WARNING_SHARE * tested
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning" if grave else "info",
        message=message,
        evidence=tuple(words for copies in found for words in _words(copies, tested)),
        lines=inspection.lines_of(first.repeats if first.repeats.any() else first.crossing),
        advice=_advice(bool(crossing)),
    )


def _words(copies: Copies, tested: int) -> list[str]:
    rows, repeats, crossing = len(copies.repeats), int(copies.repeats.sum()), int(copies.crossing.sum())
    said = [
        f"{share(repeats, rows)} rows repeat an earlier row{copies.what}; one occurs {copies.often:,} times"
    ]
    if crossing:
        said.append(f"{share(crossing, tested)} test rows repeat a row{copies.what} outside the test part")
    return said if repeats else said[1:]


def _advice(crosses: bool) -> str:
    advice = (
        "Copies never straddle a split here, so scores stay honest; but if one case was recorded twice, "
        "remove the copies, and if copies are of one customer or device, name it: --group COLUMN."
    )
    if crosses:
        advice += " The declared test part was split by hand: drop its twins, or leave the test part out."
    return advice


def _repeats(number: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for every row whose number came before: bool (rows,)."""
    _, first = np.unique(number, return_index=True)
    repeats = np.ones(len(number), dtype=np.bool_)
    repeats[first] = False
    return repeats
