"""In which forms can the confirmed model be shipped, how large is each, and how much worse does it answer?"""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.losses import Judge
from modelwright.deploy.proving import final_of
from modelwright.deploy.unseen import Development, development_of, models_without
from modelwright.engine.budget import unhurried
from modelwright.engine.columns import Rows
from modelwright.engine.model import Model, load, save
from modelwright.errors import ExportError, ModelError, UndefinedMeasure
from modelwright.records import Bench, Desk, Estimate, Final, Study, Variant, Variants, step

FLOAT, PRUNED, DYNAMIC, STATIC = "float", "pruned", "int8 dynamic", "int8 static"
NETWORKS = ("network", "yours")
"""Families whose weights are learnt by steps, so that they can be pruned while they go on learning."""

CALIBRATION_ROWS, CALIBRATION_BATCH = 2_048, 64
"""Rows whose ranges the static form takes over: what lies beyond all of them is cut off in service."""

GZIP_LEVEL = 6  # what web servers use

ALONE_ROWS = 256
"""So many rows are answered alone, too, and among all others."""

EXACT = "the same file"

Outputs = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A model written in one way.

    Args:
        base: name of the form with the same weights before they were made integers.
    """

    graph: bytes
    model: Model
    base: str


@step(version=2)
def make_variants(desk: Desk, bench: Bench, confirmed: Study, *, sparsity: float = 0.9) -> Variants:
    """Write the confirmed model pruned, with integer weights, and both; see what each loses.

    The sealed test part is left alone: pruning goes on with the rows the final model was trained on, and the
    loss is measured on validation rows (see `unseen`).

    Args:
        sparsity: share of each large weight set to 0 by pruning.

    Raises:
        ReleaseError: nothing was confirmed.

    Source:
        Deep Learning with Python, section 6.3.2, "Inference model optimization".
    """
    final = final_of(confirmed)
    development = development_of(desk, bench)
    left_out: dict[str, str] = {}
    desk.note("writing the model in several forms")
    forms = forms_of(load(desk.read(final.model)), development, development.usable, sparsity, left_out)
    unseen = _unseen_answers(desk, development, final, sparsity, left_out) if len(forms) > 1 else {}
    judge = Judge.of(development, unseen.get(FLOAT))
    kept: list[Variant] = []
    for name, form in forms.items():
        if name == FLOAT or name in unseen:
            try:
                kept.append(_variant(desk, judge, forms, name, form, unseen))
            except UndefinedMeasure as error:
                left_out[name] = error.received
    return Variants(
        variants=tuple(kept),
        rows=len(development.validated) if len(forms) > 1 else 0,
        relative=judge.relative,
        left_out=tuple(f"{name}: {reason}" for name, reason in left_out.items()),
    )


def forms_of(
    model: Model, development: Development, rows: Rows, sparsity: float, left_out: dict[str, str]
) -> dict[str, Form]:
    """Every form of the model that can be made, by name; what cannot is put into `left_out`.

    Args:
        rows: the rows it was trained on.
    """
    from modelwright.exporters.onnx import export  # Keras and onnx load only when needed

    forms = {FLOAT: Form(graph=export(model), model=model, base=FLOAT)}
    forms |= _quantised(forms[FLOAT], development, rows, "", left_out)
    pruned = _pruned(model, development, rows, sparsity, left_out)
    if pruned is not None:
        name = f"{PRUNED} {100 * sparsity:.3g}%"
        forms[name] = Form(graph=export(pruned), model=pruned, base=name)
        forms |= _quantised(forms[name], development, rows, f"{name}, ", left_out)
    return forms


def _pruned(
    model: Model, development: Development, rows: Rows, sparsity: float, left_out: dict[str, str]
) -> Model | None:
    if model.trained.recipe.family not in NETWORKS:
        left_out[PRUNED] = f"a {model.trained.recipe.family} model has no weights to train on with"
        return None
    from modelwright.engine.pruning import prune, sparsity_of

    try:
        with unhurried():  # half a schedule would be another sparsity
            trained = prune(model.trained, development.part(model.preparation, rows), sparsity)
    except ModelError as error:
        left_out[PRUNED] = error.received
        return None
    if sparsity_of(trained) == 0:
        left_out[PRUNED] = "no weight is large enough"
        return None
    return Model(preparation=model.preparation, trained=trained)


def _quantised(
    form: Form, development: Development, rows: Rows, prefix: str, left_out: dict[str, str]
) -> dict[str, Form]:
    from modelwright.exporters.quantising import quantise, quantise_calibrated

    ways: dict[str, Callable[[], bytes]] = {
        DYNAMIC: lambda: quantise(form.graph),
        STATIC: lambda: quantise_calibrated(form.graph, calibration_feeds(form.model, development, rows)),
    }
    found: dict[str, Form] = {}
    for name, write in ways.items():
        try:
            found[prefix + name] = Form(
                graph=write(), model=form.model, base=prefix.removesuffix(", ") or FLOAT
            )
        except ExportError as error:
            left_out[prefix + name] = error.received
    return found


def calibration_feeds(model: Model, development: Development, rows: Rows) -> Any:
    """Some of the rows the model was trained on, as the graph reads them."""
    from modelwright.exporters.running import feeds_of

    count = min(CALIBRATION_ROWS, len(rows))
    draw = np.random.default_rng(development.bench.protocol.seed)
    some = np.sort(draw.choice(rows, count, replace=False))
    return feeds_of(model.preparation, development.columns, some, CALIBRATION_BATCH)


def _unseen_answers(
    desk: Desk, development: Development, final: Final, sparsity: float, left_out: dict[str, str]
) -> dict[str, Outputs]:
    """Each form's answers to all validated rows, (rows, outputs), by models that never saw them."""
    names: dict[str, list[Outputs]] = {}
    splits = len(development.splits)
    for place, (model, trained_on, rows) in enumerate(models_without(development, final.recipe)):
        desk.note("seeing what each form loses on rows not trained on", done=place, total=splits)
        for name, form in forms_of(model, development, trained_on, sparsity, left_out).items():
            names.setdefault(name, []).append(_answers(form, development, rows))
    order = np.concatenate([np.flatnonzero(split == 2) for split in development.splits])
    by_row = np.argsort(order, kind="stable")
    return {name: np.concatenate(parts)[by_row] for name, parts in names.items() if len(parts) == splits}


