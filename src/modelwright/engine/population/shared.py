"""A group of members made ready for its shared program, and held against Keras before it is trusted."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.free_memory import give_back
from modelwright.engine.keras_backend import jax
from modelwright.engine.population.bags import Bags
from modelwright.engine.population.batches import Steps, fullest_batch, steps_of
from modelwright.engine.population.checkpoints import Checkpoints, fingerprint
from modelwright.engine.population.compiling import Executables, cores, no_sums, options_of
from modelwright.engine.population.lifting import lifts_of
from modelwright.engine.population.members import Group, Leaves, Member, Wanted
from modelwright.engine.population.memory import members_that_fit
from modelwright.engine.population.population import Outcome
from modelwright.engine.population.program import Program
from modelwright.engine.population.resuming import restore, stored
from modelwright.engine.population.sharing import is_large, mode_of, treats_rows_alone
from modelwright.engine.population.signatures import lasting, speaks_for_itself, told_apart
from modelwright.engine.population.stack import Data, Stack, calls_of, first_metrics, new_stack, train_stack
from modelwright.engine.population.trees import numpy_rows
from modelwright.engine.population.verification import Proven, disagreement, lowered_reference, reference_step
from modelwright.engine.population.work import Work

# Rows evaluated at a time where a model treats every row alone, so that no number depends on it.
EVALUATION_ROWS = 1_024

FEW_ROWS = 200_000
"""Rows evaluated in all that cost, not optimised, about as much as optimising does: reckoned from nets of
64-64 (0.05 s more for 52,000 rows, 0.17 s saved), not measured for others."""

SECONDS_OF_KEEPING = 1.0
"""Training frees as much as it takes, and the C library keeps it: that long."""

MAX_PROGRAMS = 6
"""Programs whose executables are kept (some 10 MB each): a study moves on and rarely comes back."""

FORGOTTEN_BEFORE_CLEARING = 12
"""Programs let go before JAX is told to clear its caches; clearing costs the others a recompile."""


@dataclass(slots=True, kw_only=True, eq=False)
class Shared:
    """A group's program, compiling, and the data on the device.

    Args:
        slots: members of one stack.
        optimizer: its first state; `rate`: where in it the learning rate is.
    """

    group: Group
    work: Work
    data: Data
    executables: Executables
    slots: int
    optimizer: Leaves
    rate: int | None

    @property
    def stacks(self) -> list[list[Wanted]]:
        """Who trains together."""
        wanted = self.group.wanted
        return [wanted[start : start + self.slots] for start in range(0, len(wanted), self.slots)]

    def train(self, members: list[Member]) -> list[Outcome]:
        """Train the members of one stack, from its last checkpoint where there is one; what they came to."""
        stack = new_stack(self.group, members, self.slots, self.optimizer, self.rate)
        checkpoints = self._checkpoints(stack)
        found = None if checkpoints is None else checkpoints.latest()
        if found is not None:
            restore(stack, *found)

        def report(stack: Stack) -> None:
            self._tell(stack)
            last = stack.epoch >= self.work.plan.epochs or all(one.done for one in stack.progress)
            if checkpoints is not None and (last or checkpoints.due):
                checkpoints.save(stack.epoch, *stored(stack))
            give_back(at_most_every=SECONDS_OF_KEEPING)

        def stopped() -> bool:
            return self.work.stopped

        plan = self.work.plan
        kept = train_stack(stack, self.data, plan, self.executables, report, stopped)
        model = self.group.model
        order, parameters = _weight_order(model), sum(one.value.size for one in model.trainable_variables)
        return [
            Outcome(
                index=member.index,
                weights=[kept[place][kind][position] for kind, position in order],
                curves=progress.curves,
                epochs=progress.epochs,
                best_epoch=progress.best_epoch,
                diverged=progress.diverged,
                parameters=parameters,
            )
            for place, (member, progress) in enumerate(zip(stack.members, stack.progress, strict=True))
        ]

    def _tell(self, stack: Stack) -> None:
        going = [progress for progress in stack.progress if progress.epochs == stack.epoch]
        name = "val_data_loss" if going and "val_data_loss" in going[0].curves else "data_loss"
        self.work.tell(len(going), min((one.curves[name][-1] for one in going), default=float("nan")))

    def _checkpoints(self, stack: Stack) -> Checkpoints | None:
        """Where this stack's checkpoints lie: named after all that its training depends on."""
        if self.work.checkpoints is None:
            return None
        told = [(lasting(told_apart(member.choices)), member.seed) for member in stack.members]
        rows = [array for member in stack.members for array in (member.training, member.validation)]
        signature = lasting(self.group.signature)
        name = fingerprint(self.work.fingerprint, signature, told, *rows, *stack.state[0])
        return Checkpoints(self.work.checkpoints / name)


