"""The last layer and loss that go with a kind of answer, and the answers as that loss wants them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.target import Target
from modelwright.records import record

RegressionLoss = Literal["squared", "absolute"]


@record
class LastLayer:
    """Units, activation and loss, by Keras's names."""

    units: int
    activation: Literal["sigmoid", "softmax", "linear"]
    loss: str


def last_layer(target: Target, regression_loss: RegressionLoss = "squared") -> LastLayer:
    """The row of the book's table for this kind of answer.

    Source: Deep Learning with Python, section 6.2.3, table 6.1.
    """
    if target.kind == "binary":
        return LastLayer(units=1, activation="sigmoid", loss="binary_crossentropy")
    if target.kind == "multiclass":
        return LastLayer(units=target.outputs, activation="softmax", loss="sparse_categorical_crossentropy")
    loss = "mean_squared_error" if regression_loss == "squared" else "mean_absolute_error"
    return LastLayer(units=target.outputs, activation="linear", loss=loss)


def loss_answers(target: Target, answers: NDArray[Any], units: int, loss: str) -> NDArray[Any]:
    """Classes as the loss wants them: 0/1, positions, or one column a class; regression as it is.

    Args:
        answers: class positions (rows,), or standardised values (rows, targets).
        units: of the model's last layer.
        loss: the loss's name in snake case.

    Returns:
        float32 (rows, units), or int32 (rows,) for a sparse loss.
    """
    if not target.classifies:
        return answers.astype(np.float32)
    if units == 1:
        return answers.astype(np.float32)[:, None]
    if "sparse" in loss:
        return answers.astype(np.int32)
    one_hot = np.zeros((len(answers), units), dtype=np.float32)
    one_hot[np.arange(len(answers)), answers] = 1.0
    return one_hot
