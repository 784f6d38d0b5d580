"""The models of a population: built one by one, then sorted by what may share a program."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population.lifting import Lifts, is_dropout, lifts_of
from modelwright.errors import ModelError

Build = Callable[..., Any]
Leaves = list[NDArray[Any]]


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """One model to train: its place in the population and all that is its own.

    Args:
        trainable, others: first weights; seed states and running means are among the others.
        learning_rate: of the optimizer, where it is a number.
        random: what shuffles its rows, in the state Keras would find it in.
        training, validation: its rows of the population's inputs.
    """

    index: int
    seed: int
    choices: Mapping[str, Any]
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
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
        lifted: names of the numbers the program takes as inputs.
    """

    model: Any
    signature: str
    lifted: tuple[str, ...]
    members: list[Member] = field(default_factory=list[Member])


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


def sorted_into_groups(
    build: Build,
    wanted: list[tuple[Mapping[str, Any], int]],
    rows: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    first_rows: Any,
) -> list[Group]:
    """Build every member and put together those of one structure, in the order they are given."""
    groups: dict[str, Group] = {}
    signatures: dict[str, str] = {}
    with _own_randomness(), quick_compiles():
        for index, (choices, seed) in enumerate(wanted):
            model = built(build, choices, seed, first_rows)
            known = _told_apart(choices)
            if known not in signatures:
                signatures[known] = signature_of(model, known)
            group = groups.setdefault(
                signatures[known], Group(model=model, signature=signatures[known], lifted=())
            )
            if len(_seeds(model)) > len(_seeds(group.model)):
                group.model = model  # a drop rate of 0 leaves its seed out; the program needs them all
            group.members.append(_member(model, index, seed, choices, rows[index]))
    for group in groups.values():
        _align(group)
    return list(groups.values())


