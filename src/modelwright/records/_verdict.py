"""Estimate, Finding and Verdict: a number with its interval, an observation with its evidence, an answer."""

from __future__ import annotations

from typing import Literal

from modelwright.records._blob import Blob
from modelwright.records._wire import record


def number_text(value: float) -> str:
    """A number for people: four significant digits, large ones with separators instead of an exponent.

    Example:
        >>> number_text(0.95314), number_text(48213.7)
        ('0.9531', '48,214')
    """
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


@record
class Estimate:
    """A number and the interval it is known to.

    Args:
        value: the point estimate.
        low, high: the interval's ends.
        level: its coverage, e.g. 0.95.
        method: how the interval was obtained, in words.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str

    def __str__(self) -> str:
        """``0.953 (95% interval 0.931 to 0.972)``."""
        low, high = number_text(self.low), number_text(self.high)
        return f"{number_text(self.value)} ({100 * self.level:.3g}% interval {low} to {high})"


@record
class Finding:
    """Something seen in the data that a person should know.

    Args:
        code: ``MWnnn``; its page is ``docs/findings/MWnnn.md``.
        evidence: facts in words, the strongest first.
        lines: line numbers in the file that show it, at most 20.
    """

    code: str
    title: str
    severity: Literal["info", "warning", "serious"]
    columns: tuple[str, ...] = ()
    message: str
    evidence: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    advice: str


@record
class Verdict:
    """A workflow question answered, with the evidence.

    Args:
        not_applicable: codes of checks that did not apply, each with the reason: ``"MW104: regression"``.
    """

    question: str
    answer: Literal["yes", "no", "unclear"]
    reason: str
    findings: tuple[Finding, ...] = ()
    not_applicable: tuple[str, ...] = ()


@record
class Representation:
    """Whether the rows are like the population, and what would make them so.

    Args:
        weights: float64 array (rows,), mean 1 over the rows learnt from, 0 in the test part; with them the
            columns at fault have the population's shares.
        effective_rows: unweighted rows that would know a mean as well.
        sample_rows: of the sample it was held against; 0 where shares were declared.
    """

    verdict: Verdict
    weights: Blob
    effective_rows: float
    sample_rows: int
