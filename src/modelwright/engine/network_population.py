"""One recipe's folds as a population: every fold a member, trained at once where their models are alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.folds import Part
from modelwright.engine.keras_backend import jax
from modelwright.engine.population import Bags, Population, train_population
from modelwright.errors import ModelError
from modelwright.records import Recipe

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared

MAX_TOGETHER_BYTES = 1_000_000_000
"""Folds' rows are put side by side for one program up to here; beyond, fold after fold."""


class Length(Protocol):
    """How long to train; as `NetworkChoices` says."""

    @property
    def batch_size(self) -> int:
        """Rows a step."""
        ...

    @property
    def max_epochs(self) -> int:
        """At most so many, where validation rows tell when to stop."""
        ...

    @property
    def epochs(self) -> int:
        """Exactly so many, where there are none."""
        ...

    @property
    def patience(self) -> int:
        """Epochs without a lower validation loss."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Training:
    """What training one part came to: weights in the order of ``model.weights``, curves (epochs, 2)."""

    architecture: str
    weights: list[NDArray[Any]]
    parameters: int
    best_epochs: int
    curves: NDArray[np.float32]
    notes: tuple[str, ...]


def trained_together(
    build: Callable[[str], Any],
    architectures: Sequence[str],
    parts: Sequence[Part],
    inputs_of: Callable[[Prepared], Any],
    answers_of: Callable[[NDArray[Any]], NDArray[Any]],
    length: Length,
    recipe: Recipe,
) -> list[Training]:
    """Train a model on every part; parts whose models have one architecture train side by side.

    Args:
        build: the compiled model of an architecture. inputs_of, answers_of: a part's rows as it takes them.

    Raises:
        ModelError: a training diverged.
    """
    found: dict[int, Training] = {}
    for architecture in dict.fromkeys(architectures):
        places = [place for place, one in enumerate(architectures) if one == architecture]
        rows = [_Rows.of(parts[place], inputs_of, answers_of) for place in places]
        together = sum(one.size_bytes for one in rows) <= MAX_TOGETHER_BYTES
        for batch in [list(range(len(places)))] if together else [[place] for place in range(len(places))]:
            population = _population(build, architecture, [rows[place] for place in batch], length, recipe)
            for member, place in enumerate(batch):
                found[places[place]] = _training(population, member, architecture)
    return [found[place] for place in range(len(parts))]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """One part's rows, training rows first."""

    inputs: Any
    answers: NDArray[Any]
    training: int

    @classmethod
    def of(cls, part: Part, inputs_of: Callable[[Prepared], Any], answers_of: Callable[..., Any]) -> _Rows:
        inputs, answers = inputs_of(part.training), answers_of(part.answers)
        training = len(answers)
        if part.validation is not None and part.validation_answers is not None:
            inputs = joined([inputs, inputs_of(part.validation)])
            answers = np.concatenate([answers, answers_of(part.validation_answers)])
        return cls(inputs=inputs, answers=answers, training=training)

    @property
    def size_bytes(self) -> int:
        """Memory its inputs take."""
        if isinstance(self.inputs, Bags):
            return self.inputs.ids.nbytes * 2
        return sum(array.nbytes for array in jax.tree.leaves(self.inputs))


def _population(
    build: Callable[[str], Any], architecture: str, rows: list[_Rows], length: Length, recipe: Recipe
) -> Population:
    total = sum(len(one.answers) for one in rows)
    membership = np.zeros((len(rows), total), dtype=np.int8)
    start, validated = 0, False
    for member, one in enumerate(rows):
        membership[member, start : start + len(one.answers)] = 2
        membership[member, start : start + one.training] = 1
        validated = validated or one.training < len(one.answers)
        start += len(one.answers)
    population = train_population(
        build,
        joined([one.inputs for one in rows]),
        np.concatenate([one.answers for one in rows]),
        membership=membership,
        choices=({"architecture": architecture},),
        seeds=(recipe.seed,),
        epochs=length.max_epochs if validated else length.epochs,
        batch_size=length.batch_size,
        patience=length.patience if validated else None,
    )
    _refuse_divergence(population)
    return population


def joined(parts: list[Any]) -> Any:
    """Inputs of one form put after each other: arrays, dicts of arrays, or bags."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Bags):
        return Bags.joined(parts)
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def _training(population: Population, member: int, architecture: str) -> Training:
    epochs = int(population.epochs[member])
    curves = population.curves
    training = curves.get("data_loss", curves["loss"])[member, :epochs]
    validation = (
        curves["val_data_loss"][member, :epochs] if "val_data_loss" in curves else np.full(epochs, np.nan)
    )
    return Training(
        architecture=architecture,
        weights=population.weights(member),
        parameters=int(population.parameters[member]),
        best_epochs=int(population.best_epochs[member]),
        curves=np.stack([training, validation], axis=1).astype(np.float32),
        notes=population.notes,
    )


def _refuse_divergence(population: Population) -> None:
    losses = population.curves.get("val_loss", population.curves["loss"])
    last = losses[np.arange(len(population)), population.epochs - 1]
    if population.diverged.any() or not np.isfinite(last).all():
        raise ModelError(
            where=f"epoch {int(population.epochs.min())} of training",
            expected="a finite loss",
            received="an infinite or undefined one: training diverged",
            do_this="Lower learning_rate, or make the network smaller.",
        )
