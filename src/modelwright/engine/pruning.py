"""A trained network made sparse: its smallest weights set to 0 while it goes on learning.

Weights are not taken out at once. Training goes on from the trained weights, and in each of a few steps
the smallest are set to 0 and stay there: many at first, while there are plenty to spare, ever fewer towards
the end. The rest of the training mends what was lost.

Source: Zhu and Gupta 2017, "To prune, or not to prune", equation 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine import yours
from modelwright.engine.choices import read_choices
from modelwright.engine.folds import Part
from modelwright.engine.keras_backend import keras
from modelwright.engine.last_layer import last_layer, loss_answers
from modelwright.engine.network_architecture import network_inputs
from modelwright.engine.network_population import trained_together
from modelwright.engine.networks import NetworkChoices, keras_model, scaled_part, weight_name
from modelwright.engine.trained import Trained

LEAST_NUMBERS = 1_000
"""Weights of fewer numbers, biases and gains are left alone: they are few, and each does much."""

CUTS = 20
"""In so many steps the weights are set to 0; the cubic curve is followed closely enough."""

PRUNING_SHARE = 0.7
"""Of the fine-tuning; in the rest no more weights go, and those that stay make up for the others."""

LEAST_EPOCHS = 4
"""Of fine-tuning: fewer leave no room for a gradual schedule."""


@keras.saving.register_keras_serializable(package="modelwright")
class GradualPruning(keras.optimizers.Adam):  # pyright: ignore[reportUntypedBaseClass]  # keras has no types
    """Adam that sets the smallest weights of each large kernel to 0, and holds them there.

    The masks are variables of the optimizer, so that they go wherever its state goes: into a compiled
    step, a checkpoint, a stack of models.

    Args:
        sparsity: share of each large weight that is 0 at the end.
        pruning_steps: steps until then. every: steps between two cuts.
    """

    def __init__(
        self, learning_rate: float, *, sparsity: float, pruning_steps: int, every: int, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.sparsity, self.pruning_steps, self.every = sparsity, pruning_steps, every

    def build(self, var_list: Any) -> None:
        """Called by Keras."""
        if self.built:
            return
        super().build(var_list)
        self._masks: list[Any] = [
            self.add_variable_from_reference(one, name="mask", initializer="ones") if is_pruned(one) else None
            for one in var_list
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Adam's step, then the mask; called by Keras for each weight."""
        super().update_step(gradient, variable, learning_rate)
        mask = self._masks[self._get_variable_index(variable)]
        if mask is None:
            return
        step = self.iterations + 1
        held, weights = mask.value, variable.value
        is_cut = (step % self.every == 0) & (step <= self.pruning_steps)
        target = self._sparsity_at(step)

        def cut() -> Any:
            return largest(weights * held, target)

        def hold() -> Any:
            return held

        kept = keras.ops.cond(is_cut, cut, hold)
        self.assign(mask, kept)
        self.assign(variable, weights * kept)

    def _sparsity_at(self, step: Any) -> Any:
        remaining = 1.0 - keras.ops.minimum(1.0, keras.ops.cast(step, "float32") / self.pruning_steps)
        return self.sparsity * (1.0 - remaining**3)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras saves them."""
        own = {"sparsity": self.sparsity, "pruning_steps": self.pruning_steps, "every": self.every}
        return {**super().get_config(), **own}


def largest(weights: Any, sparsity: Any) -> Any:
    """1 for each weight that is kept, 0 for the share of smallest ones."""
    ops = keras.ops
    sizes = ops.abs(weights)
    ordered = ops.sort(ops.reshape(sizes, (-1,)))
    # Rounded, not cut off: 0.9 x 10 in float32 is less than 9.
    cut = ops.cast(ops.round(sparsity * math.prod(weights.shape)), "int32")
    threshold = ops.where(cut > 0, ops.take(ordered, ops.maximum(cut - 1, 0)), -1.0)
    return ops.cast(sizes > threshold, weights.dtype)


def is_pruned(variable: Any) -> bool:
    """Kernels and tables of many numbers."""
    return len(variable.shape) > 1 and math.prod(variable.shape) >= LEAST_NUMBERS


def prune(trained: Trained, part: Part, sparsity: float) -> Trained:
    """Train on, with gradual magnitude pruning.

    Args:
        trained: a network, built-in or yours.
        part: the rows it was trained on. Fine-tuning takes as many epochs again as training took, at the
            same learning rate.
        sparsity: share of each large weight that will be 0.

    Raises:
        ModelError: training diverged.
    """
    target = trained.target
    scale = None if target.classifies else (trained.arrays["centre"], trained.arrays["scale"])
    wanted = scaled_part(target, replace(part, validation=None, validation_answers=None), scale)
    course = _course(trained, wanted)
    epochs = max(LEAST_EPOCHS, trained.best_epochs)
    steps = math.ceil(len(wanted.answers) / course.batch_size) * epochs
    pruning_steps = max(1, round(PRUNING_SHARE * steps))
    every = max(1, pruning_steps // CUTS)

    def build(architecture: str) -> Any:  # always the trained one's
        model = keras_model(trained)
        optimizer = GradualPruning(
            course.learning_rate,
            sparsity=sparsity,
            pruning_steps=pruning_steps // every * every,  # the last cut is the full one
            every=every,
        )
        model.compile(optimizer=optimizer, loss=course.loss)
        return model

    length = _Length(batch_size=course.batch_size, epochs=epochs)
    architecture = trained.text["architecture"]
    (found,) = trained_together(
        build, [architecture], [wanted], course.inputs_of, course.answers_of, length, trained.recipe
    )
    weights = {weight_name(place): weight for place, weight in enumerate(found.weights)}
    return replace(trained, arrays={**trained.arrays, **weights}, curves=found.curves, notes=found.notes)


def sparsity_of(trained: Trained) -> float:
    """Share of zeros among the weights that pruning may touch; 0 where there are none."""
    large = [np.asarray(one) for one in trained.arrays.values() if one.ndim > 1 and one.size >= LEAST_NUMBERS]
    numbers = sum(one.size for one in large)
    return sum(int((one == 0).sum()) for one in large) / numbers if numbers else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Length:
    """How long to fine-tune; no rows tell when to stop."""

    batch_size: int
    epochs: int
    max_epochs: int = 0
    patience: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """How the network was trained, and so how it goes on."""

    loss: Any
    learning_rate: float
    batch_size: int
    inputs_of: Callable[[Any], Any]
    answers_of: Callable[[NDArray[Any]], NDArray[Any]]


def _course(trained: Trained, part: Part) -> _Course:
    recipe, target = trained.recipe, trained.target
    if recipe.family == "yours":
        code = yours.compiled_code(recipe, target, yours.width_of(part.training))
        return _Course(
            loss=code.build().loss,
            learning_rate=code.choices.learning_rate,
            batch_size=code.choices.batch_size,
            inputs_of=yours.inputs_of,
            answers_of=lambda values: loss_answers(target, values, *code.answers_as),
        )
    choices = read_choices(recipe, NetworkChoices)
    last = last_layer(target, choices.loss)
    return _Course(
        loss=last.loss,
        learning_rate=choices.learning_rate,
        batch_size=choices.batch_size,
        inputs_of=network_inputs,
        answers_of=lambda values: loss_answers(target, values, last.units, last.loss),
    )
