"""``modelwright card``: the model card, and the data card that other tools read."""

from __future__ import annotations

import json

import click

from modelwright.cli.options import json_option, project_argument


@click.command()
@project_argument
@click.option("--license", "licence", metavar="URL", help="Licence of the data.")
@click.option("--creator", metavar="NAME", help="Who made the data.")
@click.option("--url", metavar="URL", help="Where the data are described.")
@click.option("--published", metavar="DATE", help="When the data were published: 2026-01-31.")
@click.option("--version", metavar="TEXT", help="Version of the data: 1.0.0.")
@click.option("--cite", metavar="TEXT", help="How the data are cited.")
@json_option
def card(
    project: str,
    licence: str | None,
    creator: str | None,
    url: str | None,
    published: str | None,
    version: str | None,
    cite: str | None,
    as_json: bool,
) -> int:
    """Write PROJECT's model card (Markdown) and data card (Croissant 1.1, JSON-LD).

    A Croissant data set must say its licence, its creator, where it is described and when it was published;
    no data file does, so give them here.
    """
    from modelwright.project import Project
    from modelwright.workflow import WAIT_SECONDS
    from modelwright.workflow.cards import write_cards

    given = {"license": licence, "creator": creator, "url": url, "datePublished": published}
    given |= {"version": version, "citeAs": cite}
    told = {name: value for name, value in given.items() if value}
    with Project.open(project) as opened, opened.writing(WAIT_SECONDS):
        cards = write_cards(opened, told)
    if as_json:
        paths = {"model_card": cards.model_card and str(cards.model_card), "data_card": str(cards.data_card)}
        click.echo(json.dumps({**paths, "unknown": cards.unknown}, ensure_ascii=False))
        return 0
    if cards.model_card is not None:
        click.echo(cards.model_card)
    click.echo(cards.data_card)
    if cards.unknown:
        click.echo(f"a Croissant data set must also say: {', '.join(cards.unknown)} (see --help)", err=True)
    return 0
