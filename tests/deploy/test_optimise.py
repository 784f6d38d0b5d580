"""Real models made small on real data, and files that were spoilt, caught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars
import pytest

from modelwright.deploy import variants
from modelwright.deploy.losses import Judge
from modelwright.deploy.optimise import optimise
from modelwright.deploy.unseen import development_of
from modelwright.deploy.variants import make_variants
from modelwright.engine.columns import Columns
from modelwright.engine.model import Model, load, save
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.training import train
from modelwright.errors import ReleaseError
from modelwright.exporters.running import Running, feeds_of
from modelwright.records import (
    Bench,
    Column,
    ColumnPlan,
    Dataset,
    Estimate,
    Final,
    Ingest,
    Plan,
    Protocol,
    Recipe,
    Study,
    Task,
    Verdict,
    digest,
)
from modelwright.statistics.measures import BUILT_IN

ROWS, SEALED, FOLDS = 3_000, 600, 2
TARGET = "median_house_value"
NETWORK = Recipe(
    family="network", name="dense", choices={"layers": 3, "units": 256, "epochs": 8, "batch_size": 64}
)
NAMES = ["float", "int8 dynamic", "int8 static", "pruned 80%", "pruned 80%, int8 dynamic"]
NAMES += ["pruned 80%, int8 static"]


def lay(desk: Any, table: polars.DataFrame, measure: str = "r2") -> Bench:
    """California housing: the last rows sealed, the others in two folds."""
    features = [name for name in table.columns if name != TARGET]
    columns = [
        Column(
            name=name,
            role="target"
            if name == TARGET
            else "numeric"
            if table[name].dtype.is_numeric()
            else "categorical",
            dtype="number" if table[name].dtype.is_numeric() else "string",
            reason="",
            missing=0,
            unique=0,
        )
        for name in table.columns
    ]
    dataset = Dataset(
        rows=ROWS,
        columns=tuple(columns),
        table=desk.keep(table, "table"),
        lines=desk.keep(np.arange(ROWS), "array"),
        ingest=Ingest(format="csv", rows_in=ROWS, rows_kept=ROWS),
    )
    splits = np.where(np.arange(ROWS)[None, :] % FOLDS == np.arange(FOLDS)[:, None], 2, 1).astype(np.int8)
    splits[:, ROWS - SEALED :] = 0
    protocol = Protocol(
        kind="k_fold",
        folds=FOLDS,
        repeats=1,
        seed=0,
        test=desk.keep(np.arange(ROWS - SEALED, ROWS), "array"),
        splits=desk.keep(splits, "array"),
        units=desk.keep(np.arange(ROWS), "array"),
        rows=ROWS - SEALED,
        test_rows=SEALED,
        reason="",
        test_reason="",
    )
    task = Task(question="", source="", targets=(TARGET,), kind="regression", kind_reason="")
    plans = [
        ColumnPlan(name=name, treatment="number" if table[name].dtype.is_numeric() else "category", reason="")
        for name in features
    ]
    plan = Plan(columns=tuple(plans))
    return Bench(
        task=task, dataset=dataset, measure=BUILT_IN[measure].chosen(""), plan=plan, protocol=protocol
    )


def confirmed(desk: Any, bench: Bench, recipe: Recipe = NETWORK) -> Study:
    """The recipe trained on all rows but the sealed ones."""
    development = development_of(desk, bench)
    rows = development.usable
    preparation = fit_preparation(bench.plan, development.columns, rows)
    part = development.part(preparation, rows)
    model = Model(
        preparation=preparation, trained=train(recipe, development.target, part.training, part.answers)
    )
    nothing = Estimate(value=0.0, low=0.0, high=0.0, method="not measured")
    final = Final(
        recipe=recipe,
        model=desk.keep(save(model), "bytes"),
        rows=len(rows),
        test_rows=SEALED,
        test_score=nothing,
        validation_score=nothing,
        baseline_score=nothing,
        kept_promise=True,
        promise="",
        predictions=bench.protocol.test,
    )
    return Study(
        question="confirm",
        bench=digest(bench),
        runs=(),
        chosen=0,
        verdict=Verdict(question="", answer="yes", reason=""),
        final=final,
    )


@pytest.fixture
def table(shared_data: Path) -> polars.DataFrame:
    file = shared_data / "california_housing" / "california_housing.csv.gz"
    return polars.read_csv(file).sample(ROWS, shuffle=True, seed=0)


def by_name(made: Any) -> dict[str, Any]:
    return {one.name: one for one in made.variants}


def test_every_form_is_made_measured_and_chosen_by_both_gates(desk: Any, table: polars.DataFrame) -> None:
    bench = lay(desk, table)
    study = confirmed(desk, bench)
    found = optimise(desk, bench, study, sparsity=0.8, max_drop=0.02)
    options = {option.variant.name: option for option in found.options}
    assert list(options) == NAMES
    assert found.left_out == ()
    assert found.rows == ROWS - SEALED
    plain, dynamic, both = (options[name].variant for name in (NAMES[0], NAMES[1], NAMES[4]))
    assert desk.read(plain.model) == desk.read(study.final.model)  # type: ignore[union-attr]  # there is one
    assert plain.drop.low == plain.drop.high == plain.largest_difference == 0
    assert dynamic.size_bytes < 0.3 * plain.size_bytes
    assert both.gzip_bytes < 0.5 * dynamic.gzip_bytes
    assert both.sparsity == pytest.approx(0.8, abs=0.001)
    assert abs(dynamic.drop.value) < 0.02
    assert 0 < dynamic.largest_difference < 2
    static = options[NAMES[2]].variant
    assert dynamic.scaled_anew
    assert not static.scaled_anew
    assert dynamic.companions > 10 * static.companions
    assert plain.companions < 1e-6
    for option in found.options[1:]:
        assert option.accurate == (option.variant.drop.high <= 0.02 and option.variant.file_drop <= 0.02)
        assert option.faster == (option.timing.ratio.high < 1)
    best = found.best
    assert found.chosen == 0 or (
        best.accurate and best.faster and best.steady and best.variant.gzip_bytes < plain.gzip_bytes
    )


def test_the_drop_is_that_of_models_on_rows_they_were_not_trained_on(
    desk: Any, table: polars.DataFrame
) -> None:
    """Held to a plain loop over the folds."""
    bench = lay(desk, table, "rmse")
    study = confirmed(desk, bench)
    made = by_name(make_variants(desk, bench, study, sparsity=0.8))
    development = development_of(desk, bench)
    answers = {name: np.full((ROWS, 1), np.nan) for name in ("float", "int8 dynamic")}
    for split in development.splits:
        seen, unseen = np.flatnonzero(split == 1), np.flatnonzero(split == 2)
        preparation = fit_preparation(bench.plan, development.columns, seen)
        part = development.part(preparation, seen)
        model = Model(
            preparation=preparation, trained=train(NETWORK, development.target, part.training, part.answers)
        )
        graph = variants.forms_of(model, development, seen, 0.8, {})
        for name, rows in answers.items():
            rows[unseen] = Running(graph[name].graph).answers(preparation, development.columns, unseen)
    rows = development.validated
    errors = {
        name: float(np.sqrt(np.mean((one[rows] - development.answers[rows]) ** 2)))
        for name, one in answers.items()
    }
    drop = made["int8 dynamic"].drop
    assert drop.value == pytest.approx(errors["int8 dynamic"] / errors["float"] - 1, abs=1e-9)
    assert drop.low < drop.value < drop.high


def test_calibration_on_rows_from_a_wrong_range_is_caught(
    desk: Any, table: polars.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        variants, "calibration_feeds", lambda model, development, rows: wrong_rows(model, development)
    )
    found = optimise(desk, lay(desk, table), confirmed(desk, lay(desk, table)), sparsity=0.8)
    for option in found.options:
        if option.variant.name.endswith("int8 static"):
            assert not option.accurate
            assert option.variant.drop.low > 0.005
            assert option.reason.startswith("loses ")
    assert not found.best.variant.name.endswith("int8 static")
    dynamic = next(o for o in found.options if o.variant.name == "int8 dynamic")
    assert dynamic.variant.drop.high < min(
        o.variant.drop.low for o in found.options if o.variant.name.endswith("int8 static")
    )


def test_a_file_spoilt_alone_is_caught_on_its_own_rows(
    desk: Any, table: polars.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models of the folds are calibrated well; only the file that would be shipped is not."""
    rightly = variants.calibration_feeds

    def spoilt(model: Model, development: Any, rows: Any) -> Any:
        if len(rows) == ROWS - SEALED:
            return wrong_rows(model, development)
        return rightly(model, development, rows)

    monkeypatch.setattr(variants, "calibration_feeds", spoilt)
    bench = lay(desk, table)
    found = optimise(desk, bench, confirmed(desk, bench), sparsity=0.8, max_drop=0.02)
    static = next(o for o in found.options if o.variant.name == "int8 static")
    assert static.variant.drop.high < 0.02 < static.variant.file_drop
    assert not static.accurate
    assert "this very file" in static.reason


