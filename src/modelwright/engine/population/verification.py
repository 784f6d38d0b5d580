"""Does the shared program do what Keras does? One step of both, on the same batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.compile_cache import FileCache, cache_folder
from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population.checkpoints import fingerprint
from modelwright.engine.population.compiling import BRIEF_COMPILER_OPTIONS, compiled

TOLERANCE = 1e-4
"""Of the largest value: rounding differs by some 1e-7, and optimisers that divide by the gradient's size
magnify it; a wrong step (a penalty, a mask, a weight forgotten) is off by far more."""

SHARE_BEYOND = 0.01
"""Share of a variable's entries that may differ by more: where a gradient is nothing but rounding, its
sign is, and such an optimiser takes a whole step in its direction."""


def lowered_reference(model: Any, state: Any, batch: Any) -> Any:
    """What `keras.Model.train_on_batch` runs, traced and ready to compile."""
    return jax.jit(model.train_step, donate_argnums=0).lower(state, batch)


def reference_step(lowered: Any, state: Any, batch: Any) -> Any:
    """The loss and the state after Keras's own step, compiled as quickly as it goes."""
    logs, after = compiled(lowered, BRIEF_COMPILER_OPTIONS)(state, batch)
    return np.asarray(logs["loss"]), [[np.asarray(leaf) for leaf in part] for part in after[:3]]


def disagreement(expected: Any, received: Any) -> str | None:
    """In what the two steps' losses or states differ, or None."""
    loss, parts = expected
    if not _agree(loss, received[0]):
        return f"a first step's loss is {float(received[0]):.7g}, with fit {float(loss):.7g}"
    for name, ours, theirs in zip(
        ("weights", "other variables", "optimizer variables"), received[1], parts, strict=True
    ):
        if any(not _agree(a, b) for a, b in zip(theirs, ours, strict=True)):
            return f"{name} after a first step differ from fit's"
    return None


class Proven:
    """Whether these two programs were held against each other before, on this machine."""

    def __init__(self, *texts: str) -> None:
        self.name = fingerprint(jax.__version__, keras.__version__, jax.default_backend(), *texts)
        self.cache = FileCache(cache_folder() / "proven")

    @property
    def known(self) -> bool:
        """They agreed."""
        return self.cache.get(self.name) == b"agree"

    def remember(self) -> None:
        """They agree; no need to ask again."""
        self.cache.put(self.name, b"agree")


def _agree(expected: NDArray[Any], received: NDArray[Any]) -> bool:
    if not np.issubdtype(expected.dtype, np.floating):
        return bool(np.array_equal(expected, received))
    allowed = TOLERANCE * max(1e-12, float(np.max(expected, initial=0)), -float(np.min(expected, initial=0)))
    with np.errstate(invalid="ignore"):
        difference = np.asarray(expected - received)
        same = np.abs(difference, out=difference) <= allowed
    beyond = same.size - np.count_nonzero(same)
    if beyond:
        beyond -= np.count_nonzero(np.isnan(expected) & np.isnan(received))
    return bool(beyond <= (SHARE_BEYOND * same.size if same.size > 1 else 0))
