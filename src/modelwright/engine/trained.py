"""A trained contender: all that is needed to predict with it again, as arrays and text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.target import Target
from modelwright.records import Recipe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Trained:
    """What training a recipe left behind. Compared by identity.

    Args:
        recipe, target: what was trained, and on what kind of answer.
        arrays: by family. Regression (but for prior): ``centre`` and ``scale`` (targets,);
            a prediction is raw x scale + centre.
            linear: ``weights`` (width, last units) on `Prepared.design()`, ``intercept`` (last units,);
            trees: ``terms`` (terms,) int64, the bag columns read;
            network, yours: ``weight_000``, ... in the order of ``model.weights``;
            prior: ``answer`` (outputs,).
        text: trees: ``trees`` (and ``trees_1``, ... one a target), LightGBM's own text;
            network, yours: ``architecture``, JSON.
        parameters: numbers learnt. best_epochs: epochs, trees or iterations of the model kept.
        curves: (epochs, 2) training and validation loss of every epoch made, penalties left out; NaN where
            not measured.
        notes: what was done otherwise than usual, and why.
    """

    recipe: Recipe
    target: Target
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])
    text: dict[str, str] = field(default_factory=dict[str, str])
    parameters: int = 0
    best_epochs: int = 0
    curves: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