class Trial:
    """One step of the shared program and the same step of Keras's own, to be held against each other.

    Both begin to compile at once, so that members can be built meanwhile.
    """

    def __init__(self, shared: Shared, compiling: ThreadPoolExecutor) -> None:
        model, size = shared.group.model, shared.data.batch_size
        training = shared.group.wanted[0].training
        self.rows = training[: len(training) % size or size]
        if not shared.executables.program.partly_filled:
            self.rows = training[: min(size, len(training))]
        variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        own = tuple([np.asarray(variable.value) for variable in part] for part in variables)
        state = (*own, first_metrics(model))
        asked = _asked(shared, state, self.rows)
        for kind, arguments in asked:
            shared.executables.ask(kind, arguments)
        self.executables = shared.executables
        self.step = asked[0]
        self.proven = Proven(shared.group.signature, shared.executables.text(*self.step))
        self.reference: Future[Any] | None = None
        if not (self.proven.known and speaks_for_itself(model)):
            batch = _batch(shared.work, self.rows)
            lowered = lowered_reference(model, state, batch)
            self.reference = compiling.submit(reference_step, lowered, state, batch)

    def problem(self) -> str | None:
        """In what the two steps differ, or None."""
        if self.reference is None:
            return None
        after, sums, _ = self.executables(*self.step)
        loss = float(np.asarray(sums)[0, 0]) / len(self.rows)
        ours = [[np.asarray(leaf)[0] for leaf in part] for part in after[:3]]
        problem = disagreement(self.reference.result(), (loss, ours))
        if problem is None:
            self.proven.remember()
        return problem


def share(
    group: Group, work: Work, compiling: ThreadPoolExecutor, meanwhile: Callable[[Shared], None]
) -> Shared | str:
    """Make the group ready; or say in what its program disagrees with Keras, so that it must not be used.

    Args:
        meanwhile: what may be done while the program compiles.
    """
    problem: str | None = None
    for partly_filled in (True, False):
        if partly_filled and not treats_rows_alone(group.model):
            continue
        shared = _made_ready(group, work, compiling, partly_filled=partly_filled)
        trial = Trial(shared, compiling)
        meanwhile(shared)
        problem = trial.problem()
        del trial
        give_back()
        if problem is None:
            _lend_structure_only(group.model)
            return shared
    return str(problem)


def _lend_structure_only(model: Any) -> None:
    """Let go of the numbers of a model whose structure alone is still wanted: its variables are all zero."""
    for variable in (*model.trainable_variables, *model.optimizer.variables):
        variable._value = _nothing_of(variable.value)


def _nothing_of(array: Any) -> NDArray[Any]:
    """Zeros in this shape that take no memory."""
    return np.broadcast_to(np.zeros((), dtype=array.dtype), array.shape)


def _made_ready(group: Group, work: Work, compiling: ThreadPoolExecutor, *, partly_filled: bool) -> Shared:
    bags = work.inputs if isinstance(work.inputs, Bags) else None
    model = group.model
    mode = mode_of(model, len(group.wanted), bags=bags is not None)
    program = Program(
        model=model,
        mode=mode,
        partly_filled=partly_filled,
        ragged=mode == "map" or _unequal(group),
        bag_width=0 if bags is None else bags.width,
    )
    data = _data(work, group, bags, partly_filled=partly_filled)
    _learn_shapes(model, work)
    optimizer, rate = _first_optimizer_state(model)
    return Shared(
        group=group,
        work=work,
        data=data,
        executables=recalled(program, group, work, compiling),
        slots=_slots(group, work, mode),
        optimizer=optimizer,
        rate=rate,
    )


_recent: OrderedDict[tuple[Any, ...], Executables] = OrderedDict()
_forgotten = 0


def recalled(program: Program, group: Group, work: Work, compiling: ThreadPoolExecutor) -> Executables:
    """The executables of an equal program compiled before, or new ones; few are kept: they take memory."""
    options = options_of(program, evaluated_briefly=_rows_evaluated(group, work) < FEW_ROWS)
    new = Executables(program=program, pool=compiling, options=options)
    if not speaks_for_itself(group.model):
        _count_forgotten()
        return new
    key = (group.signature, group.lifted, *program.kind, str(options))
    known = _recent.setdefault(key, new)
    known.pool = compiling
    _recent.move_to_end(key)
    if len(_recent) > MAX_PROGRAMS:
        _recent.popitem(last=False)
        _count_forgotten()
    return known


def _count_forgotten() -> None:
    """Now and then have JAX and Keras let go of what they remember of programs that are no more."""
    global _forgotten
    _forgotten += 1
    if _forgotten % FORGOTTEN_BEFORE_CLEARING == 0:
        jax.clear_caches()
        gc.collect()


def _rows_evaluated(group: Group, work: Work) -> int:
    return work.plan.epochs * sum(len(member.validation) for member in group.wanted)


def _unequal(group: Group) -> bool:
    lengths = {(len(member.training), len(member.validation)) for member in group.wanted}
    return len(lengths) > 1


