"""With targets dealt anew nothing is there to be learnt, and the whole product says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.workflow import run

DEALS = int(os.environ.get("MODELWRIGHT_DEALS", "1"))
"""Deals of each case. Of 4 one may be called learnable, which at 5% each two of 4 are in 1 case of 71."""

Read = Callable[[Path], polars.DataFrame]


def titanic(data: Path) -> polars.DataFrame:
    table = polars.read_csv(data / "titanic/titanic_kaggle_train.csv.gz")
    return table.drop("PassengerId", "Name", "Ticket", "Cabin")


def boston(data: Path) -> polars.DataFrame:
    return polars.read_csv(data / "boston_housing/boston_housing.csv.gz")


def bicycles(data: Path) -> polars.DataFrame:
    table = polars.read_csv(data / "bike_sharing_hourly/hour.csv.gz", try_parse_dates=False)
    return table[::14].drop("instant", "casual", "registered")


def messages(data: Path) -> polars.DataFrame:
    return polars.read_csv(data / "sms_spam/sms_spam.csv.gz").drop("id").unique(maintain_order=True)[:1_500]


CASES: dict[str, tuple[Read, tuple[str, ...], dict[str, Any]]] = {
    "two classes, iterated K-fold": (titanic, ("Survived",), {}),
    "two classes of texts, K-fold": (messages, ("label",), {}),
    "several classes, iterated K-fold": (titanic, ("Embarked",), {}),
    "a number, iterated K-fold": (boston, ("MEDV",), {}),
    "several numbers": (boston, ("MEDV", "RM"), {}),
    "grouped": (bicycles, ("cnt",), {"group": "dteday"}),
    "forward in time": (bicycles, ("cnt",), {"time": "dteday"}),
}


def dealt(table: polars.DataFrame, targets: tuple[str, ...], seed: int) -> polars.DataFrame:
    """The targets of another row, those of a row together."""
    complete = table.drop_nulls(list(targets))
    order = np.random.default_rng(seed).permutation(complete.height)
    return complete.with_columns(complete.select(targets)[order])


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_of_targets_dealt_anew_nothing_is_learnt(case: str, shared_data: Path, tmp_path: Path) -> None:
    read, targets, wishes = CASES[case]
    table = read(shared_data)
    helped, learnable, held = [], [], []
    deals = max(DEALS, 4 if "texts" in case else 1)  # the texts' first deal is one of the three in a hundred
    for seed in range(deals):
        path = tmp_path / f"{seed}.csv"
        dealt(table, targets, seed).write_csv(path)
        found = run(path, predict=targets, project=tmp_path / f"p{seed}" / "p", trials=3, seed=seed, **wishes)
        bar, best = found.baseline.best.score, found.account.corrected
        helped.append(found.confirmed is not None)
        learnable.append(found.learnable.answer == "yes")
        held.append(best.low <= bar.value <= best.high)
    assert sum(helped) <= deals // 4, "beats common sense"
    assert sum(learnable) <= deals // 4, "is called learnable"
    assert sum(held) >= deals - deals // 4, "the corrected score's interval holds chance"
