"""Every record that a step comes to has its line, and an outcome its JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright import records
from modelwright.cli.telling import outcome_as_json, tell_outcome
from modelwright.records import (
    Account,
    Blob,
    Card,
    Comparison,
    Dataset,
    Estimate,
    Finding,
    Ingest,
    Measure,
    Plan,
    Protocol,
    Recipe,
    Run,
    Snapshot,
    Study,
    Task,
    Verdict,
    summary,
)
from modelwright.workflow import Outcome

BLOB = Blob(digest="0" * 64, kind="array", size_bytes=1)
SCORE = Estimate(value=0.9, low=0.85, high=0.94, method="")
FINDING = Finding(code="MW101", title="Twice", severity="warning", message="rows twice", advice="look")
VERDICT = Verdict(question="Any good?", answer="no", reason="rows twice", findings=(FINDING, FINDING))
TASK = Task(
    question="What is label?",
    source="rows.csv",
    targets=("label",),
    kind="vector_regression",
    kind_reason="two numbers",
)


def run(name: str) -> Run:
    return Run(recipe=Recipe(family="linear", name=name, code="secret"), score=SCORE, predictions=BLOB)


def study(name: str) -> Study:
    return Study(question="", bench="", runs=(run(name),), chosen=0, verdict=VERDICT)


def outcome() -> Outcome:
    ingest = Ingest(format="csv", encoding="latin-1", dialect="delimiter ';'", rows_in=3, rows_kept=3)
    dataset = Dataset(rows=3, columns=(), table=BLOB, lines=BLOB, ingest=ingest)
    measure = Measure(name="r2", title="R²", goal="maximise", reads="value", reason="numbers")
    protocol = Protocol(
        kind="holdout",
        folds=1,
        repeats=1,
        seed=0,
        test=BLOB,
        splits=BLOB,
        units=BLOB,
        rows=2,
        test_rows=1,
        reason="few",
        test_reason="a quarter",
    )
    return Outcome(
        folder=Path("p"),
        task=TASK,
        dataset=dataset,
        findings=VERDICT,
        bench=records.Bench(
            task=TASK, dataset=dataset, measure=measure, plan=Plan(columns=()), protocol=protocol
        ),
        baseline=study("mean"),
        overfitted=study("network"),
        tuned=study("trees"),
        account=Account(bench="", looks=7, candidates=5, raw=SCORE, corrected=SCORE),
        learnable=VERDICT,
        growth=None,
        confirmed=None,
        hypotheses=(),
        card=Card(report=BLOB, headline="<No> model", facts=("a & b",)),
        release=None,
        report_path=Path("p/report.html"),
        release_path=None,
    )


def test_a_snapshot_says_how_it_was_read_and_what_was_lost() -> None:
    ingest = Ingest(
        format="csv", encoding="latin-1", dialect="delimiter ';'", rows_in=5, rows_kept=3, rows_quarantined=2
    )
    value = Snapshot(name="rows.csv", rows=3, names=("a", "b"), table=BLOB, lines=BLOB, ingest=ingest)
    assert summary(value) == "3 rows x 2 columns of csv, latin-1, delimiter ';', 2 quarantined"


def test_a_verdict_names_each_finding_once() -> None:
    assert summary(VERDICT) == "no: rows twice [MW101]"


def test_a_task_is_told_in_words() -> None:
    assert summary(TASK) == "vector regression of label: two numbers"


def test_a_record_without_words_of_its_own_is_told_by_its_kind() -> None:
    comparison = Comparison(challenger="a", champion="b", difference=SCORE, better=True)
    assert summary(comparison) == "Comparison"


@pytest.mark.parametrize("part", ["dataset", "findings", "tuned", "account", "card", "task"])
def test_every_part_of_an_outcome_is_one_line(part: str) -> None:
    line = summary(getattr(outcome(), part))
    assert line
    assert "\n" not in line


def test_an_outcome_without_a_model_says_that_the_seal_is_unbroken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_outcome(outcome())
    said = capsys.readouterr().out
    assert "not opened" in said
    assert "release" not in said
    assert "serve" not in said


def test_an_outcome_says_how_its_model_gets_where_the_task_wants_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = replace(outcome(), release_path=Path("p/release"))
    tell_outcome(made)
    assert "modelwright ship" not in capsys.readouterr().out
    wanted = replace(TASK, constraints=records.Constraints(runs_on=("browser",)))
    tell_outcome(replace(made, task=wanted))
    assert "modelwright ship p" in capsys.readouterr().out


def test_a_certificate_says_how_far_and_where_nothing_was_proved() -> None:
    server = records.Answerer(
        target="server",
        release="spam-1",
        form="float",
        program="p",
        model="m",
        max_difference=3e-8,
        disagreements=0,
        unanswered=0,
    )
    made = records.Certificate(
        release="r", rows=1_000, limit=1e-5, answerers=(server,), unproved={"browser": "none here"}
    )
    said = summary(made)
    assert said.startswith("1,000 rows answered as by the trained model")
    assert "server 3.0e-08, browser NOT PROVED" in said


def test_the_forms_looked_at_are_told_in_a_line() -> None:
    nothing = records.Estimate(value=0.0, low=0.0, high=0.0, method="said")
    blob = records.Blob(digest="0" * 64, kind="bytes", size_bytes=1)
    variant = records.Variant(
        name="float", graph=blob, model=blob, size_bytes=1, gzip_bytes=1, integers=False, sparsity=0.0,
        drop=nothing, file_drop=0.0, largest_difference=0.0, scaled_anew=False, companions=0.0,
    )  # fmt: skip
    option = records.Option(
        variant=variant,
        timing=records.Timing(milliseconds=1.0, ratio=nothing),
        accurate=True,
        faster=False,
        steady=True,
        fits=True,
        reason="as trained",
    )
    found = records.Optimised(
        options=(option,), chosen=0, rows=0, relative=False, target="server", max_drop=0.005, machine="here"
    )
    assert summary(found) == "1 form for the server; float is taken: as trained"


def test_an_outcome_as_json_is_valid_and_keeps_a_persons_code_out() -> None:
    def no_constant(text: str) -> Any:
        raise AssertionError(text)

    text = outcome_as_json(outcome())
    value = json.loads(text, parse_constant=no_constant)
    assert "secret" not in text
    assert value["model"]["recipe"]["name"] == "trees"
    assert value["sealed_test"] is None
    assert value["release"] is None
    assert value["scores"] == {}


def test_an_outcome_in_a_notebook_is_escaped() -> None:
    html = outcome()._repr_html_()
    assert "&lt;No&gt; model" in html
    assert "a &amp; b" in html
