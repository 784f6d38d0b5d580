"""A group of members made ready for its shared program, and held against Keras before it is trusted."""

from __future__ import annotations

import gc
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import jax
from modelwright.engine.population.bags import Bags
from modelwright.engine.population.batches import Steps, fullest_batch, steps_of
from modelwright.engine.population.checkpoints import Checkpoints, fingerprint
from modelwright.engine.population.compiling import Executables, cores, no_sums
from modelwright.engine.population.lifting import lifts_of
from modelwright.engine.population.members import Group, Leaves, speaks_for_itself
from modelwright.engine.population.memory import members_that_fit
from modelwright.engine.population.population import Outcome
from modelwright.engine.population.program import Program
from modelwright.engine.population.resuming import restore, stored
from modelwright.engine.population.sharing import mode_of, treats_rows_alone
from modelwright.engine.population.stack import Data, Stack, calls_of, first_metrics, new_stack, train_stack
from modelwright.engine.population.trees import numpy_rows
from modelwright.engine.population.verification import Proven, disagreement, lowered_reference, reference_step
from modelwright.engine.population.work import Work

# Rows evaluated at a time where a model treats every row alone, so that no number depends on it.
EVALUATION_ROWS = 1_024

MAX_PROGRAMS = 6
"""Programs whose executables are kept (some 10 MB each): a study moves on and rarely comes back."""

FORGOTTEN_BEFORE_CLEARING = 12
"""Programs let go before JAX is told to clear its caches; clearing costs the others a recompile."""


