from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.deploy.agreement import held, outputs_of
from modelwright.deploy.parity import scale_of
from modelwright.deploy.proving import Proof
from modelwright.engine.columns import Columns
from modelwright.errors import ParityError
from modelwright.records import Answerer
from modelwright.serving.manifest import FORMAT, Manifest

BINARY = Manifest(
    format=FORMAT, name="m", kind="binary", classes=("no", "yes"), targets=("t",), threshold=0.3, inputs=()
)
MANY = Manifest(
    format=FORMAT, name="m", kind="multiclass", classes=("a", "b", "c"), targets=("t",), inputs=()
)
NUMBER = Manifest(format=FORMAT, name="m", kind="regression", targets=("t",), inputs=())
REFUSED = {"error": "RowProblem"}


def answer(manifest: Manifest, prediction: Any, *outputs: float) -> dict[str, Any]:
    return {"prediction": prediction, "probabilities": dict(zip(manifest.classes, outputs, strict=True))}


def agreed(manifest: Manifest, expected: list[list[float]], answers: list[dict[str, Any]]) -> Answerer:
    known = np.array(expected)
    proof = Proof(
        columns=Columns(values={}, rows=len(known)),
        rows=[{"row": float(row)} for row in range(len(known))],
        scale=scale_of(manifest.kind, np.array([[0.0], [2.0]]), known.shape[1]),
    )
    return held(manifest, known, answers, proof, target="browser", form="float", program="p", model="sha")


def test_the_same_answers_agree() -> None:
    made = agreed(
        BINARY,
        [[0.8, 0.2], [0.6, 0.4], [np.nan, np.nan]],
        [answer(BINARY, "no", 0.8, 0.2 + 1e-7), answer(BINARY, "yes", 0.6, 0.4), REFUSED],
    )
    assert (made.disagreements, made.unanswered) == (0, 1)
    assert made.max_difference == pytest.approx(1e-7)


def test_another_class_with_clear_probabilities_is_no_agreement() -> None:
    """As where the threshold were another: 0.4 is above 0.3 and below 0.5."""
    with pytest.raises(ParityError, match=r"'yes' for .* received 'no'"):
        agreed(BINARY, [[0.6, 0.4]], [answer(BINARY, "no", 0.6, 0.4)])
    with pytest.raises(ParityError, match="received 'b'"):
        agreed(MANY, [[0.6, 0.4, 0.0]], [answer(MANY, "b", 0.6, 0.4, 0.0)])
    with pytest.raises(ParityError, match="received 'z'"):
        agreed(MANY, [[0.6, 0.4, 0.0]], [answer(MANY, "z", 0.6, 0.4, 0.0)])


def test_a_row_on_the_threshold_may_fall_either_way_and_is_counted() -> None:
    assert agreed(BINARY, [[0.7, 0.3]], [answer(BINARY, "no", 0.7, 0.3 - 1e-6)]).disagreements == 1
    assert agreed(MANY, [[0.5, 0.5, 0.0]], [answer(MANY, "b", 0.5, 0.5, 0.0)]).disagreements == 1


@pytest.mark.parametrize("given", [REFUSED, answer(BINARY, "yes", 0.59, 0.41)])
def test_a_refusal_or_another_number_is_no_agreement(given: dict[str, Any]) -> None:
    with pytest.raises(ParityError, match="the answer of the browser"):
        agreed(BINARY, [[0.6, 0.4]], [given])


def test_an_answer_missing_is_no_agreement() -> None:
    with pytest.raises(ParityError, match="2 rows; received 1 answers"):
        agreed(BINARY, [[0.6, 0.4]] * 2, [answer(BINARY, "yes", 0.6, 0.4)])


def test_numbers_are_held_in_the_targets_own_unit() -> None:
    made = agreed(NUMBER, [[10.0]], [{"prediction": 10.0 + 9e-6}])
    assert made.disagreements is None
    assert made.max_difference == pytest.approx(1e-6)
    with pytest.raises(ParityError):
        agreed(NUMBER, [[10.0]], [{"prediction": 10.001}])


def test_answers_of_several_targets_are_read_by_name() -> None:
    two = Manifest(format=FORMAT, name="m", kind="vector_regression", targets=("l", "r"), inputs=())
    assert outputs_of(two, [{"prediction": {"r": 2.0, "l": 1.0}}]).tolist() == [[1.0, 2.0]]