def _answers(form: Form, development: Development, rows: Rows) -> Outputs:
    from modelwright.exporters.running import Running

    return Running(form.graph).answers(form.model.preparation, development.columns, rows)


def _variant(
    desk: Desk, judge: Judge, forms: dict[str, Form], name: str, form: Form, unseen: dict[str, Outputs]
) -> Variant:
    from modelwright.engine.pruning import sparsity_of
    from modelwright.exporters.quantising import is_scaled_anew

    nothing = Estimate(value=0.0, low=0.0, high=0.0, method=EXACT)
    integers, learnt = form.base != name, form.model is not forms[FLOAT].model
    file_drop, largest = _between(judge, form, forms[form.base]) if integers else (0.0, 0.0)
    return Variant(
        name=name,
        graph=desk.keep(form.graph, "bytes"),
        model=desk.keep(save(form.model), "bytes"),
        size_bytes=len(form.graph),
        gzip_bytes=len(gzip.compress(form.graph, GZIP_LEVEL, mtime=0)),
        integers=integers,
        sparsity=sparsity_of(form.model.trained) if form.model.trained.recipe.family in NETWORKS else 0.0,
        drop=nothing if name == FLOAT else judge.drop(unseen[name], learnt=learnt),
        file_drop=file_drop,
        largest_difference=largest,
        scaled_anew=is_scaled_anew(form.graph),
        companions=_companions(judge.development, form),
    )


def _between(judge: Judge, form: Form, base: Form) -> tuple[float, float]:
    """The drop and the largest difference between two files of the final model, on its own rows."""
    development = judge.development
    rows = development.usable
    received, expected = (_answers(one, development, rows) for one in (form, base))
    drop = judge.plain_drop(rows, received, expected)
    scale = form.model.trained.arrays.get("scale", 1.0)
    largest = float((np.abs(received - expected) / scale).max())
    return drop, largest if math.isfinite(largest) else math.inf


def _companions(development: Development, form: Form) -> float:
    """How much the answer to a row depends on the rows that are answered with it."""
    from modelwright.exporters.running import BATCH_ROWS, Running, feeds_of

    running, rows = Running(form.graph), development.usable[:BATCH_ROWS]
    among = running.answers(form.model.preparation, development.columns, rows)[:ALONE_ROWS]
    feeds = feeds_of(form.model.preparation, development.columns, rows[:ALONE_ROWS], batch=1)
    alone = np.concatenate([running.answer(feed) for feed in feeds]).astype(np.float64)
    return float((np.abs(alone - among) / form.model.trained.arrays.get("scale", 1.0)).mean())
