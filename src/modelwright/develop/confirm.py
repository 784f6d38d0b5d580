"""Does it keep its promise? Train the chosen recipe on everything, open the sealed test once (6.2.7)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.common_sense import untrained_answers
from modelwright.develop.evaluating import compare, of_length
from modelwright.develop.folds import Folds, folds_of
from modelwright.engine.budget import unhurried
from modelwright.engine.model import Model, load, save
from modelwright.engine.whole import train_whole
from modelwright.errors import UndefinedMeasure
from modelwright.records import (
    Account,
    Bench,
    Blob,
    Desk,
    Estimate,
    Final,
    Measure,
    Recipe,
    Run,
    Study,
    Verdict,
    digest,
    number_text,
    record,
    step,
)
from modelwright.statistics.intervals import bootstrap, unpaired_difference
from modelwright.statistics.measures import BUILT_IN, measure_function
from modelwright.statistics.thresholds import choose_threshold

LEAST_SHARE_ALONE = 0.1
"""With fewer sealed rows than this share free of copies, the promise is judged on all of them."""

Outputs = NDArray[np.float64]
Rows = NDArray[np.int64]
QUESTION = "Does the chosen model keep its promise on rows nobody has seen?"


@record
class Fitted:
    """The chosen recipe trained on every row that development may use."""

    recipe: Recipe
    model: Blob
    rows: int


@record
class Look:
    """What the model answered on the sealed rows: float64 (test_rows, outputs)."""

    outputs: Blob


@step(version=4)
def confirm(desk: Desk, bench: Bench, baseline: Study, tuned: Study, account: Account | None = None) -> Study:
    """Train the chosen recipe on all rows but the test part, open the test part once, and score.

    Args:
        account: of the looks at validation; what it leaves of the chosen run's score is the promise.

    Returns:
        A Study whose `final` holds the model and its one look at the test part.

    Raises:
        SealError: the test part was opened before, for another model.
    """
    chosen = tuned.best
    fitted = desk.once(fit_final, bench, of_length(chosen.recipe, chosen.best_epochs))
    look = desk.once(open_test, bench, fitted)
    final = _judge(desk, folds_of(desk, bench), chosen, fitted, look, baseline, account)
    answer: Literal["yes", "no"] = "yes" if final.kept_promise else "no"
    return Study(
        question=QUESTION,
        bench=digest(bench),
        runs=(chosen,),
        chosen=0,
        verdict=Verdict(question=QUESTION, answer=answer, reason=final.promise),
        comparisons=(compare(desk, bench, chosen, baseline.best, picked_of=len(tuned.runs)),),
        final=final,
    )


@step(version=2)
def fit_final(desk: Desk, bench: Bench, recipe: Recipe) -> Fitted:
    """Train on all rows but the test part and its duplicates."""
    folds = folds_of(desk, bench)
    desk.note(f"training {recipe.name} on {len(folds.usable):,} rows")
    with unhurried():
        model = _trained_on_all(folds, recipe)
    return Fitted(recipe=recipe, model=desk.keep(save(model), "bytes"), rows=len(folds.usable))


def seal_of(bench: Bench, _: Fitted | None = None) -> str:
    """The name of the bench's sealed test part, which goes with its rows' content."""
    seal = bench.protocol.seal
    if seal is None:  # a bench laid by hand
        return digest([bench.dataset.table.digest, bench.protocol.test.digest])
    return seal.name


@step(version=1, opens=seal_of)
def open_test(desk: Desk, bench: Bench, fitted: Fitted) -> Look:
    """Answer the sealed rows. The project remembers for which model it was done, and refuses another."""
    folds = folds_of(desk, bench)
    rows: NDArray[np.int64] = desk.read(bench.protocol.test)
    outputs = load(desk.read(fitted.model)).predict_columns(folds.columns, rows)
    return Look(outputs=desk.keep(outputs, "array"))


def _trained_on_all(folds: Folds, recipe: Recipe) -> Model:
    bench = folds.bench
    return train_whole(
        recipe,
        folds.target,
        bench.plan,
        folds.columns,
        folds.answers,
        rows=folds.usable,
        seed=bench.protocol.seed,
    )


def _judge(
    desk: Desk,
    folds: Folds,
    chosen: Run,
    fitted: Fitted,
    look: Look,
    baseline: Study,
    account: Account | None,
) -> Final:
    bench = folds.bench
    promised = chosen.score if account is None else account.corrected
    rows: NDArray[np.int64] = desk.read(bench.protocol.test)
    outputs: NDArray[np.float64] = desk.read(look.outputs)
    threshold, threshold_reason = _threshold(desk, folds, chosen)
    test_score = _estimate(folds, bench.measure, outputs, rows)
    promise, kept = _promise(folds, outputs, rows, test_score, promised)
    bar = _baseline_outputs(desk, folds, baseline, rows)
    return Final(
        recipe=fitted.recipe,
        model=fitted.model,
        rows=fitted.rows,
        test_rows=len(rows),
        test_score=test_score,
        validation_score=promised,
        baseline_score=_estimate(folds, bench.measure, bar, rows),
        kept_promise=kept,
        promise=promise,
        threshold=threshold,
        threshold_reason=threshold_reason,
        all_scores=_all_scores(folds, outputs, rows, threshold),
        predictions=look.outputs,
        todays=_todays_outputs(desk, folds, baseline, rows),
        account=account,
    )


def _estimate(
    folds: Folds,
    measure: Measure,
    outputs: NDArray[np.float64],
    rows: NDArray[np.int64],
    threshold: Any = None,
) -> Estimate:
    score = measure_function(measure, folds.bench.dataset.classes, threshold)
    seed = folds.bench.protocol.seed
    return bootstrap(score, folds.answers[rows], outputs, units=folds.units[rows], seed=seed)


def _baseline_outputs(
    desk: Desk, folds: Folds, baseline: Study, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The bar's answers on the test rows."""
    known = untrained_answers(desk, folds, baseline.best.recipe)
    assert known is not None, "common sense needs no training"
    return known[rows]


