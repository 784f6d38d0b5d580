"""Does a plain formula give the target? A lookup by one column, or a sum of a few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

MAX_LOG10_CHANCE = -6.0
"""A lookup is believed when a column unrelated to the target would agree so well only once in a million
tries: strict enough for a thousand columns, and met by about twenty repeats of balanced classes."""

MIN_REPEATED_SHARE = 0.5
"""A lookup answers new rows only when values come again: this share of rows must share theirs."""

MAX_TERMS = 6
"""More columns than this in a sum are a model, not a formula."""

MAX_COLUMNS = 200
"""Columns a sum is looked for in; the widest tables are cut here to keep the search below a second."""

MIN_ROWS_PER_COLUMN = 5
"""A sum is believed only with this many rows for each column searched, else anything fits."""

MAX_RESIDUAL_SHARE = 1e-5
"""A formula may be off by this share of the target's spread (its standard deviation): printed decimals
are rounded."""

MAX_MAGNITUDE = 1e100
"""Numbers beyond this have squares that a float64 may not hold once they are added up."""

SEARCH_ROWS = 4_000
"""Rows the search for a sum reads; what it finds is then held against every row."""


TIDY_DIGITS = (6, 10, 15)
"""Significant digits a weight is written with: the fewest that keep the formula exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """The target as a weighted sum of columns, exact on every complete row.

    Args:
        weights: column -> factor. constant: what is added.
        rows: complete rows it was held against.
    """

    weights: Mapping[str, float]
    constant: float
    rows: int

    def spelled(self, target: str) -> str:
        """The formula as one would write it: ``cnt = casual + registered``."""
        terms = [_term(weight, name) for name, weight in self.weights.items()]
        if self.constant:
            terms.append(("- " if self.constant < 0 else "+ ") + f"{abs(self.constant):g}")
        return f"{target} = " + " ".join(terms).removeprefix("+ ")


def _term(weight: float, name: str) -> str:
    sign = "-" if weight < 0 else "+"
    return f"{sign} {name}" if abs(weight) == 1 else f"{sign} {abs(weight):g} x {name}"


def is_lookup(column: polars.Series, target: polars.Series) -> bool:
    """Whether each value of the column always goes with the same target, beyond chance and repeats.

    Args:
        column: any type (rows,). target: any type (rows,); rows where either is missing are left out.
    """
    pairs = polars.DataFrame({"value": column, "target": target}).drop_nulls()
    if pairs.height < 2 or pairs["target"].n_unique() < 2:
        return False
    groups = pairs.group_by("value").agg(
        polars.len().alias("rows"), polars.col("target").n_unique().alias("answers")
    )
    if not bool((groups["answers"] == 1).all()):
        return False
    repeats = groups.filter(polars.col("rows") > 1)["rows"].to_numpy()
    if repeats.sum() < MIN_REPEATED_SHARE * target.drop_nulls().len():
        return False
    shares = pairs["target"].value_counts(name="rows")["rows"].to_numpy() / pairs.height
    return _log10_chance(repeats, shares) <= MAX_LOG10_CHANCE


def _log10_chance(repeats: NDArray[Any], shares: NDArray[np.float64]) -> float:
    """Log10 of the probability that groups of these sizes all agree when the target is drawn at random."""
    sizes, counts = np.unique(repeats, return_counts=True)
    logarithms = np.log(shares)
    chance: NDArray[np.float64] = np.logaddexp.reduce(sizes[:, None] * logarithms[None, :], axis=1)
    return float((counts * chance).sum() / np.log(10))


def find_sum(table: polars.DataFrame, target: polars.Series) -> Formula | None:
    """The target as a weighted sum of at most `MAX_TERMS` numeric columns, if there is one.

    Least squares on some rows; where they fit exactly, columns are dropped one by one while the fit
    stays exact, and what is left is held against every complete row.

    Args:
        table: Float64 columns (rows,). target: Float64 (rows,).
    """
    names = _usable(table, target) if table.width else []
    if not names:
        return None
    values, answers = _complete(table, target, names)
    if len(answers) < MIN_ROWS_PER_COLUMN * (len(names) + 1):
        return None
    sample = slice(None, None, max(1, len(answers) // SEARCH_ROWS))
    kept = _fewest_columns(values[sample], answers[sample])
    if not kept or len(kept) > MAX_TERMS:
        return None
    return _held(table, target, [names[index] for index in kept])


def _usable(table: polars.DataFrame, target: polars.Series) -> list[str]:
    """Columns that vary and are seldom missing where the target is known; none for an enormous target."""
    known = table.filter(target.is_not_null())
    names = [c for c in known.columns if known[c].null_count() <= known.height // 100]
    if not _squares(target):
        return []
    return [name for name in names if known[name].n_unique() > 1 and _squares(known[name])][:MAX_COLUMNS]


def _squares(values: polars.Series) -> bool:
    """Whether sums of squares of these numbers stay finite."""
    largest = values.abs().max()
    return isinstance(largest, float) and largest < MAX_MAGNITUDE


def _complete(
    table: polars.DataFrame, target: polars.Series, names: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = table.select(names).with_columns(target.alias("\0target")).drop_nulls()
    return rows.select(names).to_numpy(), rows["\0target"].to_numpy()


def _fit(values: NDArray[np.float64], answers: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Least squares on standardised columns: weights in units of spread, and whether the fit is exact."""
    spread = np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
    design = (values - values.mean(axis=0)) / spread
    centred = answers - answers.mean()
    weights, *_ = np.linalg.lstsq(design, centred, rcond=None)
    residual = np.abs(centred - design @ weights).max()
    return weights, bool(residual <= MAX_RESIDUAL_SHARE * float(answers.std()))


def _fewest_columns(values: NDArray[np.float64], answers: NDArray[np.float64]) -> list[int] | None:
    """Positions of the columns an exact fit needs; None when even all of them do not fit exactly."""
    kept = list(range(values.shape[1]))
    weights, exact = _fit(values, answers)
    if not exact:
        return None
    negligible = MAX_RESIDUAL_SHARE * np.abs(weights).max()
    candidate = [position for position in kept if abs(weights[position]) > negligible]
    if _fit(values[:, candidate], answers)[1]:
        kept = candidate
    # a column that repeats another shares its weight, so each is also tried without
    for position in sorted(kept, key=lambda index: abs(float(weights[index]))):
        fewer = [index for index in kept if index != position]
        if fewer and _fit(values[:, fewer], answers)[1]:
            kept = fewer
    return kept


def _held(table: polars.DataFrame, target: polars.Series, names: list[str]) -> Formula | None:
    """The formula over these columns with tidy weights, if it is exact on every complete row."""
    values, answers = _complete(table, target, names)
    design = np.column_stack([values, np.ones(len(answers))])
    spread = float(np.std(answers))
    solution, *_ = np.linalg.lstsq(design, answers, rcond=None)
    for digits in TIDY_DIGITS:
        tidy = np.array([float(f"{weight:.{digits}g}") for weight in solution])
        if abs(tidy[-1]) <= MAX_RESIDUAL_SHARE * spread:
            tidy[-1] = 0.0
        if np.abs(answers - design @ tidy).max() <= 10 * MAX_RESIDUAL_SHARE * spread:
            weights = dict(zip(names, tidy[:-1].tolist(), strict=True))
            return Formula(weights=weights, constant=float(tidy[-1]), rows=len(answers))
    return None
