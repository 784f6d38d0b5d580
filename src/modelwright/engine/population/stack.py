"""Members trained side by side: epoch after epoch, each until it has had enough."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.budget import remaining_seconds
from modelwright.engine.population.bags import Bags
from modelwright.engine.population.batches import (
    BAG_ENTRIES_PER_CALL,
    Steps,
    bag_batches,
    entries_needed,
    rounded_up,
    steps_of,
)
from modelwright.engine.population.compiling import Executables, no_sums
from modelwright.engine.population.members import Group, Leaves, Member

# Between two looks at the clock; also how long Ctrl-C may wait.
SECONDS_PER_CALL = 0.25
FIRST_CALL_STEPS = 16
# Multiply-adds that take about as long as compiling for a smaller stack (one CPU core, measured: 1.5 s).
COMPILE_WORK = 1e10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Data:
    """What all members draw their rows from.

    Args:
        training, validation: inputs (None where they are bags), targets and weights, rows first.
        bags: the inputs where they are bags of words; `entries` that a batch of some length may hold.
        batch_size, evaluation_size: rows of a step.
    """

    training: Any
    validation: Any
    bags: Bags | None
    batch_size: int
    evaluation_size: int
    entries: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long to train.

    Args:
        patience: epochs without a lower validation loss before a member stops; its best weights are kept.
    """

    epochs: int
    patience: int | None


@dataclass(slots=True, kw_only=True, eq=False)
class Progress:
    """What one member has to show so far.

    Args:
        curves: of every epoch, by name.
        best: weights (trainable, others) of the best epoch, where those are kept.
    """

    epochs: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf
    wait: int = 0
    done: bool = False
    diverged: bool = False
    curves: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    best: tuple[Leaves, Leaves] | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Stack:
    """Members that train in one program at the same time.

    Args:
        members: those whose results count; `slots` says which of them each row of the state belongs to.
        state: (trainable, others, optimizer), leaves (slots, ...).
        values: the lifted numbers, (slots,) each.
        initial_metrics: metric variables of one member at the start of an epoch.
    """

    group: Group
    members: list[Member]
    slots: list[int]
    state: tuple[Leaves, Leaves, Leaves]
    values: dict[str, NDArray[np.float32]]
    initial_metrics: Leaves
    progress: list[Progress]
    epoch: int = 0
    orders: list[NDArray[np.int64]] = field(default_factory=list[NDArray[np.int64]])


Report = Callable[[Stack], None]
"""Told of every epoch."""


def new_stack(group: Group, members: list[Member], slots: int, optimizer: Leaves, rate: int | None) -> Stack:
    """The members at the start; slots beyond them hold copies of the first, whose results are not read.

    Args:
        optimizer: the optimizer's first state; `rate`: where in it the learning rate is.
    """
    order = [position if position < len(members) else 0 for position in range(slots)]
    chosen = [members[position] for position in order]
    first = _stacked([optimizer] * slots)
    if rate is not None:
        first[rate] = np.array([member.learning_rate for member in chosen], dtype=first[rate].dtype)
    state = (_stacked([m.trainable for m in chosen]), _stacked([m.others for m in chosen]), first)
    for member in members:
        member.trainable, member.others = [], []  # they are in the stack's state now
    return Stack(
        group=group,
        members=members,
        slots=order,
        state=state,
        values={
            name: np.array([m.lifts.get(name, 0.0) for m in chosen], dtype=np.float32)
            for name in group.lifted
        },
        initial_metrics=first_metrics(group.model),
        progress=[Progress() for _ in members],
    )


def first_metrics(model: Any) -> Leaves:
    """The metric variables at the start of an epoch."""
    model.reset_metrics()
    return [np.array(variable.value) for variable in model.metrics_variables]


def train_stack(
    stack: Stack,
    data: Data,
    plan: Plan,
    executables: Executables,
    report: Report,
    stopped: Callable[[], bool],
) -> list[tuple[Leaves, Leaves]]:
    """Train until every member is done, time is over or `stopped` says so; each one's kept weights."""
    validated = any(len(member.validation) for member in stack.members)
    while stack.epoch < plan.epochs and not all(p.done for p in stack.progress):
        logs = _epoch(stack, data, executables, stopped)
        if logs is None:
            break  # the time ended inside the epoch: its losses are not noted
        if validated:
            logs |= {f"val_{name}": values for name, values in _validated(stack, data, executables).items()}
        stack.epoch += 1
        _note(stack, logs, plan)
        report(stack)
        if stopped() or remaining_seconds() <= 0:
            break
        _compact(stack, data, plan, executables)
    return _final(stack)


