"""What tuning may choose: each family's hyperparameters and their ranges (section 6.2.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelwright.records import Bench, Choice, Family, Recipe

Suggest = Any
"""An optuna trial: asked for one value after another."""

BATCH_SIZES = (32, 64, 128, 256)
UNITS = (16, 32, 64, 128, 256)


def suggested_recipe(trial: Suggest, bench: Bench, families: list[Family], seed: int) -> Recipe:
    """The recipe that an optuna trial proposes: a family, then that family's choices."""
    family: Family = trial.suggest_categorical("family", families)
    choices = SPACES[family](trial, bench)
    return Recipe(family=family, name=f"{family} {trial.number + 1}", choices=choices, seed=seed)


def _linear(trial: Suggest, bench: Bench) -> dict[str, Choice]:
    return {"penalty_strength": trial.suggest_float("linear.penalty_strength", 1e-3, 1e2, log=True)}


def _trees(trial: Suggest, bench: Bench) -> dict[str, Choice]:
    choices: dict[str, Choice] = {
        "learning_rate": trial.suggest_float("trees.learning_rate", 0.02, 0.2, log=True),
        "num_leaves": trial.suggest_int("trees.num_leaves", 5, 127, log=True),
        "min_rows_in_leaf": trial.suggest_int("trees.min_rows_in_leaf", 3, 100, log=True),
        "feature_share": trial.suggest_float("trees.feature_share", 0.4, 1.0),
        "row_share": trial.suggest_float("trees.row_share", 0.5, 1.0),
        "l1": trial.suggest_float("trees.l1", 1e-4, 10.0, log=True),
        "l2": trial.suggest_float("trees.l2", 1e-3, 30.0, log=True),
    }
    if not bench.dataset.classes:
        choices["loss"] = trial.suggest_categorical("trees.loss", ["squared", "absolute"])
    return choices


def _network(trial: Suggest, bench: Bench) -> dict[str, Choice]:
    return {
        "layers": trial.suggest_int("network.layers", 1, 3),
        "units": trial.suggest_categorical("network.units", UNITS),
        "dropout": trial.suggest_float("network.dropout", 0.0, 0.5),
        "l1": trial.suggest_float("network.l1", 1e-7, 1e-3, log=True),
        "l2": trial.suggest_float("network.l2", 1e-6, 1e-2, log=True),
        "learning_rate": trial.suggest_float("network.learning_rate", 3e-4, 1e-2, log=True),
        "batch_size": trial.suggest_categorical("network.batch_size", BATCH_SIZES),
    }


SPACES: dict[str, Callable[[Suggest, Bench], dict[str, Choice]]] = {
    "linear": _linear,
    "trees": _trees,
    "network": _network,
}
