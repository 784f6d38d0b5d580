"""What does the model mean to those who will live with it? One report for all of them."""

from __future__ import annotations

from typing import Any

from modelwright.deploy.cards.model_card import model_card
from modelwright.deploy.deciding import weighed_of
from modelwright.deploy.lab_pictures import lab_figures
from modelwright.deploy.report.answer import answered, ended_early, sealed_outcome
from modelwright.deploy.report.blocks import Table
from modelwright.deploy.report.calibrated import calibrated
from modelwright.deploy.report.cannot import limits_of
from modelwright.deploy.report.data import data_facts
from modelwright.deploy.report.development import (
    choices_of,
    comparison_words,
    curve_figures,
    forest_figure,
    history_figure,
)
from modelwright.deploy.report.figures import interval_of, value_of
from modelwright.deploy.report.methods import method_lines, own_methods, provenance, seeds
from modelwright.deploy.report.mistakes import surprising_mistakes, wrongly_answered
from modelwright.deploy.report.optimised import optimised_figure, optimised_table
from modelwright.deploy.report.page import Section, render, within_size
from modelwright.deploy.report.sealed import Sealed, open_sealed
from modelwright.deploy.report.threshold import threshold_facts
from modelwright.deploy.report.weak import searched_words, weak_slices
from modelwright.deploy.report.wording import short
from modelwright.records import (
    Account,
    Bench,
    Blob,
    Card,
    Decision,
    Desk,
    Final,
    Growth,
    Hypothesis,
    Lab,
    Opening,
    Optimised,
    Profile,
    Study,
    Verdict,
    Weaknesses,
    step,
)
from modelwright.statistics.measures import BUILT_IN


@step(version=4)
def explain(
    desk: Desk,
    bench: Bench,
    findings: Verdict,
    baseline: Study,
    overfitted: Study | None = None,
    tuned: Study | None = None,
    confirmed: Study | None = None,
    lab: Lab | None = None,
    account: Account | None = None,
    learnable: Verdict | None = None,
    growth: Growth | None = None,
    profile: Profile | None = None,
    optimised: Optimised | None = None,
    decision: Decision | None = None,
    weaknesses: Weaknesses | None = None,
    *,
    hypotheses: tuple[Hypothesis, ...] = (),
    openings: tuple[Opening, ...] = (),
) -> Card:
    """Tell the whole workflow as one self-contained page.

    Args:
        findings: what the checks saw in the data.
        baseline, overfitted, tuned, confirmed: the studies made; those a workflow that ended early never
            made are None.
        lab: models of the user's own compared on this bench, where they were.
        account: of the looks at validation. learnable: whether anything was. growth: whether more data help.
        profile: what the rows look like. optimised: the forms the model can be shipped in.
        decision: what other thresholds would mean. weaknesses: where the model is weaker than elsewhere.
        hypotheses: how the task's hypotheses were judged; the task's own where none are given.
        openings: of the sealed test part, so far.

    Returns:
        A Card whose `report` is an HTML file of at most 2 MB that loads nothing.

    Raises:
        ExportError: the page would be larger than that.
    """
    final = confirmed.final if confirmed is not None else None
    facts = _development(desk, bench, baseline, overfitted, tuned, confirmed)
    facts |= _sealed(desk, bench, baseline, confirmed, findings, profile, weaknesses, openings)
    facts |= _acting(desk, bench, decision)
    facts |= _forms(optimised)
    facts |= _provenance(bench, findings, baseline, overfitted, tuned, confirmed)
    judged = hypotheses or bench.task.hypotheses
    page = render(
        sections=_sections(facts, overfitted, tuned, lab, judged, profile, optimised),
        lab=lab,
        lab_figures=lab_figures(desk.read, lab) if lab is not None else (),
        task=bench.task,
        features=bench.dataset.features,
        measure=bench.measure,
        protocol=bench.protocol,
        hypotheses=judged,
        final=final,
        openings=openings,
        account=account,
        learnable=learnable,
        growth=growth,
        **data_facts(desk, bench, findings, profile),
        **facts,
    )
    answer = facts["answer"]
    return Card(
        report=desk.keep(within_size(page), "bytes"),
        headline=answer.headline,
        facts=answer.facts,
        model_card=_model_card(desk, bench, final, facts | {"findings": findings}),
    )


def _model_card(desk: Desk, bench: Bench, final: Final | None, facts: dict[str, Any]) -> Blob | None:
    """The card of a confirmed model."""
    return None if final is None else desk.keep(model_card(bench, final, facts), "bytes")


