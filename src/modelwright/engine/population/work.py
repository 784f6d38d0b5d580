"""What the members of a population have in common: the data and how long to train."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population.bags import Bags
from modelwright.engine.population.checkpoints import fingerprint
from modelwright.engine.population.stack import Plan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """What to train on and for how long; arguments as in `train_population`.

    Args:
        tell: told how many members finished an epoch, and the least loss among them.
    """

    inputs: Any
    targets: Any
    weights: NDArray[Any] | None
    class_weight: Mapping[int, float] | None
    batch_size: int
    plan: Plan
    max_bytes: int | None
    tell: Callable[[int, float], None]
    checkpoints: Path | None = None
    _stopped: Event = field(default_factory=Event)

    @property
    def training_weights(self) -> NDArray[np.float32] | None:
        """Weights of rows in training: the sample weights, or those of the rows' classes."""
        if self.class_weight is None:
            return None if self.weights is None else np.asarray(self.weights, dtype=np.float32)
        return class_weights(np.asarray(self.targets), self.class_weight)

    @property
    def validation_weights(self) -> NDArray[np.float32] | None:
        """Weights of rows in validation: class weights are not for it."""
        return None if self.weights is None else np.asarray(self.weights, dtype=np.float32)

    @property
    def fingerprint(self) -> str:
        """A digest of data, plan and versions."""
        bags = self.inputs if isinstance(self.inputs, Bags) else None
        inputs = [bags.indptr, bags.ids, bags.values] if bags else jax.tree.leaves(self.inputs)
        arrays = [np.asarray(one) for one in (*inputs, *jax.tree.leaves(self.targets)) if one is not None]
        weights = [one for one in (self.training_weights, self.validation_weights) if one is not None]
        settings = (self.plan, self.batch_size, keras.__version__, jax.__version__)
        return fingerprint(settings, *arrays, *weights)

    def stop(self) -> None:
        """Have every stack end after the call it is in."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether something went wrong or Ctrl-C was pressed."""
        return self._stopped.is_set()


def class_weights(targets: NDArray[Any], weights: Mapping[int, float]) -> NDArray[np.float32]:
    """Each row's weight by its class (a label, or the largest of a one-hot row), 1 where none is given."""
    if targets.ndim > 1:
        targets = targets.argmax(axis=-1) if targets.shape[-1] != 1 else targets[..., 0]
    classes = np.round(targets).astype(np.int64)
    found = np.ones(len(classes), dtype=np.float32)
    for label, weight in weights.items():
        found[classes == label] = weight
    return found
