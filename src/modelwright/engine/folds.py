"""Training rows and held-out rows as the contenders take them, one part a fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """What one training may see.

    Args:
        training, answers: what it learns from.
        validation, validation_answers: what tells trees and networks when to stop; or None.

    Shapes:
        answers: int64 (rows,) class positions, or float64 (rows, targets)
    """

    training: Prepared
    answers: NDArray[Any]
    validation: Prepared | None = None
    validation_answers: NDArray[Any] | None = None
