"""A whole model from raw columns: preparation and contender fitted on the same rows."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows
from modelwright.engine.model import Model
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.augmenting import augment_rows, augmented_sources
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.target import Target
from modelwright.engine.training import train
from modelwright.records import Plan, Recipe


def train_whole(
    recipe: Recipe,
    target: Target,
    plan: Plan,
    columns: Columns,
    answers: NDArray[Any],
    *,
    rows: Rows,
    seed: int,
) -> Model:
    """Fit the plan on these rows and train the recipe on them, as long as it says.

    Args:
        answers: of all rows, (all rows,) or (all rows, targets).
        rows: positions of those to learn from.
        seed: draws the copies of rows that have a column missing.

    Raises:
        ModelError: training diverged, or a user's code failed.
    """
    preparation = fit_preparation(plan, columns, rows)
    longer, augmented = augment_rows(plan, columns, rows, seed)
    prepared = prepare_rows(preparation, longer, augmented)
    trained = train(recipe, target, prepared, answers[augmented_sources(plan, rows, seed)])
    return Model(preparation=preparation, trained=trained)
