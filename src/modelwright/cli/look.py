"""``modelwright look``, ``log``, ``show`` and ``report``: look at a project's data, and what it has done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from modelwright.cli.options import json_option, project_argument


@click.command()
@project_argument
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@json_option
def look(project: str, opens: bool, as_json: bool) -> int:
    """Show PROJECT's data as a page: columns, time, places, rows worth reading.

    Rows of the test part are not on it. With --json, print the figures instead of the page's path.
    """
    from modelwright.cli.progress import shown_progress
    from modelwright.define.profile import profile
    from modelwright.project import Project
    from modelwright.workflow import WAIT_SECONDS, Wishes, define_task, look_at_data

    with (
        shown_progress(quiet=as_json) as listener,
        Project.open(project, listener=listener) as opened,
        opened.writing(WAIT_SECONDS),
    ):
        task, snap = define_task(opened, project, Wishes())
        path = look_at_data(opened, task, snap)
        figures = opened.last(profile)
    click.echo(_records_json(figures) if as_json else path)
    if opens:
        click.launch(str(path))
    return 0


@click.command()
@project_argument
@json_option
def log(project: str, as_json: bool) -> int:
    """Print PROJECT's ledger: every step ever done, in order."""
    from modelwright.project import Project

    with Project.open(project) as opened:
        entries = opened.history()
    if as_json:
        click.echo(json.dumps([_entry(entry) for entry in entries], ensure_ascii=False, indent=2))
        return 0
    for entry in entries:
        click.echo(
            f"{entry.sequence:5d}  {entry.started_utc}  {entry.seconds:8.2f} s  {entry.step:28s} "
            f"{entry.record_kind:10s} {entry.record_digest[:12]}"
        )
    return 0


@click.command()
@project_argument
@click.argument("step", required=False)
@json_option
def show(project: str, step: str | None, as_json: bool) -> int:
    """Print the latest record of STEP (frame, tune, confirm ...), or all steps in short."""
    from modelwright.errors import UsageError
    from modelwright.project import Project
    from modelwright.records import summary

    with Project.open(project) as opened:
        latest = {entry.step: entry for entry in opened.history() if entry.parent is None}
        if step is None:
            records = {name: opened.last(name) for name in latest}
            if as_json:
                click.echo(_records_json(records))
            else:
                for name, value in records.items():
                    click.echo(f"{name:26s} {summary(value)}")
            return 0
        name = next((n for n in latest if step in (n, n.rpartition(".")[2])), None)
        if name is None:
            raise UsageError(
                where=f"show {project} {step}",
                expected=f"a step that was done: {', '.join(latest) or 'none yet'}",
                received=step,
                do_this="Name one of these steps, or run the workflow first: modelwright run PROJECT.",
            )
        click.echo(_records_json(opened.last(name)) if as_json else _readable(opened.last(name)))
    return 0


@click.command()
@project_argument
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
def report(project: str, opens: bool) -> int:
    """Say where PROJECT's report lies."""
    from modelwright.errors import UsageError

    path = Path(project) / "report.html"
    if not path.exists():
        raise UsageError(
            where=str(path),
            expected="a report",
            received="none yet",
            do_this=f"Run the workflow first: modelwright run {project}.",
        )
    click.echo(path)
    if opens:
        click.launch(str(path))
    return 0


def _entry(entry: Any) -> dict[str, Any]:
    names = (
        "sequence",
        "started_utc",
        "seconds",
        "step",
        "version",
        "record_kind",
        "record_digest",
        "parent",
    )
    return {name: getattr(entry, name) for name in names}


def _records_json(value: Any) -> str:
    from modelwright.records import encode

    return json.dumps(json.loads(encode(value)), ensure_ascii=False, indent=2)


def _readable(value: Any) -> str:
    """A record as indented ``name: value`` lines; long lists are cut and say so."""
    from modelwright.records import encode

    return "\n".join(_lines(json.loads(encode(value)), 0))


def _lines(value: Any, depth: int) -> list[str]:
    pad = "  " * depth
    if isinstance(value, dict):
        lines: list[str] = []
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                lines += [f"{pad}{key}:", *_lines(inner, depth + 1)]
            else:
                lines.append(f"{pad}{key}: {_short(inner)}")
        return lines
    if isinstance(value, list):
        shown = [line for inner in value[:20] for line in (_lines(inner, depth + 1) or [""])]
        more = [f"{pad}... and {len(value) - 20} more (--json prints all)"] if len(value) > 20 else []
        return shown + more
    return [f"{pad}{_short(value)}"]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text):,} characters; --json prints all)"
