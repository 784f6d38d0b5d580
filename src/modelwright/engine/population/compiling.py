"""From a group of members to the executables that train and evaluate them, compiled side by side."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelwright.engine.free_memory import give_back
from modelwright.engine.keras_backend import jax
from modelwright.engine.population.lifting import drops
from modelwright.engine.population.program import SUMS, Program

# LLVM's first level: a quarter less time compiling and the same time running (measured on dense networks).
COMPILER_OPTIONS = {"xla_backend_optimization_level": 1}
# XLA's older emitters compile in two thirds of the time; slower by them are what runs long, large weights and
# convolutions (a convnet's epoch: 68 s against 49 s), and drawing random numbers (four times the time).
SMALL_COMPILER_OPTIONS = COMPILER_OPTIONS | {"xla_cpu_use_fusion_emitters": False}
# Not optimised either: less than half of that time compiling (0.13 s of processor time against 0.30 s), twice
# the time running (16 models of 64-64 evaluated: 0.09 s against 0.04 s).
BRIEF_COMPILER_OPTIONS = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}

Key = tuple[Any, ...]

Options = dict[str, Any]
"""XLA's, by name."""


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True, kw_only=True, eq=False)
class Executables:
    """The compiled functions of one program, one for each shape asked for.

    Args:
        pool: where programs compile, so that several do at once.
        options: how each kind of function compiles.
    """

    program: Program
    pool: ThreadPoolExecutor
    options: dict[str, Options]
    _made: dict[Key, Future[Any]] = field(default_factory=dict[Key, Any])
    _lowered: dict[Key, Any] = field(default_factory=dict[Key, Any])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, kind: str, arguments: tuple[Any, ...]) -> Future[Any]:
        """Begin compiling ``train`` or ``evaluate`` for arguments of these shapes, unless begun before."""
        shapes = jax.tree.map(_shape, arguments)
        key = _key(kind, shapes)
        with self._lock:
            if key not in self._made:
                donated = (0, 1) if kind == "train" else (1,)
                function = jax.jit(getattr(self.program, kind), donate_argnums=donated)
                self._lowered[key] = function.lower(*shapes)
                self._made[key] = self.pool.submit(compiled, self._lowered[key], self.options[kind])
            return self._made[key]

    def text(self, kind: str, arguments: tuple[Any, ...]) -> str:
        """What is compiled for arguments of these shapes, and how: equal texts compute alike."""
        self.ask(kind, arguments)
        lowered = self._lowered[_key(kind, jax.tree.map(_shape, arguments))]
        return f"{lowered.as_text()}{self.options[kind]}"

    def __call__(self, kind: str, arguments: tuple[Any, ...]) -> Any:
        """Run ``train`` or ``evaluate``."""
        return self.ask(kind, arguments).result()(*arguments)


def options_of(program: Program, *, evaluated_briefly: bool) -> dict[str, Options]:
    """How to compile the program's functions, for the least time of compiling and running together.

    Args:
        evaluated_briefly: so few rows in all that compiling to evaluate them is what takes time.
    """
    if program.mode == "map":
        return {"train": COMPILER_OPTIONS, "evaluate": COMPILER_OPTIONS}
    return {
        "train": COMPILER_OPTIONS if drops(program.model) else SMALL_COMPILER_OPTIONS,
        "evaluate": BRIEF_COMPILER_OPTIONS if evaluated_briefly else SMALL_COMPILER_OPTIONS,
    }


def compiled(lowered: Any, options: Options) -> Any:
    """The executable; without any options where XLA does not know one: they come and go, and change nothing
    but the time it takes and how numbers are rounded.
    """
    try:
        executable = lowered.compile(compiler_options=options)
    except jax.errors.JaxRuntimeError as error:
        if "No such compile option" not in str(error):
            raise
        executable = lowered.compile()
    give_back()
    return executable


def _key(kind: str, shapes: Any) -> Key:
    leaves, structure = jax.tree.flatten(shapes)
    return (kind, structure, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves))


def _shape(value: Any) -> Any:
    array = value if hasattr(value, "dtype") else np.asarray(value)
    return jax.ShapeDtypeStruct(np.shape(array), jax.dtypes.canonicalize_dtype(array.dtype))


def no_sums(members: int) -> Any:
    """Where an epoch's sums begin."""
    return np.zeros((members, SUMS), dtype=np.float32)
