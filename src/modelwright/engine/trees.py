"""The tree contender: LightGBM on numbers, category codes and the most frequent terms."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Literal, cast
from weakref import WeakKeyDictionary

import lightgbm
import numpy as np
from numpy.typing import NDArray

from modelwright.engine.budget import remaining_seconds
from modelwright.engine.choices import read_choices
from modelwright.engine.target import Target, probabilities, standardise
from modelwright.engine.trained import Trained
from modelwright.errors import ModelError
from modelwright.records import Recipe, record

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared

# Fixed, for sums differ with the number of threads. One, because LightGBM's threads wait in a busy loop:
# with other work on the two cores two threads took 9 to 22 s where one took 1 to 2 (15 trees, 25,000 x 300).
THREADS = 1
# Trees without improvement of the validation loss before training stops, at a learning rate of 0.1;
# slower learning waits proportionally longer.
PATIENCE_TREES = 30
MAX_PATIENCE_TREES = 300
# An expired budget still leaves a model worth comparing.
LEAST_TREES = 10

# LightGBM writes its errors to the terminal as well as raising them; raising is enough.
_silent = logging.getLogger("modelwright.engine.trees")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
lightgbm.register_logger(_silent)

_boosters: WeakKeyDictionary[Trained, tuple[lightgbm.Booster, ...]] = WeakKeyDictionary()


@record
class TreeChoices:
    """What may be chosen.

    Args:
        learning_rate: share of each tree's answer that counts.
        num_leaves, min_rows_in_leaf: how fine one tree divides the rows.
        feature_share, row_share: of the features and rows each tree sees.
        l1, l2: penalties on the leaves' answers.
        max_trees: at most so many, where validation rows tell when to stop.
        trees: exactly so many, where there are no validation rows.
        max_terms: most frequent words and bigrams read.
        loss: regression: what is minimised.
    """

    learning_rate: float = 0.1
    num_leaves: int = 31
    min_rows_in_leaf: int = 20
    feature_share: float = 1.0
    row_share: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    max_trees: int = 1_000
    trees: int = 200
    max_terms: int = 300
    loss: Literal["squared", "absolute"] = "squared"


def train_trees(
    recipe: Recipe,
    target: Target,
    training: Prepared,
    answers: NDArray[Any],
    validation: tuple[Prepared, NDArray[Any]] | None,
) -> Trained:
    """Grow trees until the validation loss turns, or the given number of them.

    Vector regression grows one model a target.

    Shapes:
        answers: (rows,) class positions, or (rows, targets)
    """
    choices = read_choices(recipe, TreeChoices)
    terms = frequent_terms(training, choices.max_terms)
    inputs = tree_inputs(training, terms)
    held_out = None if validation is None else tree_inputs(validation[0], terms)
    arrays: dict[str, NDArray[Any]] = {"terms": terms}
    wanted, wanted_held_out = [answers], None if validation is None else [validation[1]]
    if not target.classifies:
        values, centre, scale = standardise(answers)
        arrays |= {"centre": centre, "scale": scale}
        wanted = list(values.T)
        if validation is not None:
            wanted_held_out = list(((validation[1].reshape(-1, len(centre)) - centre) / scale).T)
    text: dict[str, str] = {}
    grown: list[tuple[lightgbm.Booster, int, NDArray[np.float32]]] = []
    for position, column in enumerate(wanted):
        checked = None
        if held_out is not None and wanted_held_out is not None:
            checked = (held_out, wanted_held_out[position])
        try:
            booster, best, curves = _grow(recipe, target, choices, (inputs, column), checked)
        except lightgbm.basic.LightGBMError as error:
            raise _refused(recipe, error) from None
        text[text_name(position)] = booster.model_to_string(num_iteration=best)
        grown.append((booster, best, curves))
    return Trained(
        recipe=recipe,
        target=target,
        arrays=arrays,
        text=text,
        parameters=_leaves(text),
        best_epochs=round(float(np.mean([best for _, best, _ in grown]))),
        curves=grown[0][2] if len(grown) == 1 else None,
    )


def predict_trees(trained: Trained, prepared: Prepared) -> NDArray[np.float64]:
    """Probabilities, or values in the target's unit: (rows, outputs)."""
    if trained not in _boosters:
        _boosters[trained] = tuple(lightgbm.Booster(model_str=text) for text in tree_texts(trained))
    inputs = tree_inputs(prepared, trained.arrays["terms"])
    raw = [np.asarray(booster.predict(inputs, num_threads=THREADS)) for booster in _boosters[trained]]
    if trained.target.kind == "binary":
        return probabilities(raw[0])
    if trained.target.kind == "multiclass":
        return raw[0].astype(np.float64)
    values: NDArray[np.float64] = np.column_stack(raw) * trained.arrays["scale"] + trained.arrays["centre"]
    return values