def _sections(
    facts: dict[str, Any],
    overfitted: Study | None,
    tuned: Study | None,
    lab: Lab | None,
    hypotheses: tuple[Hypothesis, ...],
    profile: Profile | None,
    optimised: Optimised | None,
) -> list[Section]:
    confirmed = "outcome" in facts
    present = (
        ("answer", "The answer", True),
        ("acting", "When to act", "decide" in facts),
        ("believed", "Can it be believed?", facts.get("believed") is not None),
        ("weak", "Where it is weaker", "weak" in facts),
        ("mistakes", "Surprising mistakes", confirmed),
        ("cannot", "What it cannot do", confirmed),
        ("question", "The question", True),
        ("data", "The data", True),
        ("look", "What the rows look like", profile is not None),
        ("judged", "How it was judged", True),
        ("contenders", "Common sense against models", True),
        ("learning", "Learning and tuning", bool(overfitted or tuned)),
        ("lab", "Your models, side by side", lab is not None),
        ("sealed", "On the sealed test", confirmed),
        ("forms", "Smaller and faster forms", optimised is not None),
        ("hypotheses", "What the project bet on", bool(hypotheses)),
        ("methods", "How every number was obtained", True),
    )
    return [Section(name, title) for name, title, there in present if there]


def _development(
    desk: Desk,
    bench: Bench,
    baseline: Study,
    overfitted: Study | None,
    tuned: Study | None,
    confirmed: Study | None,
) -> dict[str, Any]:
    """Sections 5 and 6: the contenders, the curves, the search."""
    studies = [study for study in (baseline, overfitted, tuned, confirmed) if study is not None]
    sentences = [comparison_words(c, short(bench.measure.title)) for s in studies for c in s.comparisons]
    return {
        "baseline": baseline,
        "overfitted": overfitted,
        "tuned": tuned,
        "contenders": forest_figure(bench, baseline, tuned),
        "comparisons": list(dict.fromkeys(sentences)),
        "failures": [failure for study in studies for failure in study.failures],
        "curves": curve_figures(desk, overfitted) if overfitted else (),
        "searched": history_figure(bench, tuned) if tuned else (),
        "choices": choices_of(tuned.best) if tuned else (),
    }


def _sealed(
    desk: Desk,
    bench: Bench,
    baseline: Study,
    confirmed: Study | None,
    findings: Verdict,
    profile: Profile | None,
    weaknesses: Weaknesses | None,
    openings: tuple[Opening, ...],
) -> dict[str, Any]:
    """The answer, and what the sealed rows say: scores, calibration, weak slices, mistakes, limits."""
    final = confirmed.final if confirmed is not None else None
    if confirmed is None or final is None:
        return {"answer": ended_early(bench, baseline)}
    sealed = open_sealed(desk, bench, final)
    outcome = sealed_outcome(bench, final, sealed)
    believed = calibrated(bench, sealed) if bench.dataset.classes else None
    limits = limits_of(bench, final, sealed, findings, profile, weaknesses, believed, openings)
    return {
        "answer": answered(bench, baseline, confirmed, outcome),
        "outcome": outcome,
        "believed": believed,
        "mistakes": surprising_mistakes(bench, sealed, final.threshold),
        "wrong": wrongly_answered(bench, sealed, final.threshold),
        "limits": limits,
        "scores": _scores(final),
    } | _weak(bench, weaknesses, sealed, final)


def _weak(bench: Bench, weaknesses: Weaknesses | None, sealed: Sealed, final: Final) -> dict[str, Any]:
    """The slices on which it is weaker than elsewhere."""
    if weaknesses is None:
        return {}
    told = weak_slices(bench, weaknesses, sealed, final.threshold)
    return {"weak": told, "weak_searched": searched_words(weaknesses)}


def _acting(desk: Desk, bench: Bench, decision: Decision | None) -> dict[str, Any]:
    """What other thresholds would mean on a day."""
    if decision is None:
        return {}
    weighed = weighed_of(desk.read, decision)
    return {"decide": threshold_facts(bench.task.costs, bench.dataset.classes, decision, weighed)}


def _forms(optimised: Optimised | None) -> dict[str, Any]:
    """The forms the model can be shipped in, to choose from."""
    if optimised is None:
        return {}
    return {"forms_figure": optimised_figure(optimised), "forms_table": optimised_table(optimised)}


def _scores(final: Final) -> Table:
    rows = tuple(
        (short(BUILT_IN[name].title if name in BUILT_IN else name), value_of(score), interval_of(score))
        for name, score in final.all_scores.items()
    )
    return Table(
        title="Every measure, on the sealed rows",
        head=("Measure", "Score", "95% interval"),
        rows=rows,
    )


def _provenance(
    bench: Bench,
    findings: Verdict,
    baseline: Study,
    overfitted: Study | None,
    tuned: Study | None,
    confirmed: Study | None,
) -> dict[str, Any]:
    named = (("baseline", baseline), ("overfit", overfitted), ("tune", tuned), ("confirm", confirmed))
    studies = [study for _, study in named]
    return {
        "methods": method_lines(studies),
        "own_methods": own_methods(bench.task.kind) if confirmed is not None else (),
        "seeds": seeds(bench, studies),
        "provenance": provenance(bench, findings, named),
    }