def _todays_outputs(desk: Desk, folds: Folds, baseline: Study, rows: Rows) -> Blob | None:
    """What the existing solution answers on the test rows; None where there is none."""
    existing = next((run.recipe for run in baseline.runs if run.recipe.family == "existing"), None)
    if existing is None:
        return None
    known = untrained_answers(desk, folds, existing)
    assert known is not None, "today's solution needs no training"
    return desk.keep(known[rows], "array")


def _promise(
    folds: Folds, outputs: Outputs, rows: Rows, test: Estimate, validation: Estimate
) -> tuple[str, bool]:
    """Is the test score significantly worse than validation promised?

    Development rows that are copies of sealed rows were left out of development, so validation never met
    rows of that kind: the promise is then judged on the sealed rows without such a copy.
    """
    measure = folds.bench.measure
    unlike = _without_twins(folds, rows)
    judged = test
    said = f"{measure.title} {test} on the sealed test part"
    if not unlike.all():
        judged = _estimate(folds, measure, outputs[unlike], rows[unlike])
        said += f", {judged} on its {unlike.sum():,} rows without a copy elsewhere"
    kept = unpaired_difference(judged, validation, goal=measure.goal).high >= 0
    verdict = "not significantly worse than promised" if kept else "significantly WORSE than promised"
    return f"{said}; {number_text(validation.value)} in validation: {verdict}", kept


def _without_twins(folds: Folds, rows: Rows) -> NDArray[np.bool_]:
    """Which sealed rows have no copy among the others; all, where hardly any has none."""
    others = np.setdiff1d(np.arange(len(folds.units)), rows)
    alone = ~np.isin(folds.units[rows], folds.units[others])
    return alone if alone.mean() > LEAST_SHARE_ALONE else np.ones(len(rows), dtype=bool)


def _threshold(desk: Desk, folds: Folds, chosen: Run) -> tuple[float | None, str]:
    """Binary: the probability from which on to answer positive, chosen on validation predictions."""
    bench = folds.bench
    if bench.task.kind != "binary":
        return None, ""
    rows = folds.developed
    probability = np.nanmean(desk.read(chosen.predictions)[rows], axis=1)[:, 1]
    costs = bench.task.costs
    objective = "f1" if bench.measure.name == "f1" and not costs.stated else "cost"
    return choose_threshold(
        folds.answers[rows],
        probability,
        cost_false_positive=costs.false_positive,
        cost_false_negative=costs.false_negative,
        objective=objective,
    )


def _all_scores(folds: Folds, outputs: Outputs, rows: Rows, threshold: float | None) -> dict[str, Estimate]:
    """Every built-in measure of this kind of task, where it is defined on these rows."""
    scores: dict[str, Estimate] = {}
    for name, definition in BUILT_IN.items():
        if folds.bench.task.kind not in definition.kinds:
            continue
        measure = Measure(
            name=name, title=definition.title, goal=definition.goal, reads=definition.reads, reason=""
        )
        try:
            scores[name] = _estimate(folds, measure, outputs, rows, threshold)
        except UndefinedMeasure:
            continue
    return scores
