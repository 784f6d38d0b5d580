"""Labels turned over on purpose are found, and right ones seldom doubted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.statistics.label_errors import likely_errors


def world(
    seed: int, rows: int, classes: int, noise: float, sure: float = 8.0
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Labels of which a share is wrong, a model's calibrated probabilities, and which labels are wrong."""
    random = np.random.default_rng(seed)
    scores = sure * random.normal(size=(rows, classes))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    true = np.array([random.choice(classes, p=own) for own in probabilities])
    wrong = random.random(rows) < noise
    labels = np.where(wrong, (true + random.integers(1, classes, rows)) % classes, true)
    return labels.astype(np.int64), probabilities, wrong


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_what_is_doubted_most_is_mostly_wrong(classes: int, noise: float) -> None:
    labels, probabilities, wrong = world(0, 4_000, classes, noise)
    doubted = likely_errors(labels, probabilities)
    assert wrong[doubted[: int(wrong.sum() / 3)]].mean() >= 0.9
    assert wrong[doubted].sum() >= 0.6 * wrong.sum()


def test_labels_a_model_is_sure_of_are_not_doubted() -> None:
    labels = np.repeat(np.arange(3), 50)
    probabilities = np.full((150, 3), 0.05)
    probabilities[np.arange(150), labels] = 0.9
    assert not len(likely_errors(labels, probabilities))


def test_a_class_nobody_has_is_no_answer() -> None:
    labels = np.zeros(20, dtype=np.int64)
    probabilities = np.tile([0.3, 0.7], (20, 1))
    assert not len(likely_errors(labels, probabilities))


@pytest.mark.parametrize("seed", range(5))
def test_cleanlab_doubts_the_same_rows_in_the_same_order(seed: int) -> None:
    find = pytest.importorskip("cleanlab.filter", reason="cleanlab is not installed").find_label_issues
    labels, probabilities, _ = world(seed, 1_000, 4, 0.08, sure=1.5)
    expected = find(
        labels,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,
    )
    assert likely_errors(labels, probabilities).tolist() == expected.tolist()
