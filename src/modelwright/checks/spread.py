"""Columns whose values are spread otherwise in one set of rows than in another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modelwright.checks.binning import Binned
from modelwright.checks.inspection import percent
from modelwright.records import Column
from modelwright.statistics.shift import Shift, adjusted, shift

MOST_CHANCE = 0.05
"""Of pairs of sets that are alike in every column, one in twenty may be reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """One column in both sets of rows, and how it differs."""

    column: Column
    part: Binned
    shift: Shift

    def said(self, where: str) -> str:
        """The difference in a sentence; `where` names the other set."""
        here, there = (counts[self.shift.cell] / max(counts.sum(), 1) for counts in self.part.counts)
        return (
            f"`{self.column.name}`: {percent(self.shift.distance)} of the rows differ; "
            f"{self.part.labels[self.shift.cell]}: {percent(float(here))} here, "
            f"{percent(float(there))} {where}"
        )


def unlike(
    columns: Sequence[Column], parts: Sequence[Binned], matters: Callable[[Unlike], bool]
) -> list[Unlike]:
    """The columns that differ by more than luck, and by enough to matter, furthest off first.

    Args:
        parts: each column's two sets of rows in bins.
    """
    shifts = [shift(*part.counts) for part in parts]
    chances = adjusted([one.chance for one in shifts])
    every = zip(columns, parts, shifts, strict=True)
    found = [Unlike(column=column, part=part, shift=one) for column, part, one in every]
    told = [one for one, chance in zip(found, chances, strict=True) if chance <= MOST_CHANCE and matters(one)]
    return sorted(told, key=lambda one: -one.shift.distance)
