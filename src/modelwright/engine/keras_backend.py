"""Keras on JAX, and on nothing else: the one door through which the engine imports them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

from modelwright.errors import ModelError

# Keras imports both where they are installed, for its wrappers of scikit-learn and for fitting data frames,
# neither of which is used here: 2.5 s instead of 0.8 s, and 110 MB.
NOT_FOR_KERAS = ("sklearn", "pandas")


@contextmanager
def _hidden(names: tuple[str, ...]) -> Generator[None]:
    """Inside, packages of these names that are not imported yet cannot be."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # pyright: ignore[reportArgumentType, reportCallIssue]  # None says: not to be had
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # XLA's C++ log: errors only
logging.getLogger("jax._src.xla_bridge").setLevel(logging.ERROR)  # "no GPU found" is no news

import jax  # noqa: E402  # the environment comes first

with _hidden(NOT_FOR_KERAS):
    import keras

if keras.config.backend() != "jax":
    raise ModelError(
        where="the import of keras",
        expected="Keras on its JAX backend",
        received=f"Keras already imported on {keras.config.backend()}",
        do_this="Import modelwright before keras, or set the environment variable KERAS_BACKEND=jax.",
    )
keras.config.set_floatx("float32")  # whatever a ~/.keras/keras.json says

__all__ = ["jax", "keras"]
