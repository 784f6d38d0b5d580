"""``modelwright check``: is the data fit to learn from?"""

from __future__ import annotations

import click

from modelwright.cli.options import json_option, project_argument

COLOURS = {"info": "blue", "warning": "yellow", "serious": "red"}


@click.command()
@project_argument
@click.option(
    "--population",
    type=click.Path(path_type=str),
    metavar="FILE",
    help="Production rows, or shares declared in a .toml file, to hold the data against.",
)
@json_option
def check(project: str, population: str | None, as_json: bool) -> int:
    """Look at PROJECT's data and say what a person should know.

    With --population, say instead whether the rows are like those the model will meet.

    Exit code: 0 clean, 1 findings, 2 error.
    """
    from modelwright.cli.progress import shown_progress
    from modelwright.project import Project
    from modelwright.records import encode
    from modelwright.workflow import (
        WAIT_SECONDS,
        Wishes,
        define_task,
        hold_against_population,
        understand_data,
    )

    with (
        shown_progress(quiet=as_json) as listener,
        Project.open(project, listener=listener) as opened,
        opened.writing(WAIT_SECONDS),
    ):
        task, snap = define_task(opened, project, Wishes())
        dataset, verdict = understand_data(opened, task, snap)
        if population is not None:
            verdict = hold_against_population(opened, task, dataset, population).verdict
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
