"""What a model answers: the classes of a classification, the named values of a regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.records import TaskKind, record


@record
class Target:
    """The answer's kind and names.

    Args:
        kind: the kind of task.
        classes: in the order of the probability columns; binary: the positive one last. Empty for regression.
        names: the target columns.
    """

    kind: TaskKind
    classes: tuple[str, ...] = ()
    names: tuple[str, ...]

    @property
    def classifies(self) -> bool:
        """Whether the answer is one of several classes."""
        return self.kind in ("binary", "multiclass")

    @property
    def outputs(self) -> int:
        """Columns of a prediction: one a class, or one a target."""
        return len(self.classes) or len(self.names)

    @property
    def last_units(self) -> int:
        """Units of a model's last layer: one for binary (the positive class), else one an output.

        Source: Deep Learning with Python, section 6.2.3, table 6.1.
        """
        return 1 if self.kind == "binary" else self.outputs


def standardise(
    answers: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Regression answers with mean 0 and standard deviation 1, and what undoes it.

    Shapes:
        answers: (rows, targets) or (rows,)

    Returns:
        answers (rows, targets), centre (targets,), scale (targets,); a constant target has scale 1.
    """
    values = np.asarray(answers, dtype=np.float64).reshape(len(answers), -1)
    centre = values.mean(axis=0)
    spread = values.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return (values - centre) / scale, centre, scale


def probabilities(positive: NDArray[Any]) -> NDArray[np.float64]:
    """Both columns of a binary answer, from the positive class's probability (rows,)."""
    second = np.asarray(positive, dtype=np.float64).reshape(-1)
    return np.column_stack([1.0 - second, second])
