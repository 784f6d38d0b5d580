"""All checks, in the order of their codes, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

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
from modelwright.checks.inspection import Check, Inspection, NotApplicable, Outcome
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

CHECKS_AT_ONCE = 2
"""Most of a check's time is polars' and NumPy's, which let go of Python's lock; memory is needed for each."""

GRAVITY = ("serious", "warning", "info")


def run_checks(
    inspection: Inspection, note: Callable[[Check, int], None] = lambda check, done: None
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Every check's findings, the gravest first, and the checks that did not apply, with why.

    Args:
        note: told each check whose outcome is waited for, and how many are done.
    """
    findings: list[Finding] = []
    not_applicable: list[str] = []
    for check, outcome in _looked(inspection, note):
        if isinstance(outcome, NotApplicable):
            not_applicable.append(f"{check.CODE}: {outcome.reason}")
        else:
            findings += outcome
    return gravest_first(findings), tuple(not_applicable)


def _looked(inspection: Inspection, note: Callable[[Check, int], None]) -> Iterator[tuple[Check, Outcome]]:
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        coming = [pool.submit(check.look, inspection) for check in CHECKS]
        try:
            for done, (check, outcome) in enumerate(zip(CHECKS, coming, strict=True)):
                note(check, done)
                yield check, outcome.result()
        finally:  # Ctrl-C, or a check that failed: those not begun are not
            pool.shutdown(wait=False, cancel_futures=True)


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Serious findings before warnings, and those before what is only worth knowing."""
    return tuple(sorted(findings, key=lambda found: GRAVITY.index(found.severity)))
