"""A user's models trained side by side on one split, from several seeds, for their learning curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.last_layer import loss_answers
from modelwright.engine.network_population import joined
from modelwright.engine.population import Bags, Step, train_population
from modelwright.engine.target import Target, standardise
from modelwright.engine.yours import CompiledCode, compiled_code
from modelwright.errors import ModelError
from modelwright.records import Recipe

Inputs = NDArray[np.float32] | Bags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """One model's learning curves: training and validation data loss, penalties left out.

    Args:
        regularised: a penalty on weights, dropout or noise is at work.

    Shapes:
        losses: float32 (seeds, epochs, 2), NaN after an epoch whose loss was no longer finite
    """

    losses: NDArray[np.float32]
    parameters: int
    regularised: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """The rows models are compared on, training rows first.

    Shapes:
        answers: int64 (rows,) class positions, or float64 (rows, targets)
    """

    training: Inputs
    answers: NDArray[Any]
    validation: Inputs
    validation_answers: NDArray[Any]

    @property
    def width(self) -> int:
        """Columns that models read."""
        return self.training.width if isinstance(self.training, Bags) else self.training.shape[1]


def learning_curves(
    recipes: Sequence[Recipe],
    target: Target,
    split: Split,
    *,
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    listener: Callable[[Step], None] | None = None,
) -> list[Curves | str]:
    """Train every recipe (family ``yours``) from every seed, as many at once as share a program.

    Returns:
        For each recipe its curves, or why it could not be trained.
    """
    answers, held_out = split.answers, split.validation_answers
    if not target.classifies:
        answers, centre, scale = standardise(answers)
        held_out = (held_out.reshape(-1, target.outputs) - centre) / scale
    looked = [_looked_at(recipe, target, split.width, batch_size) for recipe in recipes]
    found: list[Curves | str] = [one if isinstance(one, str) else "" for one in looked]
    wanted = np.concatenate([answers, held_out])
    for form in dict.fromkeys(one.answers_as for one in looked if not isinstance(one, str)):
        places = [p for p, one in enumerate(looked) if not isinstance(one, str) and one.answers_as == form]
        codes = [looked[place] for place in places]
        targets = loss_answers(target, wanted, *form)
        trained = _trained(codes, split, targets, seeds, epochs, batch_size, listener)
        for place, curves in zip(places, trained, strict=True):
            found[place] = curves
    return found


def _looked_at(recipe: Recipe, target: Target, width: int, batch_size: int) -> CompiledCode | str:
    try:
        return compiled_code(recipe, target, width)
    except ModelError as error:
        return str(error)


def _trained(
    codes: Sequence[Any],
    split: Split,
    targets: NDArray[Any],
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    listener: Callable[[Step], None] | None,
) -> list[Curves]:
    membership = np.full((1, len(targets)), 2, dtype=np.int8)
    membership[0, : len(split.answers)] = 1

    def build(model: int) -> Any:
        return codes[model].build()

    population = train_population(
        build,
        joined([split.training, split.validation]),
        targets,
        membership=membership,
        choices=[{"model": model} for model in range(len(codes)) for _ in seeds],
        seeds=[seed for _ in codes for seed in seeds],
        epochs=epochs,
        batch_size=batch_size,
        listener=listener,
    )
    both = [population.curves[name] for name in ("data_loss", "val_data_loss")]
    losses = np.stack(both, axis=-1).reshape(len(codes), len(seeds), epochs, 2)
    sizes = population.parameters.reshape(len(codes), len(seeds))[:, 0]
    return [
        Curves(
            losses=losses[model],
            parameters=int(sizes[model]),
            regularised=codes[model].regularised,
            notes=population.notes,
        )
        for model in range(len(codes))
    ]
