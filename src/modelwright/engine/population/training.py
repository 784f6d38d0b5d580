"""Train many Keras models as one program, with exactly `keras.Model.fit`'s results."""

from __future__ import annotations

import contextvars
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.compile_cache import keep_compiled_programs
from modelwright.engine.free_memory import few_heaps, give_back
from modelwright.engine.keras_backend import jax
from modelwright.engine.population.bags import Bags
from modelwright.engine.population.compiling import cores
from modelwright.engine.population.fitting import fit_one_by_one
from modelwright.engine.population.members import (
    Build,
    Group,
    Wanted,
    build_members,
    built,
    sorted_into_groups,
    take_members,
)
from modelwright.engine.population.population import Outcome, Population, gathered
from modelwright.engine.population.shared import Shared, share
from modelwright.engine.population.sharing import is_large, why_not_shared
from modelwright.engine.population.stack import Plan
from modelwright.engine.population.trees import numpy_rows
from modelwright.engine.population.work import Work
from modelwright.errors import ModelError

UNUSED, TRAINS, VALIDATES = 0, 1, 2
"""What a row is to a member, in `membership`."""

MAX_WAITING_PROGRAMS = 4
"""Programs compiled ahead of their turn: some 10 MB each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An epoch some members finished: how far the population is.

    Args:
        epochs: finished by all members together; of at most `total`.
        loss: the lowest validation (or training) data loss of the epoch.
    """

    epochs: int
    total: int
    loss: float


Listener = Callable[[Step], None]


def train_population(
    build: Build,
    inputs: Any,
    targets: Any,
    *,
    membership: NDArray[np.int8],
    choices: Sequence[Mapping[str, Any]] = ({},),
    seeds: Sequence[int] = (0,),
    epochs: int,
    batch_size: int = 32,
    sample_weight: NDArray[Any] | None = None,
    class_weight: Mapping[int, float] | None = None,
    patience: int | None = None,
    callbacks: Sequence[Any] = (),
    checkpoint: str | Path | None = None,
    max_bytes: int | None = None,
    listener: Listener | None = None,
) -> Population:
    """Train a model for every member: of its rows, with its choices, from its seed.

    A member comes out as ``keras.utils.set_random_seed(seed); model = build(**choices); model.fit(...)`` on
    its rows would bring it out, shuffling included. Members of one structure, whatever their learning rate,
    L1, L2 and dropout rate, are trained at once by one compiled program; where a model cannot be (its own
    train_step, callbacks), it is trained by ``fit`` and `Population.notes` says why.

    Args:
        build: returns a compiled Keras model: Sequential, Functional or subclass.
        inputs: an array, a list or dict of arrays, or `Bags`. targets: the same.
        membership: what each row is to each member: 0 nothing, 1 it trains, 2 it validates.
        choices: keyword arguments of `build`; seeds: one for each member, or one for all.
        sample_weight: of training and validation rows. class_weight: of training rows, by class.
        patience: stop a member after so many epochs without a lower validation loss, and keep its best
            weights: ``EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)``.
        callbacks: Keras callbacks; the population is then trained one by one.
        checkpoint: a folder; a training killed at any moment resumes from it, bit-equal on a CPU.
        max_bytes: memory the stacked members may take; half of what is free unless given.
        listener: told of every epoch.

    Shapes:
        inputs, targets: (rows, ...); membership: int8 (members, rows) or (1, rows); sample_weight: (rows,)

    Raises:
        ModelError: the arguments do not fit each other, or build returns no compiled Keras model.

    Source:
        Chollet, Deep Learning with Python, 2nd ed., section 5.2.3 (K-fold and iterated K-fold validation).
    """
    keep_compiled_programs()
    few_heaps(cores())
    wanted = _paired(membership, choices, seeds)
    rows = _rows_of(membership, len(wanted), (inputs, targets), patience)
    first_rows = _first_rows(inputs)
    listed = [
        Wanted(index=index, seed=seed, choices=own, training=rows[index][0], validation=rows[index][1])
        for index, (own, seed) in enumerate(wanted)
    ]
    groups = sorted_into_groups(build, listed, first_rows)
    work = Work(
        inputs=inputs,
        targets=targets,
        weights=sample_weight,
        class_weight=class_weight,
        batch_size=batch_size,
        plan=Plan(epochs=epochs, patience=patience),
        max_bytes=max_bytes,
        tell=_teller(listener, len(wanted) * epochs),
        checkpoints=None if checkpoint is None else Path(checkpoint),
    )

    def rebuild(member: int) -> Any:
        return built(build, *wanted[member], first_rows)

    def ready(group: Group, some: list[Wanted]) -> None:
        build_members(group, some, build, first_rows)

    outcomes, notes = _trained(work, groups, tuple(callbacks), ready, rebuild)
    return gathered(outcomes, notes, epochs, rebuild, wanted)


def _trained(
    work: Work,
    groups: list[Group],
    callbacks: tuple[Any, ...],
    ready: Callable[[Group, list[Wanted]], None],
    rebuild: Callable[[int], Any],
) -> tuple[list[Outcome], list[str]]:
    """Every group by its program, a stack for each core at a time; then by `fit` what cannot be shared.

    Members are built when their turn comes: those first to train while their program compiles, the others
    while others train. Small models are made ready first, so that nothing compiles beside the largest, and
    large ones are trained first, so that no core waits for them at the end.
    """
    notes: list[str] = []
    alone: list[tuple[Group, str]] = []
    with ThreadPoolExecutor(cores()) as compiling, ThreadPoolExecutor(cores()) as running:
        queue = StackQueue(running=running, ready=ready)
        try:
            for group in sorted(groups, key=_weights):
                reason = why_not_shared(group.model, callbacks)
                shared = None if reason else share(group, work, compiling, partial(_first_ready, ready))
                if shared is None or isinstance(shared, str):
                    alone.append((group, reason or str(shared)))
                else:
                    queue.add(shared)
            outcomes = queue.outcomes()
        except BaseException:
            work.stop()
            running.shutdown(cancel_futures=True)
            raise
    for group, reason in alone:
        notes.append(f"{len(group.wanted)} of the models were trained one by one with fit: {reason}")
        outcomes += fit_one_by_one(group, work, callbacks, rebuild)
    return outcomes, notes


