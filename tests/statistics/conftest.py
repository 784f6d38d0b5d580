"""A world in which rows answer each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

ROWS, FEATURES, FOLDS = 100, 60, 5


@pytest.fixture
def smoother() -> Callable[[int], tuple[Any, Any]]:
    """Of a seed, targets drawn at random and a linear smoother's answers to them: each row is answered by the
    targets of the rows like it in other folds."""

    def drawn(seed: int) -> tuple[Any, Any]:
        random = np.random.default_rng(seed)
        features = random.normal(size=(ROWS, FEATURES))
        fold = np.arange(ROWS) % FOLDS
        targets = (random.random(ROWS) < 0.5).astype(np.int64)
        alike = features @ features.T * (fold[:, None] != fold[None, :])
        return targets, 0.05 * alike @ (targets - 0.5)

    return drawn
