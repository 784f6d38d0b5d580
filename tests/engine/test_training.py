from __future__ import annotations

import numpy as np
import pytest

from modelwright.engine.predicting import predict
from modelwright.engine.training import train
from modelwright.errors import ModelError
from modelwright.records import Recipe


def test_prior_answers_the_class_shares(made_up) -> None:
    data = made_up(90)
    target, answers = data.answers("multiclass")
    trained = train(Recipe(family="prior", name="prior"), target, data.prepared(), answers)
    shares = np.bincount(answers, minlength=3) / 90
    np.testing.assert_allclose(predict(trained, data.prepared()), np.tile(shares, (90, 1)))


@pytest.mark.parametrize(("statistic", "expected"), [("mean", 4.0), ("median", 1.0)])
def test_prior_of_a_regression_is_its_mean_or_median(made_up, statistic, expected) -> None:
    data = made_up(3)
    target, _ = data.answers("regression")
    recipe = Recipe(family="prior", name="prior", choices={"statistic": statistic})
    trained = train(recipe, target, data.prepared(), np.array([[1.0], [1.0], [10.0]]))
    np.testing.assert_array_equal(predict(trained, data.prepared()), np.full((3, 1), expected))


def test_an_existing_solution_is_not_trained(made_up) -> None:
    data = made_up(10)
    target, answers = data.answers("binary")
    with pytest.raises(ModelError, match="called, not trained"):
        train(Recipe(family="existing", name="today"), target, data.prepared(), answers)
