"""What is told of the data: columns, findings, how the file was read, and what the rows look like."""

from __future__ import annotations

from typing import Any

from modelwright.deploy.report.earth import map_figure
from modelwright.deploy.report.looking import cards, missing_table, timeline_figures
from modelwright.records import Bench, Desk, Ingest, Profile, Verdict


def data_facts(desk: Desk, bench: Bench, findings: Verdict, profile: Profile | None) -> dict[str, Any]:
    """All that the sections on the data show."""
    facts = {
        "dataset": bench.dataset,
        "findings": findings,
        "sensitive": bench.task.constraints.sensitive,
        "ingests": _ingests(bench),
        "profile": profile,
    }
    return facts if profile is None else facts | _looks(desk, bench, profile)


def _looks(desk: Desk, bench: Bench, profile: Profile) -> dict[str, Any]:
    """Columns, time, places; where data are sensitive, nothing that shows a value of words or a place."""
    sensitive = bench.task.constraints.sensitive
    classes, target = bench.dataset.classes, bench.task.targets[0]
    shown = () if sensitive else profile.places
    return {
        "cards": cards(profile, sensitive=sensitive),
        "timelines": timeline_figures(profile),
        "missing_together": missing_table(profile),
        "maps": [map_figure(one, desk.read(one.points), classes=classes, target=target) for one in shown],
    }


def _ingests(bench: Bench) -> list[tuple[str, Ingest]]:
    dataset = bench.dataset
    extra = [("The test file", dataset.test_ingest)] if dataset.test_ingest else []
    return [("The data file", dataset.ingest), *extra]
