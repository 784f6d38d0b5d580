"""An audit finds what a model that memorised tells, and passes one that did not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.measure import choose_measure
from modelwright.define.snapshot import snapshot
from modelwright.deploy.audit import TooFewRowsError, audit_privacy, require_kept
from modelwright.develop.confirm import fit_final
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.errors import ReleaseError
from modelwright.records import Bench, Estimate, Final, Recipe, Run, Source, Study, Verdict

MEMORISER = Recipe(
    family="network", name="large", choices={"layers": 2, "units": 256, "epochs": 150, "dropout": 0.0}
)
MODEST = Recipe(family="linear", name="strongly penalised", choices={"penalty_strength": 100.0})


def bench_of(desk: Any, shared_data: Path, tmp_path: Path, rows: int, *, tossed: bool) -> Bench:
    """Adult's first different rows, 3 in 4 of them for development; its labels, or tossed ones."""
    table = (
        polars.read_csv(shared_data / "adult_census" / "adult.csv.gz")
        .drop("split")
        .unique(maintain_order=True)
    )
    table = table[:rows]
    if tossed:
        coins = np.random.default_rng(0).random(rows) < 0.5
        table = table.with_columns(income=polars.Series(np.where(coins, ">50K", "<=50K")))
    path = tmp_path / "adult.csv"
    table.write_csv(path)
    read = snapshot(desk, Source(name=path.name, file=desk.keep(path, "file")))
    task = frame(desk, read, predict=("income",))
    dataset = collect(desk, task, read)
    measure = choose_measure(desk, task, dataset)
    protocol = choose_protocol(desk, task, dataset, measure)
    plan = prepare(desk, task, dataset)
    return Bench(task=task, dataset=dataset, measure=measure, plan=plan, protocol=protocol)


def confirmed(desk: Any, bench: Bench, recipe: Recipe) -> Study:
    """A study that says the recipe was confirmed; its scores are not read."""
    score = Estimate(value=0.8, low=0.7, high=0.9, method="said")
    final = Final(
        recipe=recipe,
        model=fit_final(desk, bench, recipe).model,
        rows=bench.protocol.rows,
        test_rows=bench.protocol.test_rows,
        test_score=score,
        validation_score=score,
        baseline_score=score,
        kept_promise=True,
        promise="kept",
        predictions=bench.protocol.test,
    )
    run = Run(recipe=recipe, score=score, predictions=bench.protocol.test)
    verdict = Verdict(question="Kept?", answer="yes", reason="kept")
    return Study(question="Kept?", bench="", runs=(run,), chosen=0, verdict=verdict, final=final)


@pytest.mark.slow
def test_a_network_that_learnt_a_thousand_tossed_labels_by_heart_is_stopped(
    desk: Any, shared_data: Path, tmp_path: Path
) -> None:
    bench = bench_of(desk, shared_data, tmp_path, 1_334, tossed=True)
    told = audit_privacy(desk, bench, confirmed(desk, bench, MEMORISER))
    assert told.rows >= 950
    assert told.leaks
    assert told.verdict.answer == "no"
    assert told.epsilon > 1.5
    assert told.area.low > 0.7
    with pytest.raises(ReleaseError, match="accept-leakage") as refused:
        require_kept(told, " ")
    assert "DP-SGD" in refused.value.do_this
    require_kept(told, "all of it is public")


def test_a_strongly_penalised_linear_model_passes(desk: Any, shared_data: Path, tmp_path: Path) -> None:
    bench = bench_of(desk, shared_data, tmp_path, 1_334, tossed=False)
    told = audit_privacy(desk, bench, confirmed(desk, bench, MODEST))
    assert not told.leaks
    assert told.verdict.answer == "yes"
    assert told.epsilon < 0.5
    require_kept(told, "")
    assert "A better attack may find more" in told.verdict.reason


def test_the_same_seed_tells_the_same(desk: Any, shared_data: Path, tmp_path: Path) -> None:
    bench = bench_of(desk, shared_data, tmp_path, 400, tossed=False)
    study = confirmed(desk, bench, MODEST)
    told = audit_privacy(desk, bench, study)
    assert told == audit_privacy(desk, bench, study)
    assert (told.allowed, told.leaks) == (1.0, False)
    strict = audit_privacy(desk, bench, study, allowed=0.0)
    assert (strict.allowed, strict.epsilon) == (0.0, told.epsilon)


def test_of_too_few_rows_nothing_is_said(desk: Any, shared_data: Path, tmp_path: Path) -> None:
    bench = bench_of(desk, shared_data, tmp_path, 120, tossed=False)
    with pytest.raises(TooFewRowsError, match="at least 100 rows"):
        audit_privacy(desk, bench, confirmed(desk, bench, MODEST))
