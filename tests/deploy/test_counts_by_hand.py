"""What stakeholders are told agrees with counting the stored answers by hand, on real data."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.deploy.deciding import weigh_thresholds, weighed_of
from modelwright.deploy.explain import explain
from modelwright.develop.baseline import beat_baseline
from modelwright.develop.confirm import confirm
from modelwright.project import Project
from modelwright.records import Costs, Study, Verdict, step
from modelwright.workflow import Wishes, define_task
from modelwright.workflow.chapter import prepare_bench, understand_data

pytestmark = pytest.mark.slow

SETS = {
    "titanic": ("titanic/titanic_kaggle_train.csv.gz", "Survived", "1"),
    "insurance": ("vehicle_insurance_fraud/fraud_oracle.csv.gz", "FraudFound_P", "1"),
    "messages": ("sms_spam/sms_spam.csv.gz", "label", "spam"),
}
COSTS = Costs(unit="euros", false_positive=2, false_negative=30, stated=True)
A_DAY = 5_000.0
NOTHING = Verdict(question="Anything to know?", answer="no", reason="not looked at here")


@step(version=1)
def linear_of(desk: Any, baseline: Study) -> Study:
    """The linear model of the baseline, as if a search had chosen it."""
    del desk
    chosen = next(place for place, run in enumerate(baseline.runs) if run.recipe.family == "linear")
    return replace(baseline, runs=(baseline.runs[chosen],), chosen=0, comparisons=())


@pytest.mark.parametrize("name", list(SETS))
def test_counts_cost_and_headline_are_those_of_a_hand(name: str, shared_data: Path, tmp_path: Path) -> None:
    file, target, positive = SETS[name]
    path = tmp_path / f"{name}.csv"
    path.write_bytes(gzip.decompress((shared_data / file).read_bytes()))
    with Project.create(tmp_path / name) as project:
        task, snap = define_task(project, path, Wishes(predict=(target,), positive=positive))
        task = replace(task, costs=COSTS, volume_per_day=A_DAY)
        dataset, _ = understand_data(project, task, snap)
        bench = prepare_bench(project, task, dataset, 0)
        baseline = project.run(beat_baseline, bench)
        tuned = project.run(linear_of, baseline)
        confirmed = project.run(confirm, bench, baseline, tuned)
        decision = project.run(weigh_thresholds, bench, tuned, confirmed)
        beside = (None, None, None, None, None, None, decision, None)
        card = project.run(explain, bench, NOTHING, baseline, None, tuned, confirmed, *beside)
        truth = (project.read(dataset.table)[target].cast(polars.String) == positive).to_numpy()
        answers = project.read(tuned.best.predictions)
        sealed, test = project.read(confirmed.final.predictions), project.read(bench.protocol.test)
        weighed = weighed_of(project.read, decision)
        page = project.read(card.report).decode()
    known = [row for row in range(len(truth)) if any(np.isfinite(answers[row, :, 1]))]
    assert not set(known) & set(test.tolist())
    said = {row: float(np.nanmean(answers[row, :, 1])) for row in known}
    shown = json.loads(re.findall(r'id="decision">(.*?)</script>', page, re.DOTALL)[0])
    for at in (
        0,
        weighed.cheapest,
        weighed.chosen,
        len(weighed.thresholds) // 3,
        len(weighed.thresholds) - 1,
    ):
        threshold = weighed.thresholds[at]
        alarms = sum(said[row] >= threshold and not truth[row] for row in known)
        missed = sum(said[row] < threshold and bool(truth[row]) for row in known)
        found = sum(bool(truth[row]) for row in known) - missed
        by_hand = [len(known) - alarms - missed - found, alarms, missed, found]
        assert weighed.counts[at].tolist() == by_hand == shown["counts"][at]
        assert weighed.alarms[at, 0] == pytest.approx(A_DAY * alarms / len(known))
        assert weighed.cost(COSTS)[at, 0] == pytest.approx(A_DAY / len(known) * (2 * alarms + 30 * missed))
    threshold = confirmed.final.threshold
    hits = sum(bool(truth[row]) and sealed[at, 1] >= threshold for at, row in enumerate(test.tolist()))
    alarms = sum(not truth[row] and sealed[at, 1] >= threshold for at, row in enumerate(test.tolist()))
    assert f"Of {len(test):,} cases, {int(truth[test].sum()):,} are" in card.headline
    assert f"the model finds {hits:,} of them" in card.headline
    told = float(re.findall(r": ([\d.,]+) \(95%", card.facts[0])[0].replace(",", ""))
    assert told == pytest.approx(A_DAY * alarms / len(test), rel=0.02, abs=0.6)
