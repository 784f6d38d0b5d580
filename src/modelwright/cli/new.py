"""``modelwright new``: frame a task and write task.toml."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from modelwright.cli.options import frame_options, json_option, project_argument, wishes_of


@click.command()
@project_argument
@click.option("--data", required=True, type=click.Path(path_type=str), help="The data file.")
@frame_options
@click.option("--yes", is_flag=True, help="Ask nothing; take what was inferred.")
@json_option
def new(project: str, data: str, yes: bool, as_json: bool, **options: Any) -> int:
    """Frame a task: infer it from the data, ask what cannot be inferred, write PROJECT/task.toml."""
    from modelwright.cli.progress import shown_progress
    from modelwright.define.interview import interview
    from modelwright.errors import UsageError
    from modelwright.records import Task, encode
    from modelwright.workflow import WAIT_SECONDS, Wishes, define_task
    from modelwright.workflow.places import opened

    path = Path(project) / "task.toml"
    if path.exists():
        raise UsageError(
            where=str(path),
            expected="a folder without a task yet",
            received="a task.toml that is there already",
            do_this="Edit that file to change the task, or name another folder.",
        )
    asks = not yes and not as_json and sys.stdin.isatty()

    def asked(task: Task) -> Task:
        return interview(task, _ask)

    with (
        shown_progress(quiet=True) as listener,
        opened(data, project, listener) as door,
        door.writing(WAIT_SECONDS),
    ):
        task, _ = define_task(door, data, Wishes(**wishes_of(options)), asked if asks else None)
    if as_json:
        click.echo(encode(task).decode())
        return 0
    click.echo(f"{task.question}\n  {task.kind.replace('_', ' ')}: {task.kind_reason}")
    for advice in task.advice:
        click.echo(click.style(f"  note  {advice}", fg="yellow"))
    click.echo(f"Written: {Path(project) / 'task.toml'}. Read it, edit it, then: modelwright run {project}")
    return 0


def _ask(question: str, default: str, choices: tuple[str, ...]) -> str:
    kind = click.Choice(list(choices)) if choices else str
    return str(click.prompt(question, default=default, type=kind, show_default=bool(default)))
