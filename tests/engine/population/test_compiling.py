from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from modelwright.engine.keras_backend import jax
from modelwright.engine.population.compiling import BRIEF_COMPILER_OPTIONS, compiled


def test_an_option_that_xla_does_not_know_is_left_out() -> None:
    lowered = jax.jit(lambda number: number + 1).lower(np.float32(1))
    options = BRIEF_COMPILER_OPTIONS | {"xla_cpu_no_such_option": True}
    assert float(compiled(lowered, options)(np.float32(1))) == 2


def test_any_other_error_is_told() -> None:
    def compile_(compiler_options=None):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")

    with pytest.raises(jax.errors.JaxRuntimeError, match="out of memory"):
        compiled(SimpleNamespace(compile=compile_), BRIEF_COMPILER_OPTIONS)
