"""Which models compute alike: texts that are equal only where one compiled program may serve both."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelwright.engine.keras_backend import keras
from modelwright.engine.population.checkpoints import fingerprint


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


def told_apart(choices: Mapping[str, Any]) -> str:
    """The choices as a text equal only for equal ones: what may print alike goes by identity."""
    return ", ".join(f"{name}={_exact(value)}" for name, value in choices.items())


def _exact(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array {fingerprint(value)}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(_exact(one) for one in value)})"
    return json.dumps(_described(value))


def lasting(text: str) -> str:
    """The text without the addresses in it, which another process does not share."""
    return re.sub(r" at \d+", "", text)
