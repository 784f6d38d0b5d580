"""Records in words: one line each for progress, and the whole outcome at the end of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from modelwright.workflow import Outcome


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
    from modelwright.records import number_text

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
    "Site": lambda value: f"{value.name}: {value.size_bytes / 1e6:.2f} MB, {len(value.files)} files",
    "Leakage": lambda value: f"{value.verdict.answer}: {value.verdict.reason}",
    "Certificate": _certificate,
    "Optimised": _optimised,
    "Release": lambda value: (
        f"{value.name}: {value.size_bytes / 1e6:.2f} MB, {value.parity_rows:,} rows answered alike "
        f"(largest difference {value.parity_max_difference:.1e})"
    ),
}


def tell_outcome(outcome: Outcome) -> None:
    """Print what a run came to, for a person."""
    bold = click.style
    click.echo()
    click.echo(bold(outcome.card.headline, bold=True))
    for name, text in _outcome_lines(outcome):
        click.echo(f"  {name:12s} {text}")


def _outcome_lines(outcome: Outcome) -> list[tuple[str, str]]:
    title = outcome.bench.measure.title
    best, bar = outcome.tuned.best, outcome.baseline.best
    lines = [
        ("task", summary(outcome.task)),
        ("findings", summary(outcome.findings)),
        ("baseline", f"{bar.recipe.name}: {title} {bar.score}"),
        ("model", f"{best.recipe.name}: {title} {best.score} in validation"),
        *_account_lines(outcome.account, title),
    ]
    if outcome.learnable.answer != "yes":
        lines.append(("learnable", f"{outcome.learnable.answer}: {outcome.learnable.reason}"))
    if outcome.growth is not None:
        lines.append(("more data", outcome.growth.verdict.reason))
    if outcome.confirmed is not None and outcome.confirmed.final is not None:
        lines.append(("sealed test", f"{title} {outcome.confirmed.final.test_score}"))
    else:
        lines.append(("sealed test", "not opened: no candidate beats common sense"))
    lines.append(("report", str(outcome.report_path)))
    if outcome.release_path is not None:
        lines.append(("release", str(outcome.release_path)))
        lines.append(("serve it", f"modelwright serve {outcome.folder} --port 8000"))
        if outcome.task.constraints.runs_on != ("server",):
            lines.append(("ship it", f"modelwright ship {outcome.folder}"))
    return lines


def _account_lines(account: Any, title: str) -> list[tuple[str, str]]:
    if account.candidates < 2:
        return []
    said = f"{title} {account.corrected} after {account.looks} looks at validation"
    return [("corrected", f"{said} (best of {account.candidates})")]


def outcome_as_json(outcome: Outcome) -> str:
    """What a run came to, for a program."""
    from modelwright.records import encode

    def plain(value: Any) -> Any:
        return json.loads(encode(value))

    final = outcome.confirmed.final if outcome.confirmed else None
    best = outcome.tuned.best
    value = {
        "folder": str(outcome.folder),
        "headline": outcome.card.headline,
        "kind": outcome.task.kind,
        "measure": plain(outcome.bench.measure),
        "findings": plain(outcome.findings.findings),
        "baseline": {"name": outcome.baseline.best.recipe.name, "score": plain(outcome.baseline.best.score)},
        "model": {"recipe": plain({**plain(best.recipe), "code": ""}), "score": plain(best.score)},
        "looks_at_validation": outcome.account.looks,
        "corrected_score": plain(outcome.account.corrected),
        "verdict": plain(outcome.tuned.verdict),
        "learnable": plain(outcome.learnable),
        "growth": plain(outcome.growth) if outcome.growth else None,
        "sealed_test": plain(final.test_score) if final else None,
        "scores": plain(final.all_scores) if final else {},
        "kept_promise": final.kept_promise if final else None,
        "threshold": final.threshold if final else None,
        "report": str(outcome.report_path),
        "release": str(outcome.release_path) if outcome.release_path else None,
    }
    return json.dumps(value, ensure_ascii=False, indent=2)
