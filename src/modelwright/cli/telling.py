"""What a run came to, for a person and for a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from modelwright.records import summary

if TYPE_CHECKING:
    from modelwright.workflow import Outcome


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
