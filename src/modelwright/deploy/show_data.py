"""What do the data look like? A page to look at before anything is learnt (section 6.1.3)."""

from __future__ import annotations

from modelwright.deploy.report.data import data_facts
from modelwright.deploy.report.page import Section, render, within_size
from modelwright.records import Bench, Card, Desk, Profile, Verdict, step

SECTIONS = [
    Section("title", "The question"),
    Section("look", "What the rows look like"),
    Section("data", "Columns and findings"),
]


@step(version=1)
def show_data(desk: Desk, bench: Bench, findings: Verdict, profile: Profile) -> Card:
    """Columns, time, places and rows as one self-contained page; sealed rows are not on it.

    Raises:
        ExportError: the page would be larger than 2 MB.
    """
    facts = data_facts(desk, bench, findings, profile)
    page = render(sections=SECTIONS, task=bench.task, **facts)
    return Card(report=desk.keep(within_size(page), "bytes"), headline=findings.reason)
