"""More rows help where a model still learns from them, and not where it has learnt all there is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest

from modelwright.develop.evaluating import evaluate
from modelwright.develop.growth import would_more_help
from modelwright.records import Growth, Recipe


def grown(desk: Any, laid: Any, table: polars.DataFrame, recipe: Recipe) -> Growth:
    bench = laid.bench(desk, table)
    return would_more_help(desk, bench, laid.study(bench, evaluate(desk, bench, recipe)))


TREES = Recipe(family="trees", name="trees", choices={"trees": 40})


def test_a_rule_with_many_cases_is_learnt_better_from_more_rows(desk: Any, laid: Any) -> None:
    """The label depends on which of many bands the size lies in: trees need rows in each band."""
    random = np.random.default_rng(0)
    size = random.uniform(0, 100, 600)
    table = polars.DataFrame(
        {
            "size": size,
            "colour": random.choice(["red", "green"], 600),
            "label": np.where((size // 4).astype(int) % 2 == 1, "yes", "no"),
            "price": size,
            "rule": np.where(size > 50, "yes", "no"),
        }
    )
    found = grown(desk, laid, table, TREES)
    assert found.verdict.answer == "yes"
    assert found.doubled.low > 0
    assert list(found.rows) == sorted(found.rows)


def test_a_line_is_learnt_from_few_rows(desk: Any, laid: Any) -> None:
    found = grown(desk, laid, laid.table(rows=900), laid.linear)
    assert found.verdict.answer != "yes"
    assert found.doubled.low <= 0 <= found.doubled.high or abs(found.doubled.value) < 0.02


def test_the_same_rows_validate_whatever_the_share(desk: Any, laid: Any) -> None:
    found = grown(desk, laid, laid.table(), laid.linear)
    assert len(found.scores) == 3
    assert found.rows[0] == pytest.approx(found.rows[2] / 4, abs=2)
