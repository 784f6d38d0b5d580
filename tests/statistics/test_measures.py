"""Each built-in measure agrees with scikit-learn's, with ties and weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from modelwright.errors import UndefinedMeasure
from modelwright.statistics.counts import labels_of
from modelwright.statistics.measures import BUILT_IN, fitting, measure_function

Reference = Callable[[Any, Any, Any], float]


def _by_label(function: Callable[..., Any], **choices: Any) -> Reference:
    return lambda t, o, w: function(t, labels_of(o), sample_weight=w, **choices)


def _by_average(function: Callable[..., Any]) -> Reference:
    def reference(t: Any, o: Any, w: Any) -> float:
        average = "binary" if o.shape[1] == 2 else "macro"
        return function(t, labels_of(o), average=average, sample_weight=w, zero_division=0)

    return reference


def _ovr(t: Any, o: Any, w: Any) -> float:
    areas = [metrics.roc_auc_score(t == k, o[:, k], sample_weight=w) for k in np.unique(t)]
    return float(np.mean(areas))


CLASSIFICATION: dict[str, Reference] = {
    "accuracy": _by_label(metrics.accuracy_score),
    "balanced_accuracy": _by_label(metrics.balanced_accuracy_score),
    "f1": _by_average(metrics.f1_score),
    "precision": _by_average(metrics.precision_score),
    "recall": _by_average(metrics.recall_score),
    "roc_auc": lambda t, o, w: metrics.roc_auc_score(t, o[:, 1], sample_weight=w),
    "average_precision": lambda t, o, w: metrics.average_precision_score(t, o[:, 1], sample_weight=w),
    "roc_auc_ovr": _ovr,
    "log_loss": lambda t, o, w: metrics.log_loss(t, o, labels=range(o.shape[1]), sample_weight=w),
    "brier": lambda t, o, w: metrics.brier_score_loss(t, o, labels=range(o.shape[1]), sample_weight=w),
}
REGRESSION: dict[str, Reference] = {
    "rmse": lambda t, o, w: metrics.root_mean_squared_error(t, o, sample_weight=w),
    "mae": lambda t, o, w: metrics.mean_absolute_error(t, o, sample_weight=w),
    "r2": lambda t, o, w: metrics.r2_score(t, o, sample_weight=w),
    "median_absolute_error": lambda t, o, w: metrics.median_absolute_error(t, o, sample_weight=w),
    "mape": lambda t, o, w: metrics.mean_absolute_percentage_error(t, o, sample_weight=w),
}


def _classified(classes: int, rows: int, steps: int, seed: int) -> tuple[Any, Any]:
    """Targets with every class, and probabilities on a coarse grid, so that ties abound."""
    generator = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(classes), generator.integers(0, classes, rows)])
    raw = generator.integers(0, steps, (len(targets), classes)) + 1.0
    return targets, raw / raw.sum(axis=1, keepdims=True)


def test_the_table_is_complete_and_every_measure_has_a_reference() -> None:
    assert set(BUILT_IN) == set(CLASSIFICATION) | set(REGRESSION)
    assert {d.name for d in fitting("binary")} == set(CLASSIFICATION) - {"roc_auc_ovr"}
    assert {d.name for d in fitting("vector_regression")} == set(REGRESSION)


@pytest.mark.parametrize(
    ("name", "classes"),
    [(d.name, k) for k, kind in ((2, "binary"), (4, "multiclass")) for d in fitting(kind)],  # type: ignore[arg-type]
)
@settings(max_examples=8, deadline=None)
@given(rows=st.integers(3, 80), steps=st.integers(2, 30), seed=st.integers(0, 10**6))
def test_classification_measures_agree_with_scikit_learn(
    name: str, classes: int, rows: int, steps: int, seed: int
) -> None:
    targets, outputs = _classified(classes, rows, steps, seed)
    generator = np.random.default_rng(seed)
    real = generator.uniform(0.1, 3, len(targets))
    whole = generator.integers(0, 3, len(targets)).astype(float)
    whole[:classes] = 1
    repeated = np.repeat(np.arange(len(targets)), whole.astype(int))
    reference, definition = CLASSIFICATION[name], BUILT_IN[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [
            reference(targets, outputs, None),
            reference(targets, outputs, real),
            reference(targets[repeated], outputs[repeated], None),
        ]
    received = [definition.function(targets, outputs, w) for w in (None, real, whole)]
    np.testing.assert_allclose(received, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", sorted(REGRESSION))
@pytest.mark.parametrize("width", [1, 3])
@settings(max_examples=8, deadline=None)
@given(rows=st.integers(2, 80), seed=st.integers(0, 10**6))
def test_regression_measures_agree_with_scikit_learn(name: str, width: int, rows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    targets = generator.integers(1, 9, (rows, width)) + np.linspace(0, 0.5, rows)[:, None]
    outputs = targets + generator.integers(-3, 4, (rows, width))
    real = generator.uniform(0.1, 3, rows)
    whole = generator.integers(0, 3, rows).astype(float)
    whole[:2] = 1
    repeated = np.repeat(np.arange(rows), whole.astype(int))
    reference, definition = REGRESSION[name], BUILT_IN[name]
    expected = [
        reference(targets, outputs, None),
        reference(targets, outputs, real),
        reference(targets[repeated], outputs[repeated], None),
    ]
    received = [definition.function(targets, outputs, w) for w in (None, real, whole)]
    np.testing.assert_allclose(received, expected, rtol=1e-9, atol=1e-12)


def test_a_perfect_and_a_reversed_ranking_score_one_and_nought() -> None:
    targets = np.array([0, 0, 1, 1])
    probability = np.array([0.1, 0.2, 0.8, 0.9])
    perfect = np.column_stack([1 - probability, probability])
    assert BUILT_IN["roc_auc"].function(targets, perfect) == 1.0
    assert BUILT_IN["roc_auc"].function(targets, perfect[:, ::-1]) == 0.0
    assert BUILT_IN["average_precision"].function(targets, perfect) == 1.0


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "f1", "precision", "recall"])
def test_without_positive_rows_the_measure_is_undefined_and_says_so(name: str) -> None:
    outputs = np.tile([0.4, 0.6], (5, 1))
    score = measure_function(BUILT_IN[name].chosen(""), ("no", "yes"))
    with pytest.raises(UndefinedMeasure, match=f"measure {name}"):
        score(np.zeros(5, dtype=np.int64), outputs)


def test_a_class_that_never_occurs_leaves_the_mean_over_classes() -> None:
    targets, outputs = _classified(3, 50, 10, 0)
    wide = np.column_stack([outputs, np.zeros(len(outputs))])
    for name in ("roc_auc_ovr", "f1", "balanced_accuracy"):
        definition = BUILT_IN[name]
        assert definition.function(targets, wide) == pytest.approx(definition.function(targets, outputs))


def test_r2_of_a_constant_target_and_mape_of_zeros_are_undefined() -> None:
    ones, zeros = np.ones((4, 1)), np.zeros((4, 1))
    with pytest.raises(UndefinedMeasure, match="constant target"):
        BUILT_IN["r2"].function(ones / 3, ones)
    with pytest.raises(UndefinedMeasure, match="targets of 0"):
        BUILT_IN["mape"].function(zeros, ones)
    varied, lone = np.array([[0.1], [0.7]]), np.array([0.0, 3.0])
    with pytest.raises(UndefinedMeasure, match="constant target"):
        BUILT_IN["r2"].function(varied, varied, lone)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_not_finite_never_become_a_number(bad: float) -> None:
    score = measure_function(BUILT_IN["rmse"].chosen(""), ())
    with pytest.raises(UndefinedMeasure, match="1 predictions that are not finite"):
        score(np.zeros(3), np.array([0.0, bad, 1.0]))
    with pytest.raises(UndefinedMeasure, match="a finite number"):
        score(np.zeros(3), np.full(3, 1e200))
    with pytest.raises(UndefinedMeasure, match="no rows"):
        score(np.zeros(0), np.zeros(0))


def test_labels_follow_the_threshold() -> None:
    targets = np.array([0, 1, 1])
    outputs = np.array([[0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    recall = BUILT_IN["recall"].chosen("")
    assert measure_function(recall, ("no", "yes"))(targets, outputs) == 0.5
    assert measure_function(recall, ("no", "yes"), threshold=0.3)(targets, outputs) == 1.0


def test_repeats_are_scored_one_by_one_and_averaged() -> None:
    targets, first = _classified(2, 40, 10, 1)
    second = first[:, ::-1]
    score = measure_function(BUILT_IN["roc_auc"].chosen(""), ("no", "yes"))
    both = score(targets, np.stack([first, second], axis=1))
    assert both == pytest.approx((score(targets, first) + score(targets, second)) / 2)


def test_one_column_of_values_may_come_flat() -> None:
    score = measure_function(BUILT_IN["mae"].chosen(""), ())
    values = np.array([1.0, 2.0, 3.0])
    assert score(values, values + 1) == score(values[:, None], values[:, None] + 1) == 1.0
