"""Card and Release: a model told to its stakeholders, and made fit for the outside world."""

from __future__ import annotations

from modelwright.records._blob import Blob
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
