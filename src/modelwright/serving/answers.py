"""Outputs of the graph -> predictions people can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .manifest import Manifest
from .problems import RowProblem

EVEN_THRESHOLD = 0.5  # where the manifest names none: the likelier class

Prediction = str | float | dict[str, float] | None


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class Answers:
    """What a release says of some rows.

    Args:
        outputs: float64 (rows, outputs): probabilities in the order of the classes, or values.
        prediction: one a row; None where the model has no finite answer.
    """

    outputs: NDArray[np.float64]
    prediction: list[Prediction]

    def hold_finite(self) -> None:
        """Refuse rows without an answer.

        Raises:
            RowProblem: the first of them.
        """
        if None in self.prediction:
            raise _no_answer(self.prediction.index(None) + 1)

    def part(self, start: int, stop: int) -> Answers:
        """The answers to some of the rows."""
        return Answers(self.outputs[start:stop], self.prediction[start:stop])


def decide(manifest: Manifest, outputs: NDArray[np.float64]) -> list[Prediction]:
    """One prediction a row: a class name, a number, or target -> number; None where there is no answer.

    Binary rows are the positive class (the last one) from the manifest's threshold on.
    """
    known: list[bool] = np.logical_and.reduce(np.isfinite(outputs), axis=1).tolist()
    decided = _decided(manifest, outputs)
    return [answer if ok else None for answer, ok in zip(decided, known, strict=True)]


def _decided(manifest: Manifest, outputs: NDArray[np.float64]) -> list[Any]:
    if manifest.kind == "binary":
        threshold = EVEN_THRESHOLD if manifest.threshold is None else manifest.threshold
        return [manifest.classes[int(yes)] for yes in outputs[:, -1] >= threshold]
    if manifest.kind == "multiclass":
        return [manifest.classes[best] for best in outputs.argmax(axis=1)]
    if manifest.kind == "regression":
        return outputs[:, 0].tolist()
    return [dict(zip(manifest.targets, row, strict=True)) for row in outputs.tolist()]


def answer_objects(manifest: Manifest, answers: Answers) -> list[dict[str, Any]]:
    """One JSON answer a row: model, prediction and, for classes, the probability of each.

    Raises:
        RowProblem: the model has no finite answer for a row.
    """
    answers.hold_finite()
    name, classes = manifest.name, manifest.classes
    if not classes:
        return [{"model": name, "prediction": one} for one in answers.prediction]
    return [
        {"model": name, "prediction": one, "probabilities": dict(zip(classes, row, strict=True))}
        for one, row in zip(answers.prediction, answers.outputs.tolist(), strict=True)
    ]


def _no_answer(row: int) -> RowProblem:
    return RowProblem(
        row=row,
        expected="values the model has a finite answer for",
        received="values so extreme that its answer is not a number",
        do_this="Check the row's numbers for a wrong unit or a slip of the keyboard.",
    )