def _data(work: Work, group: Group, bags: Bags | None, *, partly_filled: bool) -> Data:
    inputs = None if bags is not None else jax.tree.map(_on_device, work.inputs)
    targets = jax.tree.map(_on_device, work.targets)
    largest = max(len(member.validation) for member in group.wanted)
    size = max(work.batch_size, min(EVALUATION_ROWS, largest)) if partly_filled else work.batch_size
    return Data(
        training=(inputs, targets, _maybe(work.training_weights)),
        validation=(inputs, targets, _maybe(work.validation_weights)),
        bags=bags,
        batch_size=work.batch_size,
        evaluation_size=size,
        entries={length: fullest_batch(bags, length) for length in {work.batch_size, size}} if bags else {},
    )


def _on_device(array: Any) -> Any:
    """The array as Keras's adapter hands it over: floats in float32."""
    numpy = np.asarray(array)
    return jax.numpy.asarray(numpy.astype(np.float32) if numpy.dtype.kind == "f" else numpy)


def _maybe(array: Any) -> Any:
    return None if array is None else _on_device(array)


def _learn_shapes(model: Any, work: Work) -> None:
    """Have Keras make the metrics, the loss and the optimizer's variables."""
    rows = np.arange(2)
    inputs = work.inputs.dense(rows) if isinstance(work.inputs, Bags) else jax.tree.map(_two, work.inputs)
    targets = jax.tree.map(_two, work.targets)
    weights = None if work.training_weights is None else jax.numpy.ones(2)
    model._symbolic_build(data_batch=(jax.tree.map(jax.numpy.asarray, inputs), targets, weights))


def _two(array: Any) -> Any:
    return _on_device(np.asarray(array[:2]))


def _first_optimizer_state(model: Any) -> tuple[Leaves, int | None]:
    model.optimizer.build(model.trainable_variables)
    variables = model.optimizer.variables
    places = [place for place, one in enumerate(variables) if one is model.optimizer._learning_rate]
    for variable in variables:
        if not np.asarray(variable.value).any():
            variable._value = _nothing_of(variable.value)
    return [np.asarray(variable.value) for variable in variables], places[0] if places else None


def _slots(group: Group, work: Work, mode: str) -> int:
    """Members of one stack: large ones by themselves; else all, in a stack for each core, as far as memory
    goes.
    """
    on_processor = jax.default_backend() == "cpu"
    if on_processor and mode == "map" and is_large(group.model):
        return 1
    sharing = min(len(group.wanted), cores()) if on_processor else 1
    most = members_that_fit(group.model, work, mode, stacks=sharing)
    return max(1, min(most, -(-len(group.wanted) // sharing)))


def _weight_order(model: Any) -> list[tuple[int, int]]:
    """Where each of ``model.weights`` is: (0, place among the trainable) or (1, place among the others)."""
    places = {id(variable): (0, place) for place, variable in enumerate(model.trainable_variables)}
    places |= {id(variable): (1, place) for place, variable in enumerate(model.non_trainable_variables)}
    return [places[id(variable)] for variable in model.weights]


def _asked(shared: Shared, state: Any, rows: NDArray[np.int64]) -> list[tuple[str, tuple[Any, ...]]]:
    """The arguments of a first step of training, and of evaluating where there is what to evaluate on."""
    wanted, data, slots = shared.group.wanted[: shared.slots], shared.data, shared.slots
    lifts, lifted = lifts_of(shared.group.model), shared.group.lifted
    values = {name: np.full(slots, lifts.get(name, 0.0), dtype=np.float32) for name in lifted}
    full = tuple([np.broadcast_to(leaf, (slots, *leaf.shape)) for leaf in part] for part in state)
    steps = _one_step([one.training for one in wanted], rows, data.batch_size)
    batches, start, _ = next(iter(calls_of(data, steps, training=True)))
    asked = [("train", (full, no_sums(slots), values, data.training, batches, start, np.int32(1)))]
    validation = [one.validation for one in wanted]
    if any(
        len(rows) >= data.evaluation_size or data.evaluation_size > data.batch_size for rows in validation
    ):
        batches, start, stop = next(
            iter(calls_of(data, steps_of(validation, data.evaluation_size), training=False))
        )
        known = (*full[:2], [], full[3])
        asked.append(("evaluate", (known, no_sums(slots), values, data.validation, batches, start, stop)))
    return asked


def _one_step(training: list[NDArray[np.int64]], rows: NDArray[np.int64], size: int) -> Steps:
    """One step on these rows for every slot, in arrays as long as an epoch's, so that its program is used."""
    epoch = steps_of(training, size)
    one = steps_of([rows] * len(training), size)
    epoch.rows[:, 0], epoch.real[:] = one.rows[:, 0], 0
    epoch.real[:, 0] = one.real[:, 0]
    return epoch


def _batch(work: Work, rows: NDArray[np.int64]) -> Any:
    """The rows as ``train_on_batch`` would be given them."""
    bags = work.inputs if isinstance(work.inputs, Bags) else None
    inputs = bags.dense(rows) if bags else jax.tree.map(_on_device, numpy_rows(work.inputs, rows))
    targets = jax.tree.map(_on_device, numpy_rows(work.targets, rows))
    weights = work.training_weights
    return inputs, targets, None if weights is None else weights[rows]
