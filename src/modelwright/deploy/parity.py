"""Does the release answer as the trained model does? Row by row, on raw cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.raw_rows import RawRow
from modelwright.errors import ParityError

PARITY_ROWS = 1_000
MAX_DIFFERENCE = 1e-5  # in probability, or in standard deviations of the target
MAX_SHOWN_CHARACTERS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What a difference is measured in.

    Args:
        mean, deviation: of each target, (outputs,); 0 and 1 for probabilities.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def of(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """The unit at each output: the target's standard deviation, or the answer's own distance from the
        mean where that is larger (a number of sixteen digits has no more exact digits than any other).
        """
        return np.maximum(self.deviation, np.abs(outputs - self.mean))


def scale_of(kind: str, targets: NDArray[Any], outputs: int) -> Scale:
    """The scale of a task's differences.

    Args:
        targets: (rows, targets) of a regression; anything for a classification.
    """
    if kind not in ("regression", "vector_regression"):
        return Scale(mean=np.zeros(outputs), deviation=np.ones(outputs))
    deviation = targets.std(axis=0)
    return Scale(mean=targets.mean(axis=0), deviation=np.where(deviation > 0, deviation, 1.0))


def hold_to(
    expected: NDArray[np.float64],
    served: NDArray[np.float64],
    scale: Scale,
    rows: list[RawRow],
    *,
    by: str = "the released model",
) -> float:
    """The largest difference between the model's and the release's answers.

    Where the model itself has no finite answer, the release must have none either.

    Args:
        by: what answered, for the message.

    Shapes:
        expected, served: (rows, outputs).

    Raises:
        ParityError: some row differs by more than 1e-5; the row is shown.
    """
    differences = row_differences(expected, served, scale)
    worst = int(differences.argmax()) if differences.size else 0
    largest = float(differences[worst]) if differences.size else 0.0
    if largest > MAX_DIFFERENCE:
        raise ParityError(
            where=f"row {_shown(rows[worst])}",
            expected=f"the trained model's answer {expected[worst].tolist()}, to within {MAX_DIFFERENCE:g}",
            received=f"the answer of {by} {served[worst].tolist()} (off by {largest:.3g})",
            do_this="Report this row to the maintainers: nothing is shipped that answers otherwise than it "
            "was tested. Meanwhile, ship another recipe (--model, or a longer --seconds).",
        )
    return largest


def row_differences(
    expected: NDArray[np.float64], served: NDArray[np.float64], scale: Scale
) -> NDArray[np.float64]:
    """Each row's largest difference (rows,); infinite where only one side has a finite answer."""
    known, answered = np.isfinite(expected).all(axis=1), np.isfinite(served).all(axis=1)
    both = known & answered
    differences = np.where(known == answered, 0.0, np.inf)
    off = np.abs(expected[both] - served[both]) / scale.of(expected[both])
    differences[both] = off.max(axis=1, initial=0.0)
    return differences


def _shown(row: RawRow) -> str:
    text = msgspec.json.encode(row).decode()
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "..."
