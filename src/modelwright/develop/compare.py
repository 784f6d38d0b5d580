"""Which model is too small, which too large, what does regularisation buy? Learning curves tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from modelwright.develop.dealing import deal, strata_of
from modelwright.develop.folds import Folds, folds_of
from modelwright.engine.last_layer import last_layer
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.applying_texts import words_present
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.preparation.prepared import Prepared
from modelwright.engine.preparation.tokens import tokenised
from modelwright.errors import UsageError
from modelwright.records import Bench, Desk, Failure, Lab, LabModel, Recipe, digest, step
from modelwright.statistics.capacity import Contender, Judgement, judge
from modelwright.statistics.learning_curves import Reading, read

if TYPE_CHECKING:
    from modelwright.engine.lab import Curves

Text = Literal["terms", "words"]

EPOCHS = 20
BATCH_SIZE = 512
SEEDS = 3
"""Chapter 5's experiment: twenty epochs, batches of 512; and three seeds, for one run proves little."""

MAX_WORDS = 10_000
"""Words a multi-hot row has places for (section 4.1.2)."""

Rows = NDArray[np.int64]


@step(version=2)
def compare(
    desk: Desk,
    bench: Bench,
    *,
    recipes: tuple[Recipe, ...],
    seeds: int = SEEDS,
    epochs: int = EPOCHS,
    batch_size: int = BATCH_SIZE,
    validation: float | None = None,
    text: Text = "terms",
    seed: int = 0,
) -> Lab:
    """Train the models from several seeds and read their learning curves.

    Args:
        recipes: models of the user's own (family ``yours``).
        validation: share of the development rows to validate on; the bench's first split unless given.
        text: texts as the weighted terms that models compete on, or as multi-hot words.

    Raises:
        UsageError: two models of one name, or a share that leaves nothing.
        ModelError: none of the models could be trained.

    Source:
        Deep Learning with Python, 2nd ed., sections 5.3 and 5.4.
    """
    from modelwright.engine.lab import learning_curves  # Keras and JAX load only when needed

    _require_names(recipes)
    folds = folds_of(desk, bench)
    training, held_out = _split(folds, validation, seed)
    split = _prepared(folds, training, held_out, text)

    def tell(step: Any) -> None:
        desk.note("epochs", done=step.epochs, total=step.total, loss=round(step.loss, 4))

    found = learning_curves(
        recipes,
        folds.target,
        split,
        seeds=[seed + offset for offset in range(seeds)],
        epochs=epochs,
        batch_size=batch_size,
        listener=tell,
    )
    found = [one if isinstance(one, str) else _finite(one) for one in found]
    curves = {
        recipe.name: one for recipe, one in zip(recipes, found, strict=True) if not isinstance(one, str)
    }
    failures = [
        Failure(recipe=r, reason=one) for r, one in zip(recipes, found, strict=True) if isinstance(one, str)
    ]
    return Lab(
        bench=digest(bench),
        loss=last_layer(folds.target).loss.replace("_", " "),
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        text=text,
        training_rows=len(training),
        validation_rows=len(held_out),
        models=_models(desk, [recipe for recipe in recipes if recipe.name in curves], curves),
        failures=tuple(failures),
    )


def _models(desk: Desk, recipes: list[Recipe], curves: dict[str, Curves]) -> tuple[LabModel, ...]:
    """What every model's curves say, of itself and beside the others'."""
    contenders = [_contender(recipe.name, curves[recipe.name]) for recipe in recipes]
    return tuple(
        _model(desk, recipe, curves[recipe.name], contender.reading, judgement)
        for recipe, contender, judgement in zip(recipes, contenders, judge(contenders), strict=True)
    )


def _contender(name: str, curves: Curves) -> Contender:
    reading = read(curves.losses[:, :, 1], curves.losses[:, :, 0])
    return Contender(name=name, parameters=curves.parameters, reading=reading, regularised=curves.regularised)


def _model(desk: Desk, recipe: Recipe, curves: Curves, reading: Reading, judgement: Judgement) -> LabModel:
    return LabModel(
        recipe=recipe,
        curves=desk.keep(curves.losses, "array"),
        parameters=curves.parameters,
        best_epoch=reading.best_epoch,
        best_epochs=reading.best_epochs,
        best_loss=reading.best_loss,
        last_loss=reading.last_loss,
        overfits_from=reading.overfits_from,
        choppiness=reading.choppiness,
        gap=reading.gap,
        fit=judgement.fit,
        reason=judgement.reason,
        notes=curves.notes,
    )


def _finite(curves: Curves) -> Curves | str:
    """The curves, or, where no seed has a finite loss after its first epoch, the reason why not."""
    if np.isfinite(curves.losses[:, 0]).all(axis=-1).any():
        return curves
    return "training diverged in the first epoch from every seed: lower the learning rate"


def _require_names(recipes: tuple[Recipe, ...]) -> None:
    names = [recipe.name for recipe in recipes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise UsageError(
            where="the models to compare",
            expected="one or more models, each once",
            received=", ".join(f"{name} twice" for name in twice) or "none",
            do_this="Name each model once: FILE.py:small FILE.py:large.",
        )


def _split(folds: Folds, validation: float | None, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and to validate on; duplicates and groups stay on one side."""
    if validation is None:
        first = folds.splits[0]
        return np.flatnonzero(first == 1), np.flatnonzero(first == 2)
    if folds.bench.protocol.kind == "forward":
        raise UsageError(
            where="--validation",
            expected="rows that may be dealt at random",
            received="a task whose splits go forward in time",
            do_this="Leave --validation out: the first split of the protocol is used.",
        )
    if not 0 < validation < 1:
        raise UsageError(
            where="--validation",
            expected="a share of the rows between 0 and 1",
            received=f"{validation}",
            do_this="Give a share such as --validation 0.4.",
        )
    usable = folds.usable
    shares = np.array([1 - validation, validation])
    part = deal(folds.units[usable], strata_of(folds.answers[usable]), shares, np.random.default_rng(seed))
    return usable[part == 0], usable[part == 1]


def _prepared(folds: Folds, training: Rows, held_out: Rows, text: Text) -> Any:
    from modelwright.engine.lab import Split

    preparation = fit_preparation(folds.bench.plan, folds.columns, training)

    def inputs(rows: Rows) -> Any:
        return _inputs(folds, prepare_rows(preparation, folds.columns, rows), rows, text)

    return Split(
        training=inputs(training),
        answers=folds.answers[training],
        validation=inputs(held_out),
        validation_answers=folds.answers[held_out],
    )


def _inputs(folds: Folds, prepared: Prepared, rows: Rows, text: Text) -> Any:
    from modelwright.engine.yours import MAX_TERMS, as_inputs

    texts = prepared.preparation.texts
    if text == "terms" or not texts:
        return as_inputs(prepared.sparse(MAX_TERMS))
    share = MAX_WORDS // len(texts)
    words = [words_present(one, tokenised(folds.columns, one.column), rows, share) for one in texts]
    return as_inputs(scipy.sparse.hstack([prepared.sparse(0), *words], format="csr"))
