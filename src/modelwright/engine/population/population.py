"""What training a population leaves: a curve and a model for each member."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import keras
from modelwright.engine.population.bags import Bags

Weights = list[NDArray[Any]]
# Rows answered at a time where inputs are bags of words.
ROWS_PER_ANSWER = 1_024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """One member's training: its weights in the order of ``get_weights``, and its curves."""

    index: int
    weights: Weights
    curves: dict[str, list[float]]
    epochs: int
    best_epoch: int
    diverged: bool
    parameters: int


@dataclass(slots=True, kw_only=True, eq=False)
class Population:
    """Trained models, in the order they were asked for.

    Args:
        curves: what Keras's history holds (``loss``, ``val_loss`` and metrics), and ``data_loss`` and
            ``val_data_loss``, from which penalties are left out. NaN after a member's last epoch.
        epochs: trained. best_epochs: the epoch, from 1, whose weights were kept.
        diverged: members whose loss became infinite or undefined; they stopped there.
        parameters: trainable numbers.
        notes: what was done otherwise than asked, and why.

    Shapes:
        curves: float32 (members, epochs) each; epochs, best_epochs, parameters: int64
            (members,); diverged: bool (members,)
    """

    curves: dict[str, NDArray[np.float32]]
    epochs: NDArray[np.int64]
    best_epochs: NDArray[np.int64]
    diverged: NDArray[np.bool_]
    parameters: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    _weights: list[Weights] = field(repr=False)
    _rebuild: Callable[[int], Any] = field(repr=False)
    choices: tuple[Mapping[str, Any], ...] = ()
    seeds: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self._weights)

    def weights(self, member: int) -> Weights:
        """The member's kept weights, in the order of ``keras.Model.get_weights``."""
        return self._weights[member]

    def model(self, member: int) -> Any:
        """The member as a Keras model with its kept weights; ``.save("model.keras")`` exports it."""
        model = self._rebuild(member)
        model.set_weights(self._weights[member])
        return model

    def predict(self, member: int, inputs: Any) -> Any:
        """The member's answers, as ``keras.Model.predict`` gives them; inputs may be `Bags`."""
        model = self.model(member)
        if not isinstance(inputs, Bags):
            return model.predict(inputs, verbose=0)
        starts = range(0, len(inputs), ROWS_PER_ANSWER)
        rows = [np.arange(start, min(start + ROWS_PER_ANSWER, len(inputs))) for start in starts]
        return np.concatenate([model.predict_on_batch(inputs.dense(part)) for part in rows])

    def save(self, member: int, path: str | Path) -> None:
        """Write the member as a ``.keras`` file."""
        model = self.model(member)
        model.optimizer.build(model.trainable_variables)  # so that it is there to be loaded
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, about numpy's copies
            keras.saving.save_model(model, str(path))


def gathered(
    outcomes: list[Outcome],
    notes: list[str],
    epochs: int,
    rebuild: Callable[[int], Any],
    wanted: list[tuple[Mapping[str, Any], int]],
) -> Population:
    """The members' outcomes as one population, in the members' order."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.index)
    names = list(dict.fromkeys(name for outcome in ordered for name in outcome.curves))
    return Population(
        curves={name: _table([one.curves.get(name, []) for one in ordered], epochs) for name in names},
        epochs=np.array([one.epochs for one in ordered]),
        best_epochs=np.array([one.best_epoch for one in ordered]),
        diverged=np.array([one.diverged for one in ordered]),
        parameters=np.array([one.parameters for one in ordered]),
        notes=tuple(notes),
        choices=tuple(choices for choices, _ in wanted),
        seeds=tuple(seed for _, seed in wanted),
        _weights=[one.weights for one in ordered],
        _rebuild=rebuild,
    )


def _table(curves: list[list[float]], epochs: int) -> NDArray[np.float32]:
    table = np.full((len(curves), epochs), np.nan, dtype=np.float32)
    for row, curve in zip(table, curves, strict=True):
        row[: len(curve)] = curve
    return table
