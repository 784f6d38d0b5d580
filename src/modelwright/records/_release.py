"""Card and Release: a model told to its stakeholders, and made fit for the outside world."""

from __future__ import annotations

from modelwright.records._blob import Blob
from modelwright.records._verdict import Estimate, Verdict
from modelwright.records._wire import record


@record
class Card:
    """The report for stakeholders.

    Args:
        report: the bytes of ``report.html``.
        headline: the result in one sentence.
        facts: the figures behind it, in words (errors per day, cost).
    """

    report: Blob
    headline: str
    facts: tuple[str, ...] = ()


@record
class Leakage:
    """What a model made by a recipe tells of the rows it was trained on.

    Args:
        rows: whose membership was guessed, half of them trained on. references: models that calibrated the
            guesses.
        area: ROC AUC of the guesses; 0.5 tells nothing. found: members found where one in a hundred others is
            taken for one; 0.01 tells nothing.
        epsilon: privacy was lost by at least so much, with 95% confidence: right guesses among the `guessed`
            surest ones are `right`. allowed: the most that the task allows.
    """

    rows: int
    references: int
    area: Estimate
    found: Estimate
    guessed: int
    right: int
    epsilon: float
    allowed: float
    verdict: Verdict

    @property
    def leaks(self) -> bool:
        """Whether more was shown to leak than is allowed."""
        return self.epsilon > self.allowed


@record
class Release:
    """A confirmed model that answers raw rows alone.

    Args:
        name: a version label from the content, e.g. ``spam-3fa9c1d2``.
        files: the release folder, file name -> content.
        parity_rows: rows compared. parity_max_difference: the largest difference, in probability or
            in standard deviations of the target.
    """

    name: str
    files: dict[str, Blob]
    parity_rows: int
    parity_max_difference: float
    size_bytes: int
