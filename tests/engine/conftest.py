"""A small made-up table of every kind of column, prepared for real."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from modelwright.engine.columns import Columns
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.preparation.preparation import Preparation
from modelwright.engine.preparation.prepared import Prepared
from modelwright.engine.target import Target
from modelwright.records import ColumnPlan, Plan

WORDS = np.array(["the", "free", "prize", "call", "now", "dinner", "later", "home", "love", "meeting"])


class MadeUp:
    """Columns whose answers can be learnt, and their preparation."""

    def __init__(self, rows: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        age, income = random.normal(40, 12, rows), random.normal(3, 2, rows)
        income[random.random(rows) < 0.1] = np.nan
        city = random.choice(np.array(["Rome", "Oslo", "Lima", None], dtype=object), rows)
        texts = [" ".join(random.choice(WORDS, 8)) for _ in range(rows)]
        texts[0] = None if rows else ""
        self.columns = Columns(
            values={
                "age": age,
                "income": income,
                "city": city,
                "message": np.array(texts, dtype=object),
            },
            rows=rows,
        )
        spam = np.array([0 if text is None else text.count("prize") for text in texts])
        self.score = (age - 40) / 12 + np.where(city == "Oslo", 1.5, 0.0) + spam - 1.0
        self.score += random.normal(0, 0.3, rows)
        self.binary = (self.score > 0).astype(np.int64)
        self.multiclass = np.digitize(self.score, [-0.5, 1.0]).astype(np.int64)
        self.regression = 50.0 + 10.0 * self.score[:, None]
        self.vector = np.column_stack([50.0 + 10.0 * self.score, -2.0 * self.score])
        treatments = {"age": "number", "income": "number", "city": "category", "message": "text"}
        self.plan = Plan(
            columns=tuple(
                ColumnPlan(name=name, treatment=treatment, reason="made up")  # type: ignore[arg-type]
                for name, treatment in treatments.items()
            ),
            max_tokens=16,
        )

    @property
    def rows(self) -> np.ndarray:
        return np.arange(self.columns.rows, dtype=np.int64)

    def preparation(self) -> Preparation:
        return fit_preparation(self.plan, self.columns, self.rows)

    def prepared(self) -> Prepared:
        return prepare_rows(self.preparation(), self.columns, self.rows)

    def answers(self, kind: str) -> tuple[Target, np.ndarray]:
        if kind == "binary":
            return Target(kind="binary", classes=("ham", "spam"), names=("label",)), self.binary
        if kind == "multiclass":
            return Target(kind="multiclass", classes=("a", "b", "c"), names=("label",)), self.multiclass
        if kind == "regression":
            return Target(kind="regression", names=("price",)), self.regression
        return Target(kind="vector_regression", names=("price", "tax")), self.vector


@pytest.fixture
def made_up() -> Callable[..., MadeUp]:
    return MadeUp
