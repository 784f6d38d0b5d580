"""What a preparation learns from a fold's training rows, and from no other row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows
from modelwright.engine.preparation.augmenting import augment_rows, augmented_sources
from modelwright.engine.preparation.dates import DATE_PARTS, date_parts
from modelwright.engine.preparation.fitting_texts import fit_text, fitted_length
from modelwright.engine.preparation.preparation import (
    CategoryPreparation,
    DatePart,
    NumberPreparation,
    Preparation,
    TextPreparation,
)
from modelwright.engine.preparation.tokens import tokenised
from modelwright.records import ColumnPlan, Plan

__all__ = ["augment_rows", "augmented_sources", "fit_preparation"]


def fit_preparation(plan: Plan, columns: Columns, rows: Rows) -> Preparation:
    """Learn medians, deviations, categories and vocabularies from the given rows only.

    Args:
        rows: positions of the training rows.
    """
    numbers: list[NumberPreparation] = []
    categories: list[CategoryPreparation] = []
    texts: list[TextPreparation] = []
    longest = 0
    for column in plan.columns:
        values = columns.values[column.name]
        if column.treatment == "category":
            categories.append(_fit_category(column, values[rows], plan))
        elif column.treatment == "text":
            tokens = tokenised(columns, column.name)
            texts.append(fit_text(column.name, tokens, rows, plan))
            longest = max(longest, fitted_length(tokens, rows, plan))
        else:
            numbers.extend(_fit_numbers(column, values[rows]))
    return Preparation(
        columns=plan.columns,
        numbers=tuple(numbers),
        categories=tuple(categories),
        texts=tuple(texts),
        max_tokens=longest,
    )


def _fit_numbers(column: ColumnPlan, values: NDArray[np.float64]) -> list[NumberPreparation]:
    """One feature for a number, one a part for a date; a date's parts share one indicator."""
    if column.treatment == "number":
        return [_fit_number(column, "value", values, indicator=True)]
    parts = date_parts(values)
    return [_fit_number(column, part, parts[part], indicator=part == "days") for part in DATE_PARTS]


def _fit_number(
    column: ColumnPlan, part: DatePart, values: NDArray[np.float64], *, indicator: bool
) -> NumberPreparation:
    missing = np.isnan(values)
    known = values[~missing]
    median = float(np.median(known)) if len(known) else 0.0
    centre, scale = _centre_and_scale(np.where(missing, median, values))
    return NumberPreparation(
        column=column.name,
        part=part,
        median=median,
        centre=centre,
        scale=scale,
        indicator=indicator and (bool(missing.any()) or column.drop_share > 0),
    )


def _centre_and_scale(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation; a constant column keeps scale 1.

    Values are first divided by a power of two (which is exact), so that squares neither overflow nor
    vanish.
    """
    if len(values) == 0 or values.min() == values.max():
        return (float(values[0]), 1.0) if len(values) else (0.0, 1.0)
    unit = 2.0 ** int(np.frexp(np.abs(values).max())[1] - 1)
    shrunk = values / unit
    scale = float(shrunk.std() * unit)
    return float(shrunk.mean() * unit), scale if scale > 0 else 1.0


def _fit_category(column: ColumnPlan, values: NDArray[np.object_], plan: Plan) -> CategoryPreparation:
    """The most frequent categories, ties by name."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    frequent = [(-n, name) for name, n in counts.items() if name and n >= plan.min_category_rows]
    kept = tuple(name for _, name in sorted(frequent)[: plan.max_categories])
    return CategoryPreparation(column=column.name, kept=kept)
