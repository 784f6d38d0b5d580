import numpy as np
import polars
import pytest

from modelwright.checks.single_column import MAX_ROWS, codes_of, indicators, out_of_fold, sampled_classes


def test_out_of_fold_answers_are_those_of_a_plain_loop() -> None:
    random = np.random.default_rng(3)
    codes, answers = random.integers(0, 5, 50), random.normal(size=(50, 2))
    fold = np.random.default_rng(0).permutation(50) % 5
    expected = np.empty_like(answers)
    for row in range(50):
        others = fold != fold[row]
        alike = others & (codes == codes[row])
        expected[row] = (answers[alike].sum(axis=0) + answers[others].mean(axis=0)) / (alike.sum() + 1)
    assert out_of_fold(codes, answers, 0) == pytest.approx(expected)


def test_missing_is_a_value_of_its_own() -> None:
    numbers = polars.Series([1.0, None, 2.0, None])
    assert codes_of(numbers).tolist() == [1, 0, 2, 0]
    assert codes_of(polars.Series(["b", None, "a", "b"])).tolist() == [2, 0, 1, 2]


def test_many_numbers_are_cut_at_their_quantiles() -> None:
    values = polars.Series([*np.linspace(0, 1, 5_000).tolist(), None])
    codes = codes_of(values)
    assert codes[-1] == 0
    assert np.bincount(codes)[1:].tolist() == [50] * 100


def test_a_rare_class_is_kept_whole() -> None:
    positions = np.array([0] * 100_000 + [1] * 30 + [-1] * 10)
    rows = sampled_classes(positions, 0)
    assert len(rows) == MAX_ROWS
    assert (positions[rows] == 1).sum() == 30
    assert (positions[rows] == -1).sum() == 0


def test_indicators_have_a_column_a_class() -> None:
    assert indicators(np.array([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
