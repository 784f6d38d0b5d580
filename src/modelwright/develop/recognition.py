"""Which rows were sealed before, and which of those are not to be found?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.near_copies import MOST_ROWS, tells_apart
from modelwright.checks.row_digests import Cells, Digests, cells_from, first_alike
from modelwright.records import Desk, Seal

LEAST_TOLD_APART = 0.5
"""Columns know a row again if by them at least this share of what all columns tell apart is told apart."""

LEAST_OCCURRING = 0.1
ASKED_CELLS = 1_000
"""A column was written anew (in another unit, rounded, spelled otherwise) where less than this share of its
sealed cells, of as many as are asked for, is found in it."""

Known = NDArray[np.bool_]
Pair = tuple[Digests, Digests]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recognised:
    """The rows that stood under a seal before.

    Args:
        again: bool (rows,), those of any seal. of_seal: bool (rows,), those of each.
        said: what there is to say of the rest, for the protocol's reason.
    """

    again: Known
    of_seal: tuple[Known, ...]
    said: str


def recognise(desk: Desk, cells: Cells, before: tuple[Seal, ...]) -> Recognised:
    """Find the rows of every seal made before."""
    of_seal = tuple(known_again(cells, cells_from(desk.read(one.digests), one.columns)) for one in before)
    again = np.zeros(cells.rows, dtype=np.bool_)
    for known in of_seal:
        again |= known
    found = [int(known.sum()) for known in of_seal]
    return Recognised(again=again, of_seal=of_seal, said=_of_own(before, found) + _of_others(before, found))


def known_again(now: Cells, before: Cells) -> Known:
    """Which rows are those of `before`: each of these is found once at most, bool (rows,).

    By the cells of the columns that both have; of what is not found so, by those of them that were not
    written anew; by all cells, whatever their columns are called now; and by all cells but one, which was
    changed. Where several rows are alike (a table of a few categories), as many are known again as there
    were.
    """
    again = np.zeros(now.rows, dtype=np.bool_)
    left = np.ones(before.rows, dtype=np.bool_)
    for mine, theirs in _ways(now, before):
        if not left.any():
            break
        rows, found = np.flatnonzero(~again), np.flatnonzero(left)
        pairs = _paired(mine[rows], theirs[found])
        again[rows[pairs[:, 0]]] = True
        left[found[pairs[:, 1]]] = False
    return again


def _ways(now: Cells, before: Cells) -> Iterator[Pair]:
    """Digests of the rows there are and of those sealed, one way to compare them after the other."""
    common = [name for name in before.columns if name in now.digests]
    if _tell_apart(before, common):
        yield now.of_rows(common), before.of_rows(common)
    kept = [name for name in common if _occurs(before, now, name)]
    if _tell_apart(before, kept):
        yield now.of_rows(kept), before.of_rows(kept)
    if len(common) < len(before.columns) == len(now.columns):
        yield now.of_rows_unnamed(), before.of_rows_unnamed()
    if now.rows <= MOST_ROWS:
        yield from _but_for_one_cell(now, before, kept)


def _but_for_one_cell(now: Cells, before: Cells, common: list[str]) -> Iterator[Pair]:
    mine, theirs = now.of_rows(common), before.of_rows(common)
    different = np.unique(first_alike(mine))
    for name in common:
        others = mine - now.part(name)
        if tells_apart(others[different]) and _tell_apart(before, [each for each in common if each != name]):
            yield others, theirs - before.part(name)


def _occurs(before: Cells, now: Cells, name: str) -> bool:
    """Whether the cells of a sealed column still stand in the column of that name."""
    sealed = before.digests[name]
    asked = polars.Series(sealed[sealed != 0][:ASKED_CELLS])
    return (
        not len(asked)
        or float(np.mean(asked.is_in(polars.Series(now.digests[name]).implode()).to_numpy()))
        >= LEAST_OCCURRING
    )


def _tell_apart(cells: Cells, columns: Sequence[str]) -> bool:
    """Whether these columns tell rows apart nearly as well as all do."""
    if not columns:
        return False
    by_these, by_all = (len(np.unique(cells.of_rows(names))) for names in (columns, cells.columns))
    return by_these >= LEAST_TOLD_APART * by_all


def _paired(one: Digests, other: Digests) -> NDArray[np.int64]:
    """Positions of equal digests, the first with the first, the second with the second: (pairs, 2)."""
    tables = [
        polars.DataFrame({"digest": each}).with_columns(
            place=polars.int_range(polars.len(), dtype=polars.Int64),
            occurrence=polars.int_range(polars.len(), dtype=polars.Int64).over("digest"),
        )
        for each in (one, other)
    ]
    joined = tables[0].join(tables[1], on=["digest", "occurrence"], how="inner")
    return joined.select("place", "place_right").to_numpy().astype(np.int64)


def _of_own(before: tuple[Seal, ...], found: list[int]) -> str:
    """In words, the rows sealed in this project that are not to be found."""
    own = [(one.rows, count) for one, count in zip(before, found, strict=True) if not one.project]
    if not own:
        return ""
    if not any(count for _, count in own):
        rows = max(rows for rows, _ in own)
        return f"; none of the {rows:,} rows sealed before in this project is known among these"
    missing = max(rows - count for rows, count in own)
    return f"; {missing:,} rows sealed before are not known among these" if missing else ""


def _of_others(before: tuple[Seal, ...], found: list[int]) -> str:
    """In words, what projects beside this one had sealed, and which of them could not be read."""
    others = [(one, count) for one, count in zip(before, found, strict=True) if one.project]
    known = sorted({one.project for one, count in others if count})
    unread = sorted({one.project for one, _ in others if one.unread})
    said = f"; sealed in the {_named(known)} beside, too" if known else ""
    if unread:
        said += f"; what was sealed in the {_named(unread)} beside is not known: it cannot be read"
    return said


def _named(projects: list[str]) -> str:
    return f"project{'s' if len(projects) > 1 else ''} {', '.join(projects)}"
