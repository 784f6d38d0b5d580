"""A Keras model's training step, loss and answers as compiled functions of its state.

``fit`` would compile anew for every model and call Python at every batch; here many batches are one call,
and models that differ in nothing but numbers share the compiled functions.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import jax

# Rows handed to one call of a compiled function: few calls, yet the budget is looked at often.
ROWS_PER_CALL = 8_192
# Rows evaluated or answered at a time.
ROWS_PER_ANSWER = 1_024
# LLVM's first level: a quarter less time compiling (3.8 -> 3.0 CPU seconds for a 2 x 64 network on
# table data), and the same time running; most candidates train for less long than they compile.
COMPILER_OPTIONS = {"xla_backend_optimization_level": 1}

Inputs = Any
"""One array, or a dict of arrays by input name; rows first."""

State = tuple[list[Any], list[Any], list[Any]]
"""Values of a model's trainable, other, and optimizer variables."""


class Program:
    """Compiled functions of one architecture; the model lends its structure, never its weights."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.train = jax.jit(self._train, donate_argnums=0, compiler_options=COMPILER_OPTIONS)
        self.loss = jax.jit(self._loss, compiler_options=COMPILER_OPTIONS)
        self.answer = jax.jit(self._answer, compiler_options=COMPILER_OPTIONS)

    def _train(self, state: State, batches: Any, rows: Any, steps: Any) -> tuple[State, Any]:
        """Run the first `steps` batches; returns the new state and the sum of losses x rows."""

        def step(index: Any, carried: Any) -> Any:
            state, total = carried
            batch = taken(batches, index)
            logs, after = self.model.train_step((*state, self._zero_metrics()), batch)
            return tuple(list(part) for part in after[:3]), total + logs["loss"] * rows[index]

        return cast(Any, jax.lax.fori_loop(0, steps, step, (state, np.float32(0.0))))

    def _loss(self, trainable: list[Any], others: list[Any], batch: Any) -> Any:
        logs, _ = self.model.test_step((trainable, others, self._zero_metrics()), batch)
        return logs["loss"]

    def _answer(self, trainable: list[Any], others: list[Any], inputs: Inputs) -> Any:
        outputs, _ = self.model.predict_step((trainable, others), (inputs,))
        return outputs

    def _zero_metrics(self) -> list[Any]:
        """Metrics afresh at every batch: the loss they report is then that batch's own."""
        return [jax.numpy.zeros_like(variable.value) for variable in self.model.metrics_variables]


def state_of(model: Any) -> State:
    """A copy of the values of a built and compiled model's variables."""
    model.optimizer.build(model.trainable_variables)
    parts = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    copies = [[copied(variable.value) for variable in part] for part in parts]
    return copies[0], copies[1], copies[2]


def copied(value: Any) -> Any:
    """The array in memory of its own. Through numpy: JAX would compile a copy for every shape."""
    return jax.numpy.asarray(np.array(value, copy=True))


def row_count(inputs: Inputs) -> int:
    """How many rows the inputs have."""
    return len(jax.tree.leaves(inputs)[0])


def answers_of(program: Program, state: State, inputs: Inputs) -> NDArray[np.float64]:
    """The model's outputs, (rows, units), a fixed number of rows at a time."""
    rows = row_count(inputs)
    chunks: list[NDArray[Any]] = []
    for start in range(0, rows, ROWS_PER_ANSWER):
        positions, real = padded(np.arange(start, min(start + ROWS_PER_ANSWER, rows)), ROWS_PER_ANSWER)
        outputs = program.answer(state[0], state[1], taken(inputs, positions))
        chunks.append(np.asarray(outputs)[:real])
    return np.concatenate(chunks).astype(np.float64)


def padded(positions: NDArray[np.int64], length: int) -> tuple[NDArray[np.int64], int]:
    """Positions filled up to `length` with the first of them, and how many are real."""
    filler = np.full(length - len(positions), positions[0], dtype=np.int64)
    return np.concatenate([positions, filler]), len(positions)


def taken(arrays: Any, positions: Any) -> Any:
    """The rows at these positions, of every array."""

    def take(array: Any) -> Any:
        return array[positions]

    return jax.tree.map(take, arrays)
