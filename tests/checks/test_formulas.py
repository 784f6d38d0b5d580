import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.checks.formulas import find_sum, is_lookup

random = np.random.default_rng(0)
NOISE = polars.DataFrame({f"noise{i}": random.normal(size=400) for i in range(10)})


def test_a_scaled_and_shifted_column_is_found() -> None:
    celsius = polars.Series(random.normal(15, 8, size=400).round(1))
    table = NOISE.with_columns(celsius=celsius)
    formula = find_sum(table, (celsius * 1.8 + 32).round(4))
    assert formula is not None
    assert formula.spelled("fahrenheit") == "fahrenheit = 1.8 x celsius + 32"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([-3.0, -1.0, 1.0, 2.0, 0.5]), min_size=1, max_size=5))
def test_any_small_sum_is_found_among_noise(weights: list[float]) -> None:
    chosen = NOISE.columns[: len(weights)]
    target = sum(
        (NOISE[name] * w for name, w in zip(chosen, weights, strict=True)), polars.Series([7.0] * 400)
    )
    formula = find_sum(NOISE, target)
    assert formula is not None
    assert formula.weights == pytest.approx(dict(zip(chosen, weights, strict=True)))
    assert formula.constant == pytest.approx(7.0)


def test_a_copied_column_is_named_once() -> None:
    table = NOISE.with_columns(copy=NOISE["noise0"])
    formula = find_sum(table, NOISE["noise0"] + NOISE["noise1"])
    assert formula is not None
    assert len(formula.weights) == 2


def test_a_good_fit_is_not_a_formula() -> None:
    target = NOISE["noise0"] + 0.01 * NOISE["noise1"] * NOISE["noise2"]
    assert find_sum(NOISE, target) is None


def test_few_rows_prove_no_formula() -> None:
    table = NOISE.head(12)
    assert find_sum(table, polars.Series(random.normal(size=12))) is None


def test_missing_cells_do_not_hide_a_sum() -> None:
    gaps = NOISE["noise0"].set(polars.Series(np.arange(400) % 200 == 0), None)
    formula = find_sum(NOISE.with_columns(noise0=gaps), NOISE["noise0"] + NOISE["noise1"])
    assert formula is not None
    assert formula.rows == 398


def test_a_code_that_stands_for_the_target_is_a_lookup() -> None:
    codes = polars.Series(["a", "b", "c", "d"] * 25)
    assert is_lookup(codes, polars.Series(["yes", "no", "no", "yes"] * 25))
    assert not is_lookup(codes, polars.Series(random.choice(["yes", "no"], 100)))


def test_rare_answers_that_agree_by_chance_are_no_lookup() -> None:
    pairs = polars.Series(np.repeat(np.arange(30), 2))
    assert not is_lookup(pairs, polars.Series(["yes"] * 2 + ["no"] * 58))


def test_values_that_do_not_come_again_are_no_lookup() -> None:
    assert not is_lookup(polars.Series(range(100)), polars.Series(["yes", "no"] * 50))
