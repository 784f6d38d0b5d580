"""Today's solution answers as a candidate does, and a wrong answer is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest

from modelwright.develop.evaluating import evaluate
from modelwright.develop.existing import existing_answers, load_function
from modelwright.develop.folds import folds_of
from modelwright.errors import DataError, ModelError
from modelwright.records import ExistingSolution, Recipe

COLUMN = ExistingSolution(kind="column", name="rule")
FUNCTION = ExistingSolution(kind="function", name="rules.py:answer")
RULE = "def answer(row):\n    return 'yes' if row['size'] > 53 else 'no'\n"


def recipe_of(solution: ExistingSolution, code: str = "") -> Recipe:
    return Recipe(family="existing", name="existing solution", code=code, function=solution.name)


def answered(desk: Any, laid: Any, solution: ExistingSolution, code: str = "", **bench: Any) -> Any:
    table = bench.pop("table", laid.table())
    folds = folds_of(desk, laid.bench(desk, table, existing=solution, **bench))
    return existing_answers(desk, folds, recipe_of(solution, code))


def test_a_column_and_the_function_it_came_from_answer_alike(desk: Any, laid: Any) -> None:
    by_column = answered(desk, laid, COLUMN)
    assert by_column.shape == (laid.rows, 2)
    assert np.array_equal(by_column, answered(desk, laid, FUNCTION, RULE))
    assert np.array_equal(by_column[:, 1] == 1, laid.table()["rule"].to_numpy() == "yes")


def test_it_is_scored_on_the_rows_that_candidates_are_scored_on(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table(), measure="accuracy", existing=COLUMN)
    run = evaluate(desk, bench, recipe_of(COLUMN))
    table = laid.table().head(laid.rows - laid.test_rows)
    assert run.score.value == pytest.approx((table["rule"] == table["label"]).mean())
    assert len(run.fold_scores) == laid.folds


def test_a_function_is_not_given_the_answer(desk: Any, laid: Any) -> None:
    with pytest.raises(ModelError, match="KeyError: 'label'"):
        answered(desk, laid, FUNCTION, "def answer(row):\n    return row['label']\n")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def answer(row):\n    return 1 / 0\n", "ZeroDivisionError"),
        ("def other(row):\n    return 'yes'\n", "KeyError"),
        ("def answer(row)\n", "SyntaxError"),
        ("import a_module_that_is_not_there\n", "ModuleNotFoundError"),
        ("answer = 3\n", "TypeError"),
        ("", "KeyError"),
    ],
)
def test_a_function_that_fails_is_told_with_what_it_raised(
    desk: Any, laid: Any, code: str, told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        answered(desk, laid, FUNCTION, code)


@pytest.mark.parametrize("answer", ["'maybe'", "None", "0.5", "'Yes'"])
def test_an_answer_that_is_no_class_is_refused(desk: Any, laid: Any, answer: str) -> None:
    with pytest.raises(DataError, match="one of no, yes"):
        answered(desk, laid, FUNCTION, f"def answer(row):\n    return {answer}\n")


@pytest.mark.parametrize("answer", ["'many'", "None", "float('nan')", "float('inf')", "[1.0, 2.0]"])
def test_an_answer_that_is_no_number_is_refused(desk: Any, laid: Any, answer: str) -> None:
    with pytest.raises(DataError, match="number"):
        answered(
            desk,
            laid,
            FUNCTION,
            f"def answer(row):\n    return {answer}\n",
            target="price",
            measure="rmse",
        )


@pytest.mark.parametrize(("answer", "cell"), [(True, "true"), (1, "1"), (1.0, "1")])
def test_answers_are_spelt_as_classes_are(desk: Any, laid: Any, answer: Any, cell: str) -> None:
    from modelwright.develop.existing import _certain

    outputs = _certain([answer], ("other", cell), recipe_of(FUNCTION))
    assert outputs.tolist() == [[0.0, 1.0]]


def test_numbers_of_a_column_are_taken_as_they_are(desk: Any, laid: Any) -> None:
    table = laid.table().with_columns((polars.col("size") * 10).alias("guess"))
    solution = ExistingSolution(kind="column", name="guess")
    outputs = answered(desk, laid, solution, table=table, target="price", measure="rmse")
    assert np.array_equal(outputs[:, 0], table["guess"].to_numpy())


def test_a_function_is_found_by_the_name_after_the_file() -> None:
    assert load_function("def f(row):\n    return row", "folder/rules.py:f")(3) == 3
