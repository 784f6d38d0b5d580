"""The sealed test part is opened once, for one model, and the promise judged on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.develop.baseline import beat_baseline
from modelwright.develop.confirm import confirm
from modelwright.develop.evaluating import evaluate
from modelwright.engine.budget import budget
from modelwright.engine.model import load
from modelwright.errors import SealError
from modelwright.project import Project
from modelwright.records import Bench, Costs, Estimate, ExistingSolution, Recipe, Study, digest

WEAK = Recipe(family="linear", name="weak", choices={"penalty_strength": 50.0})
TREES = Recipe(family="trees", name="trees")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p") as opened:
        yield opened


class Judged:
    """A project with a bench and its baseline, ready to confirm one recipe after another."""

    def __init__(self, project: Project, laid: Any, seed: int = 0) -> None:
        self.project, self.laid = project, laid
        self.bench: Bench = project.run(laid.step, seed=seed)
        self.baseline: Study = project.run(beat_baseline, self.bench)

    def tuned(self, recipe: Recipe) -> Study:
        return self.laid.study(self.bench, self.project.run(evaluate, self.bench, recipe))

    def confirm(self, recipe: Recipe) -> Study:
        return self.project.run(confirm, self.bench, self.baseline, self.tuned(recipe))


def test_the_seal_is_opened_once_and_the_same_call_recalls(project: Project, laid: Any) -> None:
    judged = Judged(project, laid)
    first = judged.confirm(laid.linear)
    entries = len(project.history())
    assert digest(judged.confirm(laid.linear)) == digest(first)
    assert len(project.history()) == entries


def test_a_second_model_may_not_look(project: Project, laid: Any) -> None:
    judged = Judged(project, laid)
    first = judged.confirm(laid.linear)
    with pytest.raises(SealError) as error:
        judged.confirm(WEAK)
    assert all(error.value.parts().values())
    assert digest(judged.confirm(laid.linear)) == digest(first), "the refusal harmed nothing"


def test_the_seal_holds_when_the_project_is_opened_again(tmp_path: Path, laid: Any) -> None:
    with Project.create(tmp_path / "p") as project:
        Judged(project, laid).confirm(laid.linear)
    with Project.open(tmp_path / "p") as project, pytest.raises(SealError):
        Judged(project, laid).confirm(WEAK)


def test_another_table_has_a_seal_of_its_own(project: Project, laid: Any) -> None:
    Judged(project, laid, seed=0).confirm(laid.linear)
    assert Judged(project, laid, seed=1).confirm(laid.linear).final is not None


def test_the_final_model_is_trained_on_all_rows_but_the_sealed(project: Project, laid: Any) -> None:
    judged = Judged(project, laid)
    final = judged.confirm(laid.linear).final
    assert final is not None
    assert (final.rows, final.test_rows) == (laid.rows - laid.test_rows, laid.test_rows)
    assert project.read(final.predictions).shape == (laid.test_rows, 2)
    assert load(project.read(final.model)).trained.recipe.name == "linear"


def test_a_promise_of_what_the_data_cannot_give_is_called_broken(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    honest = evaluate(desk, bench, laid.linear)
    baseline = beat_baseline(desk, bench)
    kept = confirm(desk, bench, baseline, laid.study(bench, honest))
    assert kept.final is not None
    assert kept.final.kept_promise
    assert kept.verdict.answer == "yes"
    boast = type(honest)(
        recipe=honest.recipe,
        score=Estimate(value=0.01, low=0.005, high=0.02, method=""),
        predictions=honest.predictions,
    )
    broken = confirm(desk, bench, baseline, laid.study(bench, boast))
    assert broken.verdict.answer == "no"
    assert "WORSE than promised" in broken.verdict.reason


def test_the_final_training_is_not_cut_short_by_the_budget(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    tuned, baseline = laid.study(bench, evaluate(desk, bench, TREES)), beat_baseline(desk, bench)
    with budget(0):
        hurried = confirm(desk, bench, baseline, tuned)
    desk.done.clear()
    assert digest(hurried) == digest(confirm(desk, bench, baseline, tuned))


def test_trees_are_trained_to_the_length_that_validation_found_best(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table())
    run = evaluate(desk, bench, TREES)
    final = confirm(desk, bench, beat_baseline(desk, bench), laid.study(bench, run)).final
    assert final is not None
    assert final.recipe.choices == {"trees": run.best_epochs}


def test_the_threshold_follows_the_costs_that_a_person_states(desk: Any, laid: Any) -> None:
    thresholds = []
    for false_negative in (0.1, 1.0, 10.0):
        costs = Costs(false_positive=1.0, false_negative=false_negative, stated=True)
        bench = laid.bench(desk, laid.table(), costs=costs)
        tuned = laid.study(bench, evaluate(desk, bench, laid.linear))
        final = confirm(desk, bench, beat_baseline(desk, bench), tuned).final
        assert final is not None
        assert final.threshold is not None
        assert f"a false negative {false_negative:g}:" in final.threshold_reason
        thresholds.append(final.threshold)
    assert thresholds[0] > thresholds[1] > thresholds[2]


def test_the_threshold_is_chosen_without_the_sealed_rows(desk: Any, laid: Any) -> None:
    table = laid.table()
    flipped = table.with_columns(
        label=np.where(
            np.arange(laid.rows) < laid.rows - laid.test_rows,
            table["label"].to_numpy(),
            np.where(table["label"].to_numpy() == "yes", "no", "yes"),
        )
    )
    finals = []
    for rows in (table, flipped):
        bench = laid.bench(desk, rows)
        tuned = laid.study(bench, evaluate(desk, bench, laid.linear))
        finals.append(confirm(desk, bench, beat_baseline(desk, bench), tuned).final)
    assert finals[0].threshold == finals[1].threshold
    assert finals[0].model == finals[1].model
    assert finals[0].test_score.value < finals[1].test_score.value, "log loss against swapped answers"


def test_numbers_have_no_threshold_and_every_measure_of_theirs(desk: Any, laid: Any) -> None:
    bench = laid.bench(desk, laid.table(), target="price", measure="rmse")
    tuned = laid.study(bench, evaluate(desk, bench, laid.linear))
    final = confirm(desk, bench, beat_baseline(desk, bench), tuned).final
    assert final is not None
    assert final.threshold is None
    assert {"rmse", "mae", "r2"} <= set(final.all_scores)
    assert final.all_scores["rmse"].value == pytest.approx(final.test_score.value)
    assert final.baseline_score.value > final.test_score.value


@pytest.mark.parametrize("kind", ["column", "function"])
def test_todays_solution_answers_the_sealed_rows_too(desk: Any, laid: Any, kind: Any) -> None:
    code = "def answer(row):\n    return 'yes' if row['size'] > 53 else 'no'\n" if kind == "function" else ""
    existing = ExistingSolution(kind=kind, name="rules.py:answer" if code else "rule")
    bench = laid.bench(desk, laid.table(), existing=existing)
    baseline = beat_baseline(desk, bench, existing_code=code)
    confirmed = confirm(desk, bench, baseline, laid.study(bench, evaluate(desk, bench, laid.linear)))
    assert confirmed.final is not None
    assert confirmed.final.todays is not None
    rules = laid.table()["rule"].to_numpy()[desk.read(bench.protocol.test)]
    assert (desk.read(confirmed.final.todays)[:, 1] == 1).tolist() == (rules == "yes").tolist()


def test_where_there_is_no_solution_today_none_is_made_up(project: Project, laid: Any) -> None:
    final = Judged(project, laid).confirm(laid.linear).final
    assert final is not None
    assert final.todays is None