def _epoch(
    stack: Stack, data: Data, executables: Executables, stopped: Callable[[], bool]
) -> dict[str, NDArray[Any]] | None:
    """One epoch of every slot; None when it was stopped or the time ran out on the way."""
    state, sums = (*stack.state, _metrics(stack)), no_sums(len(stack.slots))
    stack.state = ([], [], [])  # the first values are not kept beside the next
    logs: dict[str, Any] = {}
    for steps in _passes(_orders(stack), data.batch_size, executables):
        for batches, start, stop in calls_of(data, steps, training=True):
            arguments = (state, sums, stack.values, data.training, batches, start, stop)
            state, sums, logs = executables("train", arguments)
            sums = np.asarray(sums)  # waits until the call is over
            if stopped() or (remaining_seconds() <= 0 and stack.epoch > 0):
                stack.state = (list(state[0]), list(state[1]), list(state[2]))
                return None
    stack.state = (list(state[0]), list(state[1]), list(state[2]))
    return _with_data_loss(logs, sums)


def _validated(stack: Stack, data: Data, executables: Executables) -> dict[str, NDArray[Any]]:
    orders = [stack.members[member].validation for member in stack.slots]
    metrics, sums, logs = _metrics(stack), no_sums(len(stack.slots)), {}
    for steps in _passes(orders, data.evaluation_size, executables):
        for batches, start, stop in calls_of(data, steps, training=False):
            state = (*stack.state[:2], [], metrics)
            arguments = (state, sums, stack.values, data.validation, batches, start, stop)
            metrics, sums, logs = executables("evaluate", arguments)
            sums = np.asarray(sums)
    return _with_data_loss(logs, sums)


def _metrics(stack: Stack) -> Leaves:
    return [np.repeat(leaf[None], len(stack.slots), axis=0) for leaf in stack.initial_metrics]


def _with_data_loss(logs: dict[str, Any], sums: NDArray[Any]) -> dict[str, NDArray[Any]]:
    found = {name: np.asarray(value) for name, value in logs.items()}
    with np.errstate(invalid="ignore", divide="ignore"):
        found["data_loss"] = sums[:, 1] / sums[:, 2]
    return found


def _orders(stack: Stack) -> list[NDArray[np.int64]]:
    """Each slot's training rows in the order Keras would take them; none for a member that is done."""
    orders: dict[int, NDArray[np.int64]] = {}
    for position, member in enumerate(stack.members):
        if not stack.progress[position].done:
            if stack.epoch == 0:
                member.random.permutation(len(member.training))  # Keras takes a batch to learn its shapes
            orders[position] = member.training[member.random.permutation(len(member.training))]
    nothing = np.empty(0, dtype=np.int64)
    return [orders.get(position, nothing) for position in stack.slots]


def _passes(orders: list[NDArray[np.int64]], size: int, executables: Executables) -> Iterator[Steps]:
    """Full batches and then, unless batches may be partly filled, the last ones, of each length by itself."""
    if executables.program.partly_filled:
        yield steps_of(orders, size)
        return
    whole = steps_of(orders, size, whole_only=True)
    if whole.count:
        yield whole
    for length in sorted({len(order) % size for order in orders} - {0}):
        last = [order[-length:] if len(order) % size == length else order[:0] for order in orders]
        yield steps_of(last, length)


