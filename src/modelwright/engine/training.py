"""A recipe becomes a trained model: each family by its own trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from modelwright.engine.linear import train_linear
from modelwright.engine.prior import train_prior
from modelwright.engine.target import Target
from modelwright.engine.trained import Trained
from modelwright.errors import ModelError
from modelwright.records import Recipe

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared


def train(
    recipe: Recipe,
    target: Target,
    training: Prepared,
    answers: NDArray[Any],
    *,
    validation: tuple[Prepared, NDArray[Any]] | None = None,
) -> Trained:
    """Train one candidate, within `engine.budget` where one is set.

    Args:
        validation: rows that tell trees and networks when to stop. Without them the recipe's
            ``trees`` or ``epochs`` says how long to train.

    Shapes:
        answers: int64 (rows,) class positions, or float64 (rows, targets)

    Raises:
        ModelError: training diverged, a choice is off, or a user's code failed.
    """
    if recipe.family == "prior":
        return train_prior(recipe, target, answers)
    if recipe.family == "linear":
        return train_linear(recipe, target, training, answers)
    if recipe.family == "trees":
        from modelwright.engine.trees import train_trees  # LightGBM loads only when needed

        return train_trees(recipe, target, training, answers, validation)
    if recipe.family in ("network", "yours"):
        from modelwright.engine.networks import train_network  # Keras and JAX load only when needed

        return train_network(recipe, target, training, answers, validation)
    raise ModelError(
        where=f"recipe '{recipe.name}'",
        expected="a family that can be trained",
        received=recipe.family,
        do_this="An existing solution is called, not trained.",
    )
