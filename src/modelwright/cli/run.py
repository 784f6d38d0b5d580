"""``modelwright run``: one command, everything."""

from __future__ import annotations

from typing import Any

import click

from modelwright.cli.options import frame_options, json_option, wishes_of


@click.command()
@click.argument("data", type=click.Path(path_type=str))
@frame_options
@click.option("--project", metavar="FOLDER", help="The project's folder; by default named after the file.")
@click.option("--seconds", type=click.FloatRange(min=1), help="Time budget of the whole run (default 120).")
@click.option("--trials", type=click.IntRange(min=1), help="Instead, a number of candidates: reproducible.")
@click.option(
    "--model", "models", multiple=True, metavar="FILE.py:NAME", help="A Keras model of yours to compete."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random choice.")
@click.option("--reopen", metavar="REASON", help="Open the sealed test part again, and say why for good.")
@json_option
def run(data: str, as_json: bool, seconds: float | None, trials: int | None, **options: Any) -> int:
    """Carry DATA through the whole workflow, to a confirmed, explained and released model.

    DATA is a CSV, Parquet or JSON Lines file, or the folder of a project made by `modelwright new`.
    """
    from modelwright.cli.progress import shown_progress
    from modelwright.errors import UsageError

    if seconds is not None and trials is not None:
        raise UsageError(
            where="--seconds and --trials",
            expected="one of them",
            received="both",
            do_this="Give --seconds for a time budget, or --trials for a reproducible number of candidates.",
        )
    with shown_progress(quiet=as_json) as listener:
        from modelwright.workflow import run as run_workflow

        outcome = run_workflow(data, seconds=seconds, trials=trials, listener=listener, **wishes_of(options))
    from modelwright.cli.telling import outcome_as_json, tell_outcome

    if as_json:
        click.echo(outcome_as_json(outcome))
    else:
        tell_outcome(outcome)
    return 0