def wrong_rows(model: Model, development: Any) -> Any:
    """Rows of nowhere: every number missing, so that nothing spans the range real rows reach."""
    values = {
        name: np.full(64, np.nan) if column.dtype == np.float64 else np.full(64, None, dtype=object)
        for name, column in development.columns.values.items()
    }
    return feeds_of(model.preparation, Columns(values=values, rows=64), np.arange(64))


@pytest.mark.slow
def test_the_sealed_rows_change_nothing(desk: Any, table: polars.DataFrame) -> None:
    numbers = [name for name in table.columns if table[name].dtype.is_numeric()]
    sealed = polars.int_range(polars.len()) >= ROWS - SEALED
    spoilt = table.with_columns(
        polars.when(sealed).then(1e9).otherwise(polars.col(name)).alias(name) for name in numbers
    )
    made = []
    for rows in (table, spoilt):
        bench = lay(desk, rows)
        made.append(make_variants(desk, bench, confirmed(desk, bench), sparsity=0.8))
    assert made[0] == made[1]


def test_in_folds_the_loss_of_a_form_that_learnt_is_wider_by_the_square_root_of_two(
    desk: Any, table: polars.DataFrame
) -> None:
    development = development_of(desk, lay(desk, table))
    answers = development.answers[development.validated]
    draw = np.random.default_rng(1)
    float_form, other = (answers + draw.normal(0, 5e4, answers.shape) for _ in range(2))
    judge = Judge.of(development, float_form)
    rounded, pruned = (judge.drop(other, learnt=learnt) for learnt in (False, True))
    assert pruned.value == rounded.value
    assert pruned.high - pruned.low == pytest.approx(np.sqrt(2) * (rounded.high - rounded.low))


