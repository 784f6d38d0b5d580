"""Arrays in lists and dicts, taken by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.engine.keras_backend import jax


def rows_at(tree: Any, rows: Any) -> Any:
    """The rows at these positions of every array."""

    def take(array: Any) -> Any:
        return array[rows]

    return jax.tree.map(take, tree)


def numpy_rows(tree: Any, rows: Any) -> Any:
    """The same as numpy arrays, whatever kind of array they come as."""

    def take(array: Any) -> Any:
        return np.asarray(array)[rows]

    return jax.tree.map(take, tree)


def where(condition: Any, these: Any, those: Any) -> Any:
    """Every array of `these` where the condition holds, of `those` elsewhere."""

    def choose(this: Any, that: Any) -> Any:
        return jax.numpy.where(condition, this, that)

    return jax.tree.map(choose, these, those)
