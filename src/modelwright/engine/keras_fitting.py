"""Epoch after epoch until the validation loss turns: the training loop of Keras contenders."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.budget import remaining_seconds
from modelwright.engine.keras_program import (
    ROWS_PER_ANSWER,
    ROWS_PER_CALL,
    Inputs,
    Program,
    State,
    copied,
    padded,
    row_count,
    taken,
)
from modelwright.errors import ModelError
from modelwright.records import record


@record
class Schedule:
    """How long to train, and in what steps.

    Args:
        epochs: exactly so many where nothing is held out; at most so many otherwise.
        patience: epochs without improvement of the validation loss before training stops.
        weighted: fill up the last batch with rows of weight 0, so that all batches have one shape and
            programs are shared by data sets of any size. Only for models that treat rows one by one
            (no batch normalisation) and losses that are means over the batch.
    """

    batch_size: int
    epochs: int
    patience: int
    seed: int
    weighted: bool


@dataclass(slots=True, kw_only=True)
class Fit:
    """A training so far: the best state seen and the losses of every epoch."""

    best: State
    best_epochs: int = 0
    best_loss: float = math.inf
    losses: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    @property
    def curves(self) -> NDArray[np.float32]:
        """Training and validation loss, (epochs, 2)."""
        return np.array(self.losses, dtype=np.float32).reshape(-1, 2)


def fit(
    program: Program,
    state: State,
    training: tuple[Inputs, NDArray[Any]],
    validation: tuple[Inputs, NDArray[Any]] | None,
    schedule: Schedule,
) -> Fit:
    """Train from `state`; keep the epoch with the least validation loss, or the last.

    Raises:
        ModelError: the loss is no longer finite.
    """
    random = np.random.default_rng(schedule.seed)
    result = Fit(best=state)
    for epoch in range(schedule.epochs):
        state, training_loss, ended = _epoch(program, state, training, schedule, random)
        validation_loss = math.nan
        if validation is not None:
            validation_loss = evaluate(program, state, validation, weighted=schedule.weighted)
        result.losses.append((training_loss, validation_loss))
        watched = training_loss if validation is None else validation_loss
        _refuse_divergence(training_loss, watched, epoch)
        if validation is None or watched < result.best_loss:
            result.best, result.best_epochs, result.best_loss = _copy(state), epoch + 1, watched
        if ended or epoch + 1 - result.best_epochs >= schedule.patience or remaining_seconds() <= 0:
            break
    return result


def evaluate(program: Program, state: State, data: tuple[Inputs, NDArray[Any]], *, weighted: bool) -> float:
    """The mean loss over all rows, penalties included, as ``model.evaluate`` reports it."""
    rows, total = row_count(data[0]), 0.0
    for start in range(0, rows, ROWS_PER_ANSWER):
        positions = np.arange(start, min(start + ROWS_PER_ANSWER, rows))
        batch = _batch(data, positions, ROWS_PER_ANSWER, weighted=weighted)
        total += float(program.loss(state[0], state[1], batch)) * len(positions)
    return total / rows


def _epoch(
    program: Program,
    state: State,
    data: tuple[Inputs, NDArray[Any]],
    schedule: Schedule,
    random: np.random.Generator,
) -> tuple[State, float, bool]:
    """One pass over the rows in random order: state, mean loss, and whether time ran out on the way."""
    order, size, total, seen = random.permutation(row_count(data[0])), schedule.batch_size, 0.0, 0
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    tail = [] if schedule.weighted or len(batches[-1]) == size else [batches.pop()]
    capacity = _steps_per_call(len(order), size)
    calls = [batches[start : start + capacity] for start in range(0, len(batches), capacity)]
    for call in [*calls, *([tail] if tail else [])]:
        width = size if call is not tail else len(tail[0])
        stacked, rows = _stacked(data, call, width, capacity if call is not tail else 1, schedule.weighted)
        state, loss = program.train(state, stacked, rows, len(call))
        total, seen = total + float(loss), seen + sum(len(batch) for batch in call)
        if remaining_seconds() <= 0 and seen < len(order):
            return state, total / seen, True
    return state, total / seen, False


def _steps_per_call(rows: int, batch_size: int) -> int:
    """A power of two, so that folds of nearly the same size share a program."""
    most = max(1, ROWS_PER_CALL // batch_size)
    return min(most, 1 << max(0, math.ceil(rows / batch_size) - 1).bit_length())


def _stacked(
    data: tuple[Inputs, NDArray[Any]],
    batches: list[NDArray[np.int64]],
    size: int,
    capacity: int,
    weighted: bool,
) -> tuple[Any, NDArray[np.float32]]:
    """Batches as arrays (capacity, size, ...), and each one's real rows (capacity,)."""
    parts = [_positions_and_weights(batch, size) for batch in batches]
    parts += [parts[0]] * (capacity - len(batches))
    positions = np.stack([part[0] for part in parts])
    inputs, answers = taken(data, positions)
    rows = np.zeros(capacity, dtype=np.float32)
    rows[: len(batches)] = [len(batch) for batch in batches]
    if not weighted:
        return (inputs, answers), rows
    return (inputs, answers, np.stack([part[1] for part in parts])), rows


def _batch(
    data: tuple[Inputs, NDArray[Any]], positions: NDArray[np.int64], size: int, *, weighted: bool
) -> Any:
    if not weighted:
        return taken(data, positions)
    filled, weights = _positions_and_weights(positions, size)
    return (*taken(data, filled), weights)


def _positions_and_weights(
    positions: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """A batch filled up to `size`; its real rows weigh so much that the mean over `size` is theirs."""
    filled, real = padded(positions, size)
    weights = np.zeros(size, dtype=np.float32)
    weights[:real] = size / real
    return filled, weights


def _copy(state: State) -> State:
    """A copy without the optimizer's part: training gives its state's memory away at every call."""
    trainable, others = ([copied(value) for value in part] for part in state[:2])
    return trainable, others, []


def _refuse_divergence(training_loss: float, watched: float, epoch: int) -> None:
    if not (math.isfinite(training_loss) and math.isfinite(watched)):
        raise ModelError(
            where=f"epoch {epoch + 1} of training",
            expected="a finite loss",
            received="an infinite or undefined one: training diverged",
            do_this="Lower learning_rate, or make the network smaller.",
        )
