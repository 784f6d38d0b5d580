"""A recipe becomes trained models: each family by its own trainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from modelwright.engine.folds import Part
from modelwright.engine.linear import train_linear
from modelwright.engine.prior import train_prior
from modelwright.engine.target import Target
from modelwright.engine.trained import Trained
from modelwright.errors import ModelError
from modelwright.records import Recipe

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared

TOGETHER = ("network", "yours")
"""Families whose folds train side by side."""


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
    held_out, held_out_answers = validation or (None, None)
    part = Part(training=training, answers=answers, validation=held_out, validation_answers=held_out_answers)
    return train_parts(recipe, target, [part])[0]


def train_parts(recipe: Recipe, target: Target, parts: Sequence[Part]) -> list[Trained]:
    """Train one candidate on every part, networks on all of them at once; raises as `train` does."""
    if recipe.family in TOGETHER:
        from modelwright.engine.networks import train_networks  # Keras and JAX load only when needed

        return train_networks(recipe, target, parts)
    return [_train_alone(recipe, target, part) for part in parts]


def _train_alone(recipe: Recipe, target: Target, part: Part) -> Trained:
    if recipe.family == "prior":
        return train_prior(recipe, target, part.answers)
    if recipe.family == "linear":
        return train_linear(recipe, target, part.training, part.answers)
    if recipe.family == "trees":
        from modelwright.engine.trees import train_trees  # LightGBM loads only when needed

        validation = None
        if part.validation is not None and part.validation_answers is not None:
            validation = (part.validation, part.validation_answers)
        return train_trees(recipe, target, part.training, part.answers, validation)
    raise ModelError(
        where=f"recipe '{recipe.name}'",
        expected="a family that can be trained",
        received=recipe.family,
        do_this="An existing solution is called, not trained.",
    )
