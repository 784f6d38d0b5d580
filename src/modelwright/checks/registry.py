"""All checks, in the order of their codes, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from modelwright.checks import (
    change_over_time,
    class_imbalance,
    conflicting_labels,
    duplicate_rows,
    hidden_groups,
    idle_columns,
    later_dates,
    missing_values,
    mixed_units,
    near_duplicates,
    outliers,
    repeating_target,
    target_leak,
    unlike_test,
)
from modelwright.checks.inspection import Check, Inspection, NotApplicable
from modelwright.records import Finding

CHECKS: tuple[Check, ...] = (
    duplicate_rows,
    target_leak,
    missing_values,
    class_imbalance,
    idle_columns,
    near_duplicates,
    conflicting_labels,
    later_dates,
    hidden_groups,
    repeating_target,
    mixed_units,
    outliers,
    unlike_test,
    change_over_time,
)

GRAVITY = ("serious", "warning", "info")


def run_checks(
    inspection: Inspection, note: Callable[[Check, int], None] = lambda check, done: None
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Every check's findings, the gravest first, and the checks that did not apply, with why.

    Args:
        note: told each check before it looks, and how many have looked.
    """
    findings: list[Finding] = []
    not_applicable: list[str] = []
    for done, check in enumerate(CHECKS):
        note(check, done)
        outcome = check.look(inspection)
        if isinstance(outcome, NotApplicable):
            not_applicable.append(f"{check.CODE}: {outcome.reason}")
        else:
            findings += outcome
    return gravest_first(findings), tuple(not_applicable)


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Serious findings before warnings, and those before what is only worth knowing."""
    return tuple(sorted(findings, key=lambda found: GRAVITY.index(found.severity)))