def tree_texts(trained: Trained) -> tuple[str, ...]:
    """LightGBM's text of each model: one, or for vector regression one a target."""
    return tuple(trained.text[text_name(position)] for position in range(len(trained.text)))


def text_name(position: int) -> str:
    """Where `Trained.text` keeps the model of the target at that position."""
    return "trees" if position == 0 else f"trees_{position}"


def tree_inputs(prepared: Prepared, terms: NDArray[np.int64]) -> NDArray[np.float32]:
    """What trees split on: float32 (rows, features + categories + terms), never NaN."""
    bags: NDArray[np.float32] = cast(Any, prepared.bags)[:, terms].toarray()
    return np.hstack([prepared.numbers, prepared.codes.astype(np.float32), bags]).astype(np.float32)


def frequent_terms(prepared: Prepared, max_terms: int) -> NDArray[np.int64]:
    """The bag columns that most rows have, in column order; ties go to the first."""
    bags: Any = prepared.bags
    counts = np.bincount(bags.indices, minlength=bags.shape[1])
    return np.sort(np.argsort(-counts, kind="stable")[:max_terms]).astype(np.int64)


def _grow(
    recipe: Recipe,
    target: Target,
    choices: TreeChoices,
    training: tuple[NDArray[np.float32], NDArray[Any]],
    validation: tuple[NDArray[np.float32], NDArray[Any]] | None,
) -> tuple[lightgbm.Booster, int, NDArray[np.float32]]:
    """The booster, its best number of trees, and its curves (trees, 2)."""
    parameters = _parameters(recipe, target, choices)
    data = lightgbm.Dataset(training[0], training[1], params=parameters, free_raw_data=False)
    booster = lightgbm.Booster(parameters, data)
    if validation is not None:
        held_out = lightgbm.Dataset(validation[0], validation[1], reference=data, params=parameters)
        booster.add_valid(held_out, "validation")
    patience = min(MAX_PATIENCE_TREES, math.ceil(PATIENCE_TREES * max(1.0, 0.1 / choices.learning_rate)))
    losses: list[tuple[float, float]] = []
    best, best_loss = 0, math.inf
    for tree in range(choices.trees if validation is None else choices.max_trees):
        if tree >= LEAST_TREES and remaining_seconds() <= 0:
            break
        exhausted = booster.update()
        losses.append(_losses(booster, with_validation=validation is not None))
        watched = losses[-1][0 if validation is None else 1]
        _refuse_divergence(recipe, losses[-1][0], watched)
        if validation is None or watched < best_loss:
            best, best_loss = tree + 1, watched
        if exhausted or tree + 1 - best >= patience:
            break
    return booster, max(best, 1), np.array(losses, dtype=np.float32)


def _losses(booster: lightgbm.Booster, *, with_validation: bool) -> tuple[float, float]:
    training: list[Any] = cast(Any, booster).eval_train()
    validation: list[Any] = cast(Any, booster).eval_valid() if with_validation else []
    return float(training[0][2]), float(validation[0][2]) if validation else math.nan


def _parameters(recipe: Recipe, target: Target, choices: TreeChoices) -> dict[str, Any]:
    objectives = {"binary": "binary", "multiclass": "multiclass"}
    regression = "regression" if choices.loss == "squared" else "regression_l1"
    several = {"num_class": target.outputs} if target.kind == "multiclass" else {}
    return several | {
        "objective": objectives.get(target.kind, regression),
        "learning_rate": choices.learning_rate,
        "num_leaves": choices.num_leaves,
        "min_data_in_leaf": choices.min_rows_in_leaf,
        "feature_fraction": choices.feature_share,
        "bagging_fraction": choices.row_share,
        "bagging_freq": 1 if choices.row_share < 1 else 0,
        "lambda_l1": choices.l1,
        "lambda_l2": choices.l2,
        "use_missing": False,  # there is none: plain splits, which an exporter can write exactly
        "feature_pre_filter": False,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "seed": recipe.seed,
        "verbosity": -1,
    }


def _refuse_divergence(recipe: Recipe, *losses: float) -> None:
    if any(not math.isfinite(loss) for loss in losses):
        raise ModelError(
            where=f"recipe '{recipe.name}' (trees)",
            expected="a finite loss",
            received="an infinite or undefined one: training diverged",
            do_this="Lower learning_rate, or raise min_rows_in_leaf or l2.",
        )


def _refused(recipe: Recipe, error: Exception) -> ModelError:
    return ModelError(
        where=f"recipe '{recipe.name}' (trees)",
        expected="choices and rows that LightGBM accepts",
        received=str(error).split(" at /")[0],
        do_this="Correct the choice named.",
    )


def _leaves(text: dict[str, str]) -> int:
    """Leaves of all trees: one number learnt each."""
    lines = (line for model in text.values() for line in model.splitlines())
    return sum(int(line.removeprefix("num_leaves=")) for line in lines if line.startswith("num_leaves="))
