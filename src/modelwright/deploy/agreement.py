"""How far are the answers of one place from the trained model's, row by row?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.parity import MAX_DIFFERENCE, hold_to
from modelwright.deploy.proving import Proof
from modelwright.errors import ParityError
from modelwright.records import Answerer, Target
from modelwright.serving.answers import EVEN_THRESHOLD, decide
from modelwright.serving.manifest import Manifest

Outputs = NDArray[np.float64]


def outputs_of(manifest: Manifest, answers: Sequence[dict[str, Any]]) -> Outputs:
    """The numbers of answers, (rows, outputs); NaN where a row was refused."""
    nothing = [np.nan] * (len(manifest.classes) or len(manifest.targets))
    return np.array([_numbers(manifest, one) if "prediction" in one else nothing for one in answers])


def _numbers(manifest: Manifest, answer: dict[str, Any]) -> list[float]:
    if manifest.classes:
        return [answer["probabilities"][name] for name in manifest.classes]
    if manifest.kind == "regression":
        return [answer["prediction"]]
    return [answer["prediction"][target] for target in manifest.targets]


def held(
    manifest: Manifest,
    expected: Outputs,
    answers: Sequence[dict[str, Any]],
    proof: Proof,
    *,
    target: Target,
    form: str,
    program: str,
    model: str,
) -> Answerer:
    """Hold one place's answers to the trained model's, numbers and classes.

    Args:
        expected: the trained model's, (rows, outputs). form: in which it went there.
        model: sha256 of the file that answered.

    Raises:
        ParityError: a row differs by more than 1e-5, or has another class without a reason for it.
    """
    outputs = outputs_of(manifest, answers)
    if len(outputs) != len(expected):
        raise _other_class(f"{len(expected)} rows", f"{len(outputs)} answers", target)
    largest = hold_to(expected, outputs, proof.scale, proof.rows, by=f"the {target}")
    return Answerer(
        target=target,
        release=manifest.name,
        form=form,
        program=program,
        model=model,
        max_difference=largest,
        disagreements=_disagreements(manifest, expected, answers, target) if manifest.classes else None,
        unanswered=int((~np.isfinite(expected).all(axis=1)).sum()),
    )


def _disagreements(
    manifest: Manifest, expected: Outputs, answers: Sequence[dict[str, Any]], target: Target
) -> int:
    """Rows with another class; each must be one that the limit itself leaves open.

    Raises:
        ParityError: a row is decided otherwise although its probabilities are clear.
    """
    others = _others(manifest, expected, answers)
    for row, (decided, given) in others.items():
        if not _is_open(manifest, expected[row], str(given)):
            raise _other_class(f"{decided!r} for {expected[row].tolist()}", f"{given!r}", target)
    return len(others)


def disagreements(manifest: Manifest, expected: Outputs, answers: Sequence[dict[str, Any]]) -> int:
    """Rows with another class than the trained model's, however clear it is."""
    return len(_others(manifest, expected, answers))


def _others(
    manifest: Manifest, expected: Outputs, answers: Sequence[dict[str, Any]]
) -> dict[int, tuple[Any, Any]]:
    """Row -> the trained model's class, and the other one that was given."""
    given = [answer.get("prediction") for answer in answers]
    pairs = enumerate(zip(decide(manifest, expected), given, strict=True))
    return {row: (one, other) for row, (one, other) in pairs if one != other}


def _is_open(manifest: Manifest, probabilities: NDArray[np.float64], given: str) -> bool:
    """Whether a difference within the limit is enough to decide for the class that was given."""
    if given not in manifest.classes:
        return False
    if manifest.kind == "binary":
        threshold = EVEN_THRESHOLD if manifest.threshold is None else manifest.threshold
        return bool(abs(probabilities[-1] - threshold) <= MAX_DIFFERENCE)
    behind = probabilities.max() - probabilities[manifest.classes.index(given)]
    return bool(behind <= 2 * MAX_DIFFERENCE)


def _other_class(expected: str, received: str, target: Target) -> ParityError:
    return ParityError(
        where=f"the answers of the {target}",
        expected=expected,
        received=received,
        do_this="Report this to the maintainers: nothing is shipped that answers otherwise than tested.",
    )
