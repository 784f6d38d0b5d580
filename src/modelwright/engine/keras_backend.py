"""Keras on JAX, and on nothing else: the one door through which the engine imports them."""

from __future__ import annotations

import logging
import os
import sys

from modelwright.errors import ModelError

if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # XLA's C++ log: errors only
logging.getLogger("jax._src.xla_bridge").setLevel(logging.ERROR)  # "no GPU found" is no news

import jax  # noqa: E402  # the environment comes first
import keras  # noqa: E402  # the environment comes first

if keras.config.backend() != "jax":
    raise ModelError(
        where="the import of keras",
        expected="Keras on its JAX backend",
        received=f"Keras already imported on {keras.config.backend()}",
        do_this="Import modelwright before keras, or set the environment variable KERAS_BACKEND=jax.",
    )
keras.config.set_floatx("float32")  # whatever a ~/.keras/keras.json says

__all__ = ["jax", "keras"]
