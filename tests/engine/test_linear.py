from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from modelwright.engine.budget import budget
from modelwright.engine.linear import MAX_DIRECT_WIDTH, ridge
from modelwright.engine.predicting import predict
from modelwright.engine.training import train
from modelwright.errors import ModelError
from modelwright.records import Recipe


def linear(**choices) -> Recipe:
    return Recipe(family="linear", name="linear", choices=choices)


@pytest.mark.parametrize(("kind", "balanced"), [("binary", False), ("binary", True), ("multiclass", False)])
def test_classification_agrees_with_scikit_learn(made_up, kind, balanced) -> None:
    data = made_up(600)
    prepared, (target, answers) = data.prepared(), data.answers(kind)
    trained = train(linear(penalty_strength=0.5, balanced=balanced), target, prepared, answers)
    weight = "balanced" if balanced else None
    reference = LogisticRegression(C=2.0, tol=1e-8, max_iter=2000, class_weight=weight)
    reference.fit(prepared.design().astype(np.float64), answers)
    expected = reference.predict_proba(prepared.design().astype(np.float64))
    np.testing.assert_allclose(predict(trained, prepared), expected, atol=1e-3)
    assert trained.parameters > 0
    assert trained.best_epochs > 1


@pytest.mark.parametrize("kind", ["regression", "vector_regression"])
def test_regression_agrees_with_scikit_learns_ridge(made_up, kind) -> None:
    data = made_up(300)
    prepared, (target, answers) = data.prepared(), data.answers(kind)
    trained = train(linear(penalty_strength=2.0), target, prepared, answers)
    design = prepared.design().astype(np.float64).toarray()
    expected = Ridge(alpha=2.0).fit(design, answers).predict(design).reshape(len(answers), -1)
    np.testing.assert_allclose(predict(trained, prepared), expected, atol=1e-6 * 50)


def test_wide_ridge_by_iteration_agrees_with_scikit_learn() -> None:
    random = np.random.default_rng(0)
    design = sparse.csr_array(sparse.random(200, MAX_DIRECT_WIDTH + 100, 0.01, random_state=0, format="csr"))
    values = random.normal(size=(200, 2))
    values -= values.mean(axis=0)
    weights, intercept = ridge(design, values, 1.0)
    reference = Ridge(alpha=1.0, solver="cholesky").fit(design.toarray(), values)
    np.testing.assert_allclose(weights.T, reference.coef_, atol=1e-5)
    np.testing.assert_allclose(intercept, reference.intercept_, atol=1e-5)


def test_ridge_without_penalty_survives_collinear_columns(made_up) -> None:
    data = made_up(100)
    prepared, (target, answers) = data.prepared(), data.answers("regression")
    trained = train(linear(penalty_strength=0.0), target, prepared, answers)
    assert np.isfinite(predict(trained, prepared)).all()


def test_a_constant_target_is_predicted_as_it_is(made_up) -> None:
    data = made_up(50)
    target, _ = data.answers("regression")
    trained = train(linear(), target, data.prepared(), np.full((50, 1), 7.5))
    np.testing.assert_allclose(predict(trained, data.prepared()), 7.5)


def test_an_expired_budget_ends_training_with_an_answer(made_up) -> None:
    data = made_up(200)
    target, answers = data.answers("binary")
    with budget(0):
        trained = train(linear(), target, data.prepared(), answers)
    assert np.isfinite(predict(trained, data.prepared())).all()


def test_a_misspelt_choice_is_refused_with_the_names_there_are(made_up) -> None:
    data = made_up(50)
    target, answers = data.answers("binary")
    with pytest.raises(ModelError, match="penalty_strength"):
        train(linear(penalty_strenght=1.0), target, data.prepared(), answers)
    with pytest.raises(ModelError, match="float"):
        train(linear(penalty_strength="much"), target, data.prepared(), answers)
