"""What did a run of the whole workflow come to?"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from modelwright.records import (
    Account,
    Bench,
    Card,
    Dataset,
    Growth,
    Hypothesis,
    Release,
    Study,
    Task,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Every record of a run, and where its files lie.

    Args:
        account: of every look at validation, and what the best score is worth after them.
        learnable: whether any model answers better than chance. growth: whether more data would help; None
            where no candidate beats common sense.
        confirmed, release, release_path: None where no candidate beats common sense: the test part then
            stays sealed and nothing is shipped.
    """

    folder: Path
    task: Task
    dataset: Dataset
    findings: Verdict
    bench: Bench
    baseline: Study
    overfitted: Study
    tuned: Study
    account: Account
    learnable: Verdict
    growth: Growth | None
    confirmed: Study | None
    hypotheses: tuple[Hypothesis, ...]
    card: Card
    release: Release | None
    report_path: Path
    release_path: Path | None

    def _repr_html_(self) -> str:
        facts = "".join(f"<li>{escape(fact)}</li>" for fact in self.card.facts)
        where = escape(str(self.report_path))
        return f"<p><b>{escape(self.card.headline)}</b></p><ul>{facts}</ul><p>report: {where}</p>"
