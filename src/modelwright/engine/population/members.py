"""The models of a population: built one by one, then sorted by what may share a program."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population.lifting import Lifts, is_dropout, lifts_of
from modelwright.engine.population.signatures import signature_of, told_apart
from modelwright.errors import ModelError

Build = Callable[..., Any]
Leaves = list[NDArray[Any]]


@dataclass(slots=True, kw_only=True, eq=False)
class Wanted:
    """A model to train: its place in the population, and its rows of the population's inputs."""

    index: int
    seed: int
    choices: Mapping[str, Any]
    training: NDArray[np.int64]
    validation: NDArray[np.int64]


@dataclass(slots=True, kw_only=True, eq=False)
class Member(Wanted):
    """One that is built: all that its training begins with.

    Args:
        trainable, others: first weights; seed states and running means are among the others.
        learning_rate: of the optimizer, where it is a number.
        random: what shuffles its rows, in the state Keras would find it in.
    """

    trainable: Leaves
    others: Leaves
    learning_rate: float | None
    lifts: Lifts
    random: np.random.RandomState


@dataclass(slots=True, kw_only=True, eq=False)
class Group:
    """Members that one compiled program trains, and the model that lends it its structure.

    Args:
        signature: equal for models of one structure, whatever their names, weights and lifted numbers.
        ready: members built and not yet taken, by index.
        lifted: names of the numbers the program takes as inputs.
    """

    model: Any
    signature: str
    wanted: list[Wanted] = field(default_factory=list[Wanted])
    ready: dict[int, Member] = field(default_factory=dict[int, Member])
    lifted: tuple[str, ...] = ()


def built(build: Build, choices: Mapping[str, Any], seed: int, first_rows: Any) -> Any:
    """The model as `keras.utils.set_random_seed(seed); build(**choices)` makes it, every weight drawn.

    Raises:
        ModelError: what comes back is no compiled Keras model.
    """
    keras.utils.clear_session(free_memory=False)  # names begin anew, so metrics are called alike
    keras.utils.set_random_seed(seed)
    model = build(**choices)
    if not isinstance(model, keras.Model):
        raise ModelError(
            where=f"what build({_written(choices)}) returns",
            expected="a compiled keras.Model",
            received=type(model).__name__,
            do_this="End the function with `return model`.",
        )
    if not model.compiled:
        raise ModelError(
            where=f"what build({_written(choices)}) returns",
            expected="a compiled keras.Model",
            received="a model without optimizer and loss",
            do_this='Call model.compile(optimizer="rmsprop", loss="mse") before returning it.',
        )
    checked: Any = model
    if not all(layer.built for layer in checked._flatten_layers()):
        model(jax.tree.map(_symbolic, first_rows))
    return model


def sorted_into_groups(build: Build, wanted: list[Wanted], first_rows: Any) -> list[Group]:
    """Put together the members of one structure, in the order they are given.

    Equal choices make equal structures, so one model of each is built to find out; the rest are built by
    `build_members`, while the program of those known is already compiling.
    """
    groups: dict[str, Group] = {}
    group_of: dict[str, Group] = {}
    with _own_randomness(), quick_compiles():
        for one in wanted:
            known = told_apart(one.choices)
            if known not in group_of:
                model = built(build, one.choices, one.seed, first_rows)
                signature = signature_of(model, known)
                group = groups.setdefault(signature, Group(model=model, signature=signature))
                group_of[known] = group
                if len(_seeds(model)) > len(_seeds(group.model)):
                    group.model = model  # a drop rate of 0 leaves its seed out; the program needs them all
                group.ready[one.index] = _member(model, one)
            group_of[known].wanted.append(one)
    for group in groups.values():
        group.lifted = _lifted(group)
    return list(groups.values())


def build_members(group: Group, wanted: list[Wanted], build: Build, first_rows: Any) -> None:
    """Have these members of the group ready."""
    with _own_randomness():
        for one in wanted:
            if one.index not in group.ready:
                group.ready[one.index] = _member(built(build, one.choices, one.seed, first_rows), one)


def take_members(group: Group, wanted: list[Wanted]) -> list[Member]:
    """These members, which are the taker's now, as the group's program wants them.

    A Dropout that drops nothing has no seed, yet the program carries one for it: it gets the group's.
    """
    members = [group.ready.pop(one.index) for one in wanted]
    seeds = sorted(_seeds(group.model).items(), key=lambda item: item[1])
    variables = group.model.non_trainable_variables
    for member in members:
        for place, position in seeds:
            if member.lifts.get(f"{place} kept") == 1.0:
                member.others.insert(position, np.asarray(variables[position].value))
    return members


def _member(model: Any, wanted: Wanted) -> Member:
    shuffler = np.random.RandomState()
    shuffler.set_state(np.random.get_state(legacy=True))
    rate = model.optimizer._learning_rate
    constant = isinstance(rate, keras.Variable)
    return Member(
        index=wanted.index,
        seed=wanted.seed,
        choices=wanted.choices,
        training=wanted.training,
        validation=wanted.validation,
        trainable=[np.asarray(variable.value) for variable in model.trainable_variables],
        others=[np.asarray(variable.value) for variable in model.non_trainable_variables],
        learning_rate=float(np.asarray(rate.value)) if constant else None,
        lifts=lifts_of(model),
        random=shuffler,
    )


def _seeds(model: Any) -> dict[int, int]:
    """Where, among the non-trainable variables, each Dropout's seed is: by the layer's place."""
    positions = {id(variable): position for position, variable in enumerate(model.non_trainable_variables)}
    found: dict[int, int] = {}
    for place, layer in enumerate(model._flatten_layers(include_self=False)):
        if is_dropout(layer) and layer.rate > 0:
            found[place] = positions[id(layer.seed_generator.state)]
    return found


def _lifted(group: Group) -> tuple[str, ...]:
    seeds = _seeds(group.model)
    names = sorted({name for member in group.ready.values() for name in member.lifts})
    return tuple(name for name in names if not name.endswith("kept") or int(name.split(" ")[0]) in seeds)


def _written(choices: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in choices.items())


def _symbolic(array: Any) -> Any:
    return keras.KerasTensor((None, *array.shape[1:]), keras.backend.standardize_dtype(array.dtype))


@contextmanager
def _own_randomness() -> Generator[None]:
    """Building draws from Python's and numpy's global generators; the caller gets theirs back as it was."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextmanager
def quick_compiles() -> Generator[None]:
    """Compile without optimising: first weights are drawn once, by slow-compiling programs (1.9 -> 0.9 s)."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", before)
