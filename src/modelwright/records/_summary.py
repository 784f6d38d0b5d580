"""Records in words, one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelwright.records._verdict import number_text


def summary(value: Any) -> str:
    """A record in one line."""
    describe = _SUMMARIES.get(type(value).__name__)
    return describe(value) if describe else type(value).__name__


def _snapshot(value: Any) -> str:
    ingest = value.ingest
    how = f", {ingest.encoding}, {ingest.dialect}" if ingest.encoding else ""
    lost = f", {ingest.rows_quarantined:,} quarantined" if ingest.rows_quarantined else ""
    return f"{value.rows:,} rows x {len(value.names)} columns of {ingest.format}{how}{lost}"


def _task(value: Any) -> str:
    return f"{value.kind.replace('_', ' ')} of {', '.join(value.targets)}: {value.kind_reason}"


def _dataset(value: Any) -> str:
    roles: dict[str, int] = {}
    for column in value.columns:
        roles[column.role] = roles.get(column.role, 0) + 1
    return f"{value.rows:,} rows; " + ", ".join(f"{count} {role}" for role, count in roles.items())


def _seal(value: Any) -> str:
    beside = f"in the project {value.project} beside"
    if value.unread:
        return f"what was sealed {beside} is not known: it cannot be read ({value.unread})"
    return f"{value.rows:,} rows were sealed {beside}"


def _verdict(value: Any) -> str:
    codes = ", ".join(sorted({finding.code for finding in value.findings}))
    return f"{value.answer}: {value.reason}" + (f" [{codes}]" if codes else "")


def _study(value: Any) -> str:
    if value.final is not None:
        return value.final.promise
    return f"{value.verdict.answer}: {value.verdict.reason}"


def _account(value: Any) -> str:
    said = f"{value.looks} looks at validation"
    if value.candidates < 2:
        return said
    raw = number_text(value.raw.value)
    told = "" if raw == number_text(value.corrected.value) else f", not {raw}"
    return f"{said}; the best of {value.candidates} is worth {value.corrected}{told}"


def _profile(value: Any) -> str:
    alone = [column for column in value.columns if column.alone is not None]
    said = f"{value.rows:,} rows, {len(value.columns)} columns"
    if not alone:
        return said
    most = max(alone, key=lambda column: abs(column.alone.value - value.chance))
    return f"{said}; alone {most.name} answers most: {value.alone} {most.alone}"


def _certificate(value: Any) -> str:
    told = [f"{one.target} {one.max_difference:.1e}" for one in value.answerers]
    told += [f"{target} NOT PROVED" for target in value.unproved]
    return f"{value.rows:,} rows answered as by the trained model; largest difference: {', '.join(told)}"


def _weaknesses(value: Any) -> str:
    found = f"{len(value.found)} of {value.candidates} that stood out were confirmed"
    return f"{value.searched:,} slices looked through; {found}"


def _optimised(value: Any) -> str:
    looked_at = f"{len(value.options)} form{'' if len(value.options) == 1 else 's'} for the {value.target}"
    return f"{looked_at}; {value.best.variant.name} is taken: {value.best.reason}"


_SUMMARIES: dict[str, Callable[[Any], str]] = {
    "Snapshot": _snapshot,
    "Task": _task,
    "Dataset": _dataset,
    "Verdict": _verdict,
    "Measure": lambda value: f"{value.title}: {value.reason}",
    "Seal": _seal,
    "Protocol": lambda value: f"{value.reason}; {value.test_reason}",
    "Plan": lambda value: f"{len(value.columns)} columns prepared, fitted inside each fold",
    "Study": _study,
    "Account": _account,
    "Profile": _profile,
    "Growth": lambda value: f"{value.verdict.answer}: {value.verdict.reason}",
    "Card": lambda value: value.headline,
    "DataCard": lambda value: f"not known: {', '.join(value.unknown)}" if value.unknown else "complete",
    "Decision": lambda value: f"{value.rows:,} rows weighed at every threshold",
    "Weaknesses": _weaknesses,
    "Site": lambda value: f"{value.name}: {value.size_bytes / 1e6:.2f} MB, {len(value.files)} files",
    "Leakage": lambda value: f"{value.verdict.answer}: {value.verdict.reason}",
    "Certificate": _certificate,
    "Optimised": _optimised,
    "Device": lambda value: f"{value.name}: {value.size_bytes / 1e6:.2f} MB, {len(value.files)} files",
    "Release": lambda value: (
        f"{value.name}: {value.size_bytes / 1e6:.2f} MB, {value.parity_rows:,} rows answered alike "
        f"(largest difference {value.parity_max_difference:.1e})"
    ),
}
