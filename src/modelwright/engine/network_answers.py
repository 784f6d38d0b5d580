"""A trained Keras model's answers, many rows a call, by functions compiled once for each architecture."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import jax
from modelwright.engine.population import Bags

# Rows answered at a time.
ROWS_PER_ANSWER = 1_024
# Compiled functions kept: a study asks the same few architectures again and again.
MAX_ANSWERERS = 6

_answerers: OrderedDict[str, Answerer] = OrderedDict()


class Answerer:
    """The compiled answer of one architecture; the model lends its structure, never its weights."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._answer = jax.jit(self._answered)
        self._places = {id(one): place for place, one in enumerate(model.weights)}

    def __call__(self, weights: list[NDArray[Any]], inputs: Any) -> NDArray[np.float64]:
        """The outputs, float64 (rows, units), for weights in the order of ``model.weights``."""
        model = self.model
        trainable = [weights[self._places[id(one)]] for one in model.trainable_variables]
        others = [
            weights[self._places[id(one)]] if id(one) in self._places else one.value
            for one in model.non_trainable_variables
        ]
        rows = len(inputs) if isinstance(inputs, Bags) else len(jax.tree.leaves(inputs)[0])
        chunks: list[NDArray[Any]] = []
        for start in range(0, rows, ROWS_PER_ANSWER):
            real = min(ROWS_PER_ANSWER, rows - start)
            positions = np.full(ROWS_PER_ANSWER, start)
            positions[:real] = np.arange(start, start + real)
            outputs = self._answer(trainable, others, rows_of(inputs, positions))
            chunks.append(np.asarray(outputs)[:real])
        return np.concatenate(chunks).astype(np.float64)

    def _answered(self, trainable: list[Any], others: list[Any], inputs: Any) -> Any:
        outputs, _ = self.model.stateless_call(trainable, others, inputs, training=False)
        return outputs


def answerer(architecture: str, build: Any) -> Answerer:
    """The answerer of that architecture: recalled, or of the model that `build` returns."""
    if architecture not in _answerers:
        _answerers[architecture] = Answerer(build())
        if len(_answerers) > MAX_ANSWERERS:
            _answerers.popitem(last=False)
    _answerers.move_to_end(architecture)
    return _answerers[architecture]


def rows_of(inputs: Any, positions: NDArray[Any]) -> Any:
    """The rows at these positions, of an array, a dict of arrays, or bags (as dense rows)."""
    if isinstance(inputs, Bags):
        return inputs.dense(positions)

    def take(array: Any) -> Any:
        return array[positions]

    return jax.tree.map(take, inputs)
