from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from modelwright.engine.budget import budget
from modelwright.engine.predicting import predict
from modelwright.engine.training import train
from modelwright.engine.trees import LEAST_TREES, frequent_terms, tree_inputs, tree_texts
from modelwright.errors import ModelError
from modelwright.records import Recipe


def trees(**choices) -> Recipe:
    return Recipe(family="trees", name="trees", choices=choices, seed=1)


def halves(data, kind):
    prepared, (target, answers) = data.prepared(), data.answers(kind)
    middle = len(answers) // 2
    first, second = np.arange(middle), np.arange(middle, len(answers))
    return target, (prepared.take(first), answers[first]), (prepared.take(second), answers[second])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
def test_every_kind_of_task_learns_and_stops_at_its_best(made_up, kind) -> None:
    target, (training, answers), held_out = halves(made_up(800), kind)
    trained = train(trees(max_trees=150), target, training, answers, validation=held_out)
    outputs = predict(trained, held_out[0])
    if target.classifies:
        np.testing.assert_allclose(outputs.sum(axis=1), 1.0)
        assert (outputs.argmax(axis=1) == held_out[1]).mean() > 0.65
    else:
        assert 1 - np.var(outputs - held_out[1]) / np.var(held_out[1]) > 0.5
    assert 1 <= trained.best_epochs <= 150
    if trained.curves is not None:
        assert trained.best_epochs == 1 + int(np.nanargmin(trained.curves[:, 1]))
    for text in tree_texts(trained):
        assert text.startswith("tree")


def test_training_agrees_with_plain_lightgbm(made_up) -> None:
    data = made_up(400)
    prepared, (target, answers) = data.prepared(), data.answers("binary")
    trained = train(trees(trees=30), target, prepared, answers)
    inputs = tree_inputs(prepared, frequent_terms(prepared, 300))
    plain = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1},
        lightgbm.Dataset(inputs, answers),
        num_boost_round=30,
    )
    np.testing.assert_allclose(predict(trained, prepared)[:, 1], plain.predict(inputs), atol=1e-6)
    assert trained.best_epochs == 30


def test_the_same_seed_grows_the_same_trees(made_up) -> None:
    target, (training, answers), held_out = halves(made_up(400), "regression")
    recipe = trees(row_share=0.7, feature_share=0.7, max_trees=20)
    texts = {train(recipe, target, training, answers, validation=held_out).text["trees"] for _ in range(2)}
    assert len(texts) == 1


def test_only_plain_splits_are_grown(made_up) -> None:
    data = made_up(300)
    target, answers = data.answers("binary")
    text = train(trees(trees=10), target, data.prepared(), answers).text["trees"]
    kinds = {
        kind for line in text.splitlines() if line.startswith("decision_type=") for kind in line[14:].split()
    }
    assert kinds <= {"0", "2"}  # numerical, no missing value; 2 = default left, without meaning then
    assert "num_cat=0" in text


def test_absolute_loss_answers_the_median(made_up) -> None:
    data = made_up(60)
    target, _ = data.answers("regression")
    answers = np.where(np.arange(60) % 3 == 0, 1000.0, 1.0)[:, None]
    recipe = trees(trees=1, loss="absolute", num_leaves=2, min_rows_in_leaf=40)
    np.testing.assert_allclose(
        predict(train(recipe, target, data.prepared(), answers), data.prepared()), 1.0, atol=1e-4
    )


def test_the_most_frequent_terms_are_read(made_up) -> None:
    prepared = made_up(200).prepared()
    counts = np.asarray((prepared.bags > 0).sum(axis=0)).ravel()
    chosen = frequent_terms(prepared, 5)
    assert len(chosen) == 5
    assert set(counts[chosen]) == set(np.sort(counts)[::-1][:5])


def test_an_expired_budget_leaves_a_few_trees(made_up) -> None:
    data = made_up(200)
    target, answers = data.answers("binary")
    with budget(0):
        trained = train(trees(), target, data.prepared(), answers)
    assert trained.best_epochs == LEAST_TREES


def test_too_few_rows_for_a_split_still_answer(made_up) -> None:
    data = made_up(12)
    target, answers = data.answers("binary")
    outputs = predict(train(trees(), target, data.prepared(), answers), data.prepared())
    np.testing.assert_allclose(outputs[:, 1], answers.mean(), atol=1e-6)


def test_an_impossible_choice_is_a_model_error(made_up) -> None:
    data = made_up(60)
    target, answers = data.answers("binary")
    with pytest.raises(ModelError, match="num_leaves"):
        train(trees(num_leaves=1), target, data.prepared(), answers)