def calls_of(data: Data, steps: Steps, *, training: bool) -> Iterator[tuple[dict[str, Any], Any, Any]]:
    """The steps in calls short enough to look at the clock between them."""
    pace = _Pace()
    if data.bags is None:
        batches = {"rows": steps.rows, "real": steps.real}
        for start, stop in pace.slices(steps.count):
            yield batches, np.int32(start), np.int32(stop)
        return
    members, total, length = steps.rows.shape
    entries = max(data.entries.get(length, 0), entries_needed(data.bags, steps))
    most = min(total, max(1, BAG_ENTRIES_PER_CALL // (entries * members)))
    for start in range(0, steps.count, most):
        stop = min(start + most, steps.count)
        part = slice(start, start + most)
        rows, real = _lengthened(steps.rows[:, part], most), _lengthened(steps.real[:, part], most)
        bag = bag_batches(data.bags, steps, start, start + most, entries, by_words=training)
        yield {"rows": rows, "real": real, "bag": bag}, np.int32(0), np.int32(stop - start)


def _lengthened(array: NDArray[Any], steps: int) -> NDArray[Any]:
    missing = steps - array.shape[1]
    return array if not missing else np.pad(array, [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)])


@dataclass(slots=True)
class _Pace:
    """How many steps fit between two looks at the clock."""

    steps: int = FIRST_CALL_STEPS

    def slices(self, count: int) -> Iterator[tuple[int, int]]:
        start = 0
        while start < count:
            stop = min(count, start + self.steps)
            began = time.monotonic()
            yield start, stop
            took = max(time.monotonic() - began, 1e-6)
            self.steps = max(1, min(1 << 20, int((stop - start) * SECONDS_PER_CALL / took)))
            start = stop


def _note(stack: Stack, logs: dict[str, NDArray[Any]], plan: Plan) -> None:
    """Write every member's epoch down and decide who goes on."""
    improved: list[int] = []
    slot_of = {member: slot for slot, member in reversed(list(enumerate(stack.slots)))}
    for position, progress in enumerate(stack.progress):
        if progress.done:
            continue
        slot = slot_of[position]
        for name, values in logs.items():
            progress.curves.setdefault(name, []).append(float(values[slot]))
        progress.epochs += 1
        if _is_better(progress, float(logs["val_loss"][slot]) if "val_loss" in logs else None, plan):
            improved.append(position)
        _decide(progress, float(logs["loss"][slot]), plan)
    if improved:
        _keep_best(stack, improved, [slot_of[position] for position in improved])


def _is_better(progress: Progress, loss: float | None, plan: Plan) -> bool:
    """`keras.callbacks.EarlyStopping.on_epoch_end`: the first epoch always is, whatever its loss."""
    if plan.patience is None or loss is None:
        progress.best_epoch = progress.epochs
        return False
    progress.wait += 1
    if progress.epochs == 1 or loss < progress.best_loss:
        progress.best_loss = loss if math.isfinite(loss) else -math.inf if progress.epochs == 1 else loss
        progress.best_epoch, progress.wait = progress.epochs, 0
        return True
    return False


def _decide(progress: Progress, loss: float, plan: Plan) -> None:
    progress.diverged = not math.isfinite(loss)
    waited = plan.patience is not None and progress.wait >= plan.patience and progress.epochs > 1
    progress.done = progress.diverged or waited or progress.epochs >= plan.epochs


def _keep_best(stack: Stack, positions: list[int], slots: list[int]) -> None:
    trainable = [np.asarray(leaf)[slots] for leaf in stack.state[0]]
    others = [np.asarray(leaf)[slots] for leaf in stack.state[1]]
    for row, position in enumerate(positions):
        stack.progress[position].best = ([leaf[row] for leaf in trainable], [leaf[row] for leaf in others])


def _compact(stack: Stack, data: Data, plan: Plan, executables: Executables) -> None:
    """Drop the members that are done once half of the slots are theirs and the saving pays for compiling.

    The rule counts work, not seconds: the same run compacts at the same epoch on any machine.
    """
    left = [position for position, progress in enumerate(stack.progress) if not progress.done]
    size = rounded_up(max(1, len(left)))
    if executables.program.mode == "map" or not left or 2 * size > len(stack.slots):
        return
    weights = sum(leaf[0].size for leaf in stack.state[0])
    rows = max(len(stack.members[position].training) for position in left)
    saved = (len(stack.slots) - size) * (plan.epochs - stack.epoch) * rows * weights * 3
    if saved < COMPILE_WORK:
        return
    slot_of = {member: slot for slot, member in reversed(list(enumerate(stack.slots)))}
    _park_finished(stack, slot_of)
    kept = [left[place] if place < len(left) else left[0] for place in range(size)]
    slots = [slot_of[position] for position in kept]
    stack.state = tuple([np.asarray(leaf)[slots] for leaf in part] for part in stack.state)  # pyright: ignore[reportAttributeAccessIssue]  # three parts stay three
    stack.values = {name: value[slots] for name, value in stack.values.items()}
    stack.slots = kept


def _park_finished(stack: Stack, slot_of: dict[int, int]) -> None:
    """Take finished members' last weights out of the state before their slots go."""
    for position, progress in enumerate(stack.progress):
        if progress.done and progress.best is None and position in slot_of:
            slot = slot_of[position]
            trainable, others = (
                [np.array(np.asarray(leaf)[slot]) for leaf in part] for part in stack.state[:2]
            )
            progress.best = (trainable, others)


def _final(stack: Stack) -> list[tuple[Leaves, Leaves]]:
    """Every member's kept weights: the best epoch's where a patience was given, else the last."""
    slot_of = {member: slot for slot, member in reversed(list(enumerate(stack.slots)))}
    return [_kept(stack, position, slot_of) for position in range(len(stack.members))]


def _kept(stack: Stack, position: int, slot_of: dict[int, int]) -> tuple[Leaves, Leaves]:
    progress = stack.progress[position]
    if progress.best is not None:
        return progress.best
    slot = slot_of[position]
    alone = len(stack.slots) == 1
    trainable, others = (
        [np.asarray(leaf)[slot] if alone else np.array(np.asarray(leaf)[slot]) for leaf in part]
        for part in stack.state[:2]
    )
    return trainable, others


def _stacked(members: list[Leaves]) -> Leaves:
    """Leaves (members, ...); of one member they are its own, not copies."""
    leaves = zip(*members, strict=True)
    return [np.stack(of_all) if len(members) > 1 else of_all[0][None] for of_all in leaves]
