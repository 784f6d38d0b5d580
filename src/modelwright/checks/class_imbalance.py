"""MW104: is a class so rare that accuracy says little, or missing where the model learns?"""

from __future__ import annotations

import polars

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, share
from modelwright.records import Finding
from modelwright.statistics.intervals import wilson_of_counts

CODE: str = "MW104"
TITLE: str = "Class imbalance"

WARNING_RATIO = 0.25
"""Rarest to most frequent class: below 1 to 4 (a minority of 20%) imbalance is "moderate" in Google's
data preparation course, and always answering the most frequent class is right four times in five."""

SERIOUS_RATIO = 1 / 99
"""A minority of 1%: "extreme" in the same course."""

MIN_CLASS_ROWS = 10
"""Fewer rows cannot be in the training, validation and test part of five folds at once."""

MAX_SHOWN = 5


def look(inspection: Inspection) -> Outcome:
    """How rows are spread over the classes, outside the declared test part."""
    if inspection.task.kind not in ("binary", "multiclass"):
        return NotApplicable("the target is a number")
    target = inspection.task.targets[0]
    counts = _counts(inspection.known[target])
    unseen = sorted(set(_counts(inspection.table[target])) - set(counts))
    findings = [_unseen(inspection, target, unseen)] if unseen else []
    if _uneven(counts):
        findings.append(_imbalance(inspection, target, counts))
    return tuple(findings)


def _counts(answers: polars.Series) -> dict[str, int]:
    """Rows of each class, the rarest first."""
    counted = answers.cast(polars.String).drop_nulls().value_counts(name="rows")
    pairs: list[tuple[str, int]] = list(counted.iter_rows())
    return dict(sorted(pairs, key=lambda pair: (pair[1], pair[0])))


def _uneven(counts: dict[str, int]) -> bool:
    rows = list(counts.values())
    return len(rows) > 1 and (rows[0] < WARNING_RATIO * rows[-1] or rows[0] < MIN_CLASS_ROWS)


def _imbalance(inspection: Inspection, target: str, counts: dict[str, int]) -> Finding:
    rarest, most_frequent = next(iter(counts)), next(reversed(counts))
    rows, total = counts[rarest], sum(counts.values())
    low, high = wilson_of_counts(rows, total)
    serious = rows <= SERIOUS_RATIO * counts[most_frequent] or rows < MIN_CLASS_ROWS
    rare = [name for name, count in counts.items() if count < MIN_CLASS_ROWS]
    evidence = [
        f"{rarest!r}: {share(rows, total)} rows, 95% interval {percent(low)} to {percent(high)}",
        f"always answering {most_frequent!r} is right in {percent(counts[most_frequent] / total)} of rows",
    ]
    if rare:
        evidence.append(f"{len(rare)} classes have fewer than {MIN_CLASS_ROWS} rows: {_listed(rare)}")
    return Finding(
        code=CODE,
        title=TITLE,
        severity="serious" if serious else "warning",
        columns=(target,),
        message=f"{rarest!r} is rare: {share(rows, total)} rows",
        evidence=tuple(evidence),
        lines=inspection.lines_of((inspection.table[target].cast(polars.String) == rarest).fill_null(False)),
        advice="Do not judge by accuracy: the measure chosen looks at the rare class (or choose one with "
        "--measure). State what a miss and a false alarm cost under [costs] in task.toml, and collect more "
        f"rows of {rarest!r} where you can.",
    )


def _unseen(inspection: Inspection, target: str, unseen: list[str]) -> Finding:
    rows = inspection.table[target].cast(polars.String).is_in(unseen).fill_null(False)
    return Finding(
        code=CODE,
        title="Class only in the test part",
        severity="serious",
        columns=(target,),
        message=f"The model never sees {_listed(unseen)}, and is tested on it",
        evidence=(f"{share(int(rows.sum()), int(inspection.test.sum()))} test rows are of it",),
        lines=inspection.lines_of(rows),
        advice="Move some of these rows into the data learnt from, or take them out of the test part.",
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(repr(name) for name in names[:MAX_SHOWN]) + more