@dataclass(slots=True, kw_only=True)
class StackQueue:
    """Stacks that train, and those that wait for a core; members are built just before.

    Args:
        running: where they train. ready: builds members.
    """

    running: ThreadPoolExecutor
    ready: Callable[[Group, list[Wanted]], None]
    _waiting: list[tuple[Shared, list[Wanted]]] = field(default_factory=list[tuple[Shared, list[Wanted]]])
    _futures: list[Future[list[Outcome]]] = field(default_factory=list[Future[list[Outcome]]])

    def add(self, shared: Shared) -> None:
        """Let the stacks train as soon as cores are free; wait only where too many programs wait."""
        self._waiting = [(shared, stack) for stack in shared.stacks] + self._waiting
        while self._waiting and (self._has_room or self._programs > MAX_WAITING_PROGRAMS):
            self._begin()

    def outcomes(self) -> list[Outcome]:
        """What all came to, once they have."""
        while self._waiting:
            self._begin()
        return [outcome for future in self._futures for outcome in future.result()]

    @property
    def _programs(self) -> int:
        return len({id(shared) for shared, _ in self._waiting})

    @property
    def _going(self) -> list[Future[list[Outcome]]]:
        return [one for one in self._futures if not one.done()]

    @property
    def _has_room(self) -> bool:
        """Whether a core is free; one stack may wait for it, ready, unless its members are large."""
        ahead = 0 if is_large(self._waiting[0][0].group.model) else 1
        return len(self._going) < cores() + ahead

    def _begin(self) -> None:
        """Build the next stack's members and hand them over, once there is room."""
        while not self._has_room:
            for one in wait(self._going, return_when=FIRST_COMPLETED).done:
                one.result()  # raised here where one has failed
        shared, stack = self._waiting.pop(0)
        give_back()
        self.ready(shared.group, stack)
        context = contextvars.copy_context()
        members = take_members(shared.group, stack)
        self._futures.append(self.running.submit(context.run, shared.train, members))


def _weights(group: Group) -> int:
    return sum(math.prod(variable.shape) for variable in group.model.trainable_variables)


def _first_ready(ready: Callable[[Group, list[Wanted]], None], shared: Shared) -> None:
    """Those that train first, unless they are large: compiling takes memory enough."""
    for stack in () if is_large(shared.group.model) else shared.stacks[: cores()]:
        ready(shared.group, stack)


def _paired(
    membership: NDArray[np.int8], choices: Sequence[Mapping[str, Any]], seeds: Sequence[int]
) -> list[tuple[Mapping[str, Any], int]]:
    """Each member's choices and seed; one of a kind is everybody's."""
    counts = {"membership": len(membership), "choices": len(choices), "seeds": len(seeds)}
    members = max(counts.values())
    odd = {name: count for name, count in counts.items() if count not in (1, members)}
    if odd or 0 in counts.values():
        raise ModelError(
            where="train_population",
            expected=f"membership, choices and seeds for {members} members, or one for all",
            received=", ".join(f"{count} {name}" for name, count in counts.items()),
            do_this="Give each of the three once for every member, or once for all.",
        )
    return [(choices[member % len(choices)], seeds[member % len(seeds)]) for member in range(members)]


def _rows_of(
    membership: NDArray[np.int8], members: int, data: Any, patience: int | None
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Each member's training and validation rows."""
    counts = {len(array) for array in jax.tree.leaves(data, is_leaf=_is_bags)}
    if counts != {membership.shape[1]}:
        raise ModelError(
            where="train_population",
            expected=f"{membership.shape[1]:,} rows, as membership has",
            received=f"inputs and targets of {' and '.join(f'{c:,}' for c in sorted(counts))} rows",
            do_this="Give membership a column for every row of inputs and targets.",
        )
    use = [membership[member % len(membership)] for member in range(members)]
    rows = [(np.flatnonzero(one == TRAINS), np.flatnonzero(one == VALIDATES)) for one in use]
    for member, (training, validation) in enumerate(rows):
        if not len(training) or (patience is not None and not len(validation)):
            raise ModelError(
                where=f"train_population, member {member}",
                expected="rows to train on"
                + (", and rows to validate on for its patience" if patience else ""),
                received=f"{len(training):,} training and {len(validation):,} validation rows",
                do_this="Mark training rows with 1 and validation rows with 2 in membership.",
            )
    return rows


def _is_bags(thing: Any) -> bool:
    return isinstance(thing, Bags)


def _first_rows(inputs: Any) -> Any:
    """Two rows, from which unbuilt models learn their shapes."""
    if isinstance(inputs, Bags):
        return inputs.dense(np.arange(min(2, len(inputs))))
    return numpy_rows(inputs, slice(2))


def _teller(listener: Listener | None, total: int) -> Callable[[int, float], None]:
    """Counts epochs of all members together and tells the listener."""
    finished = 0
    lock = threading.Lock()

    def tell(epochs: int, loss: float) -> None:
        nonlocal finished
        with lock:
            finished += epochs
            if listener is not None:
                listener(Step(epochs=finished, total=total, loss=loss))

    return tell