def test_trees_are_shipped_as_they_are(desk: Any, table: polars.DataFrame) -> None:
    bench = lay(desk, table)
    trees = Recipe(family="trees", name="trees", choices={"trees": 30})
    found = optimise(desk, bench, confirmed(desk, bench, trees))
    assert [option.variant.name for option in found.options] == ["float"]
    assert found.chosen == 0
    assert [one.split(":")[0] for one in found.left_out] == ["int8 dynamic", "int8 static", "pruned"]


def test_limits_recall_the_forms_and_are_refused_where_none_is_within_them(
    desk: Any, table: polars.DataFrame
) -> None:
    bench = lay(desk, table)
    study = confirmed(desk, bench, replace(NETWORK, choices={**NETWORK.choices, "epochs": 2}))
    optimise(desk, bench, study)
    known = dict(desk.done)
    with pytest.raises(ReleaseError, match="larger than 100 bytes"):
        optimise(desk, bench, study, max_bytes=100)
    assert desk.done == known


def test_only_a_confirmed_model_is_optimised(desk: Any, table: polars.DataFrame) -> None:
    bench = lay(desk, table)
    study = replace(confirmed(desk, bench, Recipe(family="prior", name="prior")), final=None)
    with pytest.raises(ReleaseError, match="a confirmed model"):
        optimise(desk, bench, study)


def test_each_forms_file_answers_as_its_own_model_does(desk: Any, table: polars.DataFrame) -> None:
    bench = lay(desk, table)
    made = by_name(make_variants(desk, bench, confirmed(desk, bench), sparsity=0.8))
    development = development_of(desk, bench)
    rows = development.usable
    for one in made.values():
        onnx.checker.check_model(onnx.load_from_string(desk.read(one.graph)))
        model = load(desk.read(one.model))
        expected = model.predict_columns(development.columns, rows)
        received = Running(desk.read(one.graph)).answers(model.preparation, development.columns, rows)
        differs = np.abs(received - expected).max() / model.trained.arrays["scale"][0]
        assert differs == pytest.approx(one.largest_difference, abs=1e-5)


def test_a_form_that_answers_nonsense_is_left_out_and_said_to_be(
    desk: Any, table: polars.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    rightly = variants._answers

    def nonsense(form: variants.Form, development: Any, rows: Any) -> Any:
        found = rightly(form, development, rows)
        return np.full_like(found, np.nan) if b"MatMulInteger" in form.graph else found

    monkeypatch.setattr(variants, "_answers", nonsense)
    bench = lay(desk, table)
    made = make_variants(desk, bench, confirmed(desk, bench), sparsity=0.8)
    assert [one.name for one in made.variants] == [name for name in NAMES if "dynamic" not in name]
    assert all("not finite" in one for one in made.left_out)
