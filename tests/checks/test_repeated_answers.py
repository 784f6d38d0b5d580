import polars
import pytest

from modelwright.checks.repeated_answers import Agreement, repeats

KINDS = polars.Series(["cat", "dog"] * 500)


def test_kappa_is_agreement_beyond_chance() -> None:
    found = Agreement(share=0.9, chance=0.5, low=0.88, rows=1_000)
    assert found.kappa == pytest.approx(0.8)
    assert found.least_kappa == pytest.approx(0.76)


def test_a_class_may_have_another_name_in_the_column() -> None:
    found = repeats(KINDS.replace_strict({"cat": "K", "dog": "H"}), KINDS, classes=True)
    assert found is not None
    assert (found.share, found.chance) == (1.0, 0.5)


def test_a_missing_answer_is_a_value_like_any_other() -> None:
    values = KINDS.replace("dog", None)
    found = repeats(values, KINDS, classes=True)
    assert found is not None
    assert found.share == 1.0


def test_a_column_of_many_values_is_a_feature_and_no_repetition() -> None:
    values = polars.Series([f"{kind} {row % 7}" for row, kind in enumerate(KINDS)])
    assert repeats(values, KINDS, classes=True) is None


def test_numbers_repeat_only_where_they_are_the_same_number() -> None:
    numbers = polars.Series([float(row) for row in range(1_000)])
    assert repeats(numbers + 1, numbers, classes=False) is None
    found = repeats(numbers.cast(polars.Int64), numbers, classes=False)
    assert found is not None
    assert found.share == 1.0


def test_a_constant_agrees_by_chance_alone() -> None:
    mostly = polars.Series(["yes"] * 990 + ["no"] * 10)
    assert repeats(polars.Series(["yes"] * 1_000), mostly, classes=True) is None
    assert repeats(polars.Series(["yes"] * 3), polars.Series(["yes"] * 3), classes=True) is None


def test_few_rows_are_not_enough() -> None:
    assert repeats(KINDS[:6], KINDS[:6], classes=True) is None