def _member(
    model: Any,
    index: int,
    seed: int,
    choices: Mapping[str, Any],
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Member:
    shuffler = np.random.RandomState()
    shuffler.set_state(np.random.get_state(legacy=True))
    rate = model.optimizer._learning_rate
    constant = isinstance(rate, keras.Variable)
    return Member(
        index=index,
        seed=seed,
        choices=choices,
        training=rows[0],
        validation=rows[1],
        trainable=[np.asarray(variable.value) for variable in model.trainable_variables],
        others=[np.asarray(variable.value) for variable in _others(model)],
        learning_rate=float(np.asarray(rate.value)) if constant else None,
        lifts=lifts_of(model),
        random=shuffler,
    )


def _others(model: Any) -> list[Any]:
    """Non-trainable variables, a place kept (None) for the seed of each Dropout that drops nothing."""
    return list(model.non_trainable_variables)


def _seeds(model: Any) -> dict[int, int]:
    """Where, among the non-trainable variables, each Dropout's seed is: by the layer's place."""
    positions = {id(variable): position for position, variable in enumerate(model.non_trainable_variables)}
    found: dict[int, int] = {}
    for place, layer in enumerate(model._flatten_layers(include_self=False)):
        if is_dropout(layer) and layer.rate > 0:
            found[place] = positions[id(layer.seed_generator.state)]
    return found


def _align(group: Group) -> None:
    """Give members whose Dropout drops nothing the seed state the shared program carries for it."""
    seeds = _seeds(group.model)
    spare = {
        position: np.asarray(group.model.non_trainable_variables[position].value)
        for position in seeds.values()
    }
    for member in group.members:
        for place, position in sorted(seeds.items(), key=lambda item: item[1]):
            if member.lifts.get(f"{place} kept") == 1.0:
                member.others.insert(position, spare[position])
    names = sorted({name for member in group.members for name in member.lifts})
    group.lifted = tuple(
        name for name in names if not name.endswith("kept") or int(name.split(" ")[0]) in seeds
    )


def signature_of(model: Any, choices: str) -> str:
    """A text equal for models that compute alike up to names, first weights and lifted numbers.

    Sequential and Functional models of Keras's own layers are described by their configuration;
    anything else may hide what it computes, so only equal choices count as equal models.
    """
    shapes = [(tuple(v.shape), str(v.dtype)) for v in model.trainable_variables]
    compiled = _compiled(model)
    if not speaks_for_itself(model):
        return json.dumps(["choices", choices, shapes, compiled])
    names = {layer.name: f"#{place}" for place, layer in enumerate(model._flatten_layers())}
    return json.dumps([_cleaned(model.get_config(), names), shapes, compiled], default=str)


def speaks_for_itself(model: Any) -> bool:
    """Whether the configuration tells all that the model computes."""
    if type(model) not in (keras.Sequential, keras.Model) and not _is_functional(model):
        return False
    layers = list(model._flatten_layers(include_self=False))
    return all(_is_known(layer) and type(layer) is not keras.layers.Lambda for layer in layers)


def _is_functional(model: Any) -> bool:
    return type(model).__module__.startswith("keras.") and type(model).__name__ == "Functional"


def is_keras(thing: Any) -> bool:
    """Whether the object's class is Keras's own."""
    return type(thing).__module__.startswith("keras.")


def _is_known(layer: Any) -> bool:
    """Keras's layers and the house's own are described by their configurations, with these exceptions.

    A layer adapted to data (Normalization and its kin) keeps what it learnt out of its configuration, and a
    function of a user's own is there by its name only.
    """
    module = type(layer).__module__
    if module.startswith("modelwright."):
        return True
    return is_keras(layer) and ".preprocessing." not in module and not _names_a_function(layer.get_config())


def _names_a_function(config: Any) -> bool:
    if isinstance(config, dict):
        own = config.get("class_name") == "function" or "keras" not in str(config.get("module", "keras"))
        return own or any(_names_a_function(value) for value in config.values())
    return isinstance(config, (list, tuple)) and any(_names_a_function(value) for value in config)


NOT_STRUCTURE = ("name", "seed", "build_config", "build_input_shape", "registered_name")


def _cleaned(config: Any, names: dict[str, str], *, dropout: bool = False) -> Any:
    """The configuration without names, initialisers and the numbers that are lifted."""
    if isinstance(config, dict):
        drops = dropout or config.get("class_name") == "Dropout"
        kept: dict[str, Any] = {}
        for key, value in config.items():
            if key in NOT_STRUCTURE or key.endswith("_initializer") or (drops and key == "rate"):
                continue
            if key.endswith("_regularizer") and _lifted_regularizer(value):
                continue
            kept[key] = _cleaned(value, names, dropout=drops)
        return kept
    if isinstance(config, (list, tuple)):
        return [_cleaned(value, names) for value in config]
    return names.get(config, config) if isinstance(config, str) else config


def _lifted_regularizer(config: Any) -> bool:
    return config is None or (isinstance(config, dict) and config.get("class_name") in ("L1", "L2", "L1L2"))


def _compiled(model: Any) -> str:
    """What `compile` was given, learning rate aside; functions of a user's own by identity."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, about numpy's copies
        optimizer = model.optimizer.get_config()
    optimizer.pop("name", None)
    if isinstance(model.optimizer._learning_rate, keras.Variable):
        optimizer.pop("learning_rate", None)
    given = dict(model._compile_config.config)
    given.pop("optimizer", None)
    return json.dumps([type(model.optimizer).__qualname__, _described(optimizer), _described(given)])


def _described(thing: Any) -> Any:
    if thing is None or isinstance(thing, (str, int, float, bool)):
        return thing
    if isinstance(thing, Mapping):
        return {str(key): _described(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_described(value) for value in thing]
    if is_keras(thing) and hasattr(thing, "get_config"):
        return [type(thing).__qualname__, _described(thing.get_config())]
    return f"{getattr(thing, '__qualname__', type(thing).__qualname__)} at {id(thing)}"


def _written(choices: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in choices.items())


def _told_apart(choices: Mapping[str, Any]) -> str:
    """The choices as a text equal only for equal ones: what may print alike goes by identity."""
    return ", ".join(f"{name}={_exact(value)}" for name, value in choices.items())


def _exact(value: Any) -> str:
    if value is None or isinstance(value, (str, int, float, bool)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(_exact(one) for one in value)})"
    return f"{type(value).__qualname__} at {id(value)}"


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
