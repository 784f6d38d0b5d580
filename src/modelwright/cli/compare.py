"""``modelwright compare``: which model is too small, which too large, and what does regularisation buy?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from modelwright.cli.options import json_option, project_argument

if TYPE_CHECKING:
    from modelwright.records import Lab


@click.command()
@project_argument
@click.argument("models", nargs=-1, required=True, metavar="FILE.py:NAME...")
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Runs of each model."
)
@click.option("--epochs", type=click.IntRange(2), default=20, show_default=True, help="Epochs of each run.")
@click.option("--batch-size", type=click.IntRange(1), default=512, show_default=True, help="Rows a step.")
@click.option(
    "--validation",
    type=float,
    metavar="SHARE",
    help="Share of the rows to validate on (default: the first split).",
)
@click.option(
    "--text",
    type=click.Choice(["terms", "words"]),
    default="terms",
    show_default=True,
    help="Texts as weighted terms, as in a run, or as multi-hot words.",
)
@click.option("--out", metavar="FOLDER", help="Where the pictures go; by default the project's folder.")
@click.option("--tensorboard", metavar="FOLDER", help="Write logs for TensorBoard there, too.")
@click.option("--seed", type=int, default=0, show_default=True, help="The first run's seed.")
@json_option
def compare(project: str, as_json: bool, **options: Any) -> int:
    """Train the Keras models FILE.py:NAME on PROJECT's data and show their learning curves.

    Each model is trained from several seeds, all of them as one program where their structure allows. Says
    of each whether it is too small, about right, too large, needs regularisation or more training.
    """
    from modelwright.cli.progress import shown_progress

    with shown_progress(quiet=as_json) as listener:
        from modelwright.workflow import compare_models

        compared = compare_models(project, listener=listener, **options)
    if as_json:
        click.echo(compared.as_json())
        return 0
    _tell(compared.lab)
    for path in compared.paths:
        click.echo(f"  picture      {path}")
    return 0


def _tell(lab: Lab) -> None:
    loss = f"validation {lab.loss}"
    seeds = "1 seed" if lab.seeds == 1 else f"{lab.seeds} seeds"
    click.echo(
        f"\n{loss} over {lab.epochs} epochs, {seeds}, on {lab.validation_rows:,} rows; "
        f"trained on {lab.training_rows:,}"
    )
    for model in lab.models:
        click.echo(f"\n{click.style(model.recipe.name, bold=True)}: {click.style(model.fit, bold=True)}")
        click.echo(f"  {model.reason}")
        for note in model.notes:
            click.echo(f"  note: {note}")
    for failure in lab.failures:
        click.echo(f"\n{click.style(failure.recipe.name, bold=True)} could not be trained: {failure.reason}")
