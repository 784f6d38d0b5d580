"""Is the data fit to learn from? (section 6.1.3)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.checks.inspection import Check, Inspection
from modelwright.checks.registry import CHECKS, run_checks
from modelwright.records import Dataset, Desk, Finding, Task, Verdict, step

Answer = Literal["yes", "no", "unclear"]
QUESTION = "Is the data fit to learn from?"


@step(version=5)
def understand(desk: Desk, task: Task, dataset: Dataset) -> Verdict:
    """Look at the data with every check and say what a person should know before learning.

    Returns:
        "yes" when nothing is grave, "unclear" when something is that a person must judge (a leak, say), "no"
        when there is nothing to learn from.
    """
    inspection = open_dataset(desk, task, dataset)

    def note(check: Check, done: int) -> None:
        desk.note(f"{check.CODE} {check.TITLE}", done=done, total=len(CHECKS))

    findings, not_applicable = run_checks(inspection, note)
    answer, reason = _judged(inspection, findings)
    return Verdict(
        question=QUESTION, answer=answer, reason=reason, findings=findings, not_applicable=not_applicable
    )


def open_dataset(desk: Desk, task: Task, dataset: Dataset, *, seed: int = 0) -> Inspection:
    """A dataset laid open for the checks."""
    test = np.zeros(dataset.rows, dtype=np.bool_)
    if dataset.test_rows is not None:
        rows: NDArray[np.int64] = desk.read(dataset.test_rows)
        test[rows] = True
    return Inspection(
        task=task,
        dataset=dataset,
        table=desk.read(dataset.table),
        lines=desk.read(dataset.lines),
        test=test,
        seed=seed,
    )


def _judged(inspection: Inspection, findings: Sequence[Finding]) -> tuple[Answer, str]:
    names = [column.name for column in inspection.features]
    if not names:
        return "no", "no column is left to learn from: all are ids, ignored or unreadable"
    if all(inspection.table[name].drop_nulls().n_unique() <= 1 for name in names):
        return "no", "every column has the same value in all rows: there is nothing to learn from"
    counts = Counter(finding.severity for finding in findings)
    if not findings:
        return "yes", "no check found anything"
    told = ", ".join(f"{counts[s]} {s}" for s in ("serious", "warning", "info") if counts[s])
    gravest = f"{findings[0].code}: {findings[0].message}"
    if counts["serious"]:
        return "unclear", f"findings: {told}; {gravest}"
    return "yes", f"nothing serious; findings: {told}; first {gravest}"