@dataclass(slots=True, kw_only=True, eq=False)
class Shared:
    """A group's program, its data on the device, and the stacks of members that will use it."""

    group: Group
    work: Work
    data: Data
    executables: Executables
    stacks: list[Stack]

    def train(self, stack: Stack) -> list[Outcome]:
        """Train the stack's members, from its last checkpoint where there is one; what they came to."""
        checkpoints = self._checkpoints(stack)
        found = None if checkpoints is None else checkpoints.latest()
        if found is not None:
            restore(stack, *found)

        def report(stack: Stack) -> None:
            self._tell(stack)
            last = stack.epoch >= self.work.plan.epochs or all(one.done for one in stack.progress)
            if checkpoints is not None and (last or checkpoints.due):
                checkpoints.save(stack.epoch, *stored(stack))

        def stopped() -> bool:
            return self.work.stopped

        plan = self.work.plan
        kept = train_stack(stack, self.data, plan, self.executables, report, stopped)
        order = _weight_order(self.group.model)
        return [
            Outcome(
                index=member.index,
                weights=[kept[place][kind][position] for kind, position in order],
                curves=progress.curves,
                epochs=progress.epochs,
                best_epoch=progress.best_epoch,
                diverged=progress.diverged,
                parameters=sum(leaf.size for leaf in member.trainable),
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
        told = [(member.choices, member.seed) for member in stack.members]
        rows = [array for member in stack.members for array in (member.training, member.validation)]
        name = fingerprint(self.work.fingerprint, self.group.signature, told, *rows, *stack.state[0])
        return Checkpoints(self.work.checkpoints / name)


def share(group: Group, work: Work, compiling: ThreadPoolExecutor) -> Shared | str:
    """Make the group ready; or say in what its program disagrees with Keras, so that it must not be used."""
    for partly_filled in (True, False):
        if partly_filled and not treats_rows_alone(group.model):
            continue
        shared = _made_ready(group, work, compiling, partly_filled=partly_filled)
        problem = _problem(shared, compiling)
        if problem is None:
            return shared
    return problem  # type: ignore[possibly-unbound]  # the loop's second turn always comes this far


def _made_ready(group: Group, work: Work, compiling: ThreadPoolExecutor, *, partly_filled: bool) -> Shared:
    bags = work.inputs if isinstance(work.inputs, Bags) else None
    model, members = group.model, group.members
    mode = mode_of(model, len(members), bags=bags is not None)
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
    slots = _slots(group, work, mode)
    stacks = [
        new_stack(group, members[start : start + slots], slots, optimizer, rate)
        for start in range(0, len(members), slots)
    ]
    executables = recalled(program, group, compiling)
    return Shared(group=group, work=work, data=data, executables=executables, stacks=stacks)


_recent: OrderedDict[tuple[Any, ...], Executables] = OrderedDict()
_forgotten = 0


def recalled(program: Program, group: Group, compiling: ThreadPoolExecutor) -> Executables:
    """The executables of an equal program compiled before, or new ones; few are kept: they take memory."""
    if not speaks_for_itself(group.model):
        _count_forgotten()
        return Executables(program=program, pool=compiling)
    key = (
        group.signature,
        group.lifted,
        program.mode,
        program.partly_filled,
        program.ragged,
        program.bag_width,
    )
    known = _recent.setdefault(key, Executables(program=program, pool=compiling))
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


def _unequal(group: Group) -> bool:
    lengths = {(len(member.training), len(member.validation)) for member in group.members}
    return len(lengths) > 1


def _data(work: Work, group: Group, bags: Bags | None, *, partly_filled: bool) -> Data:
    inputs = None if bags is not None else jax.tree.map(_on_device, work.inputs)
    targets = jax.tree.map(_on_device, work.targets)
    largest = max(len(member.validation) for member in group.members)
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
    return [np.asarray(variable.value) for variable in variables], places[0] if places else None


def _slots(group: Group, work: Work, mode: str) -> int:
    """Members of one stack: all, in a stack for each core, as far as memory goes."""
    sharing = min(len(group.members), cores()) if jax.default_backend() == "cpu" else 1
    most = members_that_fit(group.model, work, mode, stacks=sharing)
    return max(1, min(most, -(-len(group.members) // sharing)))


def _weight_order(model: Any) -> list[tuple[int, int]]:
    """Where each of ``model.weights`` is: (0, place among the trainable) or (1, place among the others)."""
    places = {id(variable): (0, place) for place, variable in enumerate(model.trainable_variables)}
    places |= {id(variable): (1, place) for place, variable in enumerate(model.non_trainable_variables)}
    return [places[id(variable)] for variable in model.weights]


def _problem(shared: Shared, compiling: ThreadPoolExecutor) -> str | None:
    """Compare one step of the shared program with Keras's own, while what else is needed compiles."""
    stack, data, model = shared.stacks[0], shared.data, shared.group.model
    training, size = stack.members[0].training, data.batch_size
    rows = training[: len(training) % size or size]
    if not shared.executables.program.partly_filled:
        rows = training[: min(size, len(training))]
    variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    own = tuple([np.asarray(variable.value) for variable in part] for part in variables)
    state = (*own, first_metrics(model))
    compared = _with_steps(stack, training, rows, size)
    asked = _asked(shared, state, compared)
    for kind, arguments in asked:
        shared.executables.ask(kind, arguments)
    proven = Proven(shared.group.signature, shared.executables.text(*asked[0]))
    if proven.known and speaks_for_itself(model):
        return None
    lowered = lowered_reference(model, state, _batch(shared.work, rows))
    reference: Future[Any] = compiling.submit(reference_step, lowered, state, _batch(shared.work, rows))
    after, sums, _ = shared.executables(*asked[0])
    loss = float(np.asarray(sums)[0, 0]) / len(rows)
    ours = [[np.asarray(leaf)[0] for leaf in part] for part in after[:3]]
    problem = disagreement(reference.result(), (loss, ours))
    if problem is None:
        proven.remember()
    return problem


def _with_steps(stack: Stack, training: NDArray[np.int64], rows: NDArray[np.int64], size: int) -> Steps:
    """One step on these rows for every slot, in arrays as long as an epoch's, so that its program is used."""
    epoch = steps_of([stack.members[member].training for member in stack.slots], size)
    one = steps_of([rows] * len(stack.slots), size)
    epoch.rows[:, 0], epoch.real[:] = one.rows[:, 0], 0
    epoch.real[:, 0] = one.real[:, 0]
    return epoch


def _asked(shared: Shared, state: Any, steps: Steps) -> list[tuple[str, tuple[Any, ...]]]:
    """The arguments of a first step of training, and of evaluating where there is what to evaluate on."""
    stack, data = shared.stacks[0], shared.data
    members = len(stack.slots)
    lifts = lifts_of(shared.group.model)
    values = {name: np.full(members, lifts.get(name, 0.0), dtype=np.float32) for name in shared.group.lifted}
    full = tuple([np.repeat(leaf[None], members, axis=0) for leaf in part] for part in state)
    batches, start, _ = next(iter(calls_of(data, steps)))
    asked = [("train", (full, no_sums(members), values, data.training, batches, start, np.int32(1)))]
    validation = [stack.members[member].validation for member in stack.slots]
    if any(
        len(rows) >= data.evaluation_size or data.evaluation_size > data.batch_size for rows in validation
    ):
        batches, start, stop = next(iter(calls_of(data, steps_of(validation, data.evaluation_size))))
        known = (*full[:2], [], full[3])
        asked.append(("evaluate", (known, no_sums(members), values, data.validation, batches, start, stop)))
    return asked


def _batch(work: Work, rows: NDArray[np.int64]) -> Any:
    """The rows as ``train_on_batch`` would be given them."""
    bags = work.inputs if isinstance(work.inputs, Bags) else None
    inputs = bags.dense(rows) if bags else jax.tree.map(_on_device, numpy_rows(work.inputs, rows))
    targets = jax.tree.map(_on_device, numpy_rows(work.targets, rows))
    weights = work.training_weights
    return inputs, targets, None if weights is None else weights[rows]
