"""What does the model mean to those who will live with it? One report for all of them."""

from __future__ import annotations

from typing import Any

from modelwright.deploy.lab_pictures import lab_figures
from modelwright.deploy.report.answer import answered, ended_early, sealed_outcome
from modelwright.deploy.report.blocks import Table
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
from modelwright.deploy.report.mistakes import surprising_mistakes
from modelwright.deploy.report.optimised import optimised_figure, optimised_table
from modelwright.deploy.report.page import Section, render, within_size
from modelwright.deploy.report.sealed import open_sealed
from modelwright.deploy.report.wording import short
from modelwright.records import (
    Account,
    Bench,
    Card,
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
    step,
)
from modelwright.statistics.measures import BUILT_IN


@step(version=3)
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
        hypotheses: how the task's hypotheses were judged; the task's own where none are given.
        openings: of the sealed test part, so far.

    Returns:
        A Card whose `report` is an HTML file of at most 2 MB that loads nothing.

    Raises:
        ExportError: the page would be larger than that.
    """
    final = confirmed.final if confirmed is not None else None
    facts = _development(desk, bench, baseline, overfitted, tuned, confirmed)
    facts |= _sealed(desk, bench, baseline, confirmed, final)
    facts |= _forms(optimised)
    facts |= _provenance(bench, findings, baseline, overfitted, tuned, confirmed)
    judged = hypotheses or bench.task.hypotheses
    page = render(
        sections=_sections(final, overfitted, tuned, lab, judged, profile, optimised),
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
    return Card(report=desk.keep(within_size(page), "bytes"), headline=answer.headline, facts=answer.facts)


def _sections(
    final: Final | None,
    overfitted: Study | None,
    tuned: Study | None,
    lab: Lab | None,
    hypotheses: tuple[Hypothesis, ...],
    profile: Profile | None,
    optimised: Optimised | None,
) -> list[Section]:
    present = (
        ("answer", "The answer", True),
        ("question", "The question", True),
        ("data", "The data", True),
        ("look", "What the rows look like", profile is not None),
        ("judged", "How it was judged", True),
        ("contenders", "Common sense against models", True),
        ("learning", "Learning and tuning", bool(overfitted or tuned)),
        ("lab", "Your models, side by side", lab is not None),
        ("sealed", "On the sealed test", final is not None),
        ("mistakes", "Surprising mistakes", final is not None),
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
    desk: Desk, bench: Bench, baseline: Study, confirmed: Study | None, final: Final | None
) -> dict[str, Any]:
    """The answer, and sections 7 and 8: the sealed rows and the mistakes among them."""
    if confirmed is None or final is None:
        return {"answer": ended_early(bench, baseline)}
    sealed = open_sealed(desk, bench, final)
    outcome = sealed_outcome(bench, final, sealed)
    return {
        "answer": answered(bench, baseline, confirmed, outcome),
        "outcome": outcome,
        "mistakes": surprising_mistakes(bench, sealed, final.threshold),
        "scores": _scores(final),
    }


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
