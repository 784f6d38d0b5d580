"""``modelwright check``: is the data fit to learn from?"""

from __future__ import annotations

import click

from modelwright.cli.options import json_option, project_argument

COLOURS = {"info": "blue", "warning": "yellow", "serious": "red"}


@click.command()
@project_argument
@json_option
def check(project: str, as_json: bool) -> int:
    """Look at PROJECT's data and say what a person should know.

    Exit code: 0 clean, 1 findings, 2 error.
    """
    from modelwright.cli.progress import shown_progress
    from modelwright.project import Project
    from modelwright.records import encode
    from modelwright.workflow import WAIT_SECONDS, Wishes, define_task, understand_data

    with (
        shown_progress(quiet=as_json) as listener,
        Project.open(project, listener=listener) as opened,
        opened.writing(WAIT_SECONDS),
    ):
        task, snap = define_task(opened, project, Wishes())
        _, verdict = understand_data(opened, task, snap)
    if as_json:
        click.echo(encode(verdict).decode())
        return 1 if verdict.findings else 0
    for finding in verdict.findings:
        label = click.style(f"{finding.code} {finding.severity}", fg=COLOURS[finding.severity], bold=True)
        click.echo(f"{label}  {finding.message}")
        for evidence in finding.evidence:
            click.echo(f"    {evidence}")
        click.echo(f"    do this: {finding.advice}")
    click.echo(f"{verdict.question} {verdict.answer}: {verdict.reason}")
    return 1 if verdict.findings else 0
