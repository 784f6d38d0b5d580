"""``modelwright ui``: the project as a page in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from modelwright.workbench.guarding import Session

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("project", type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A free one unless given.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Any other only with TLS.")
@click.option("--name", "hosts", multiple=True, metavar="HOST", help="What others call it; may be repeated.")
@click.option("--certificate", type=_FILE, help="TLS certificate chain (PEM).")
@click.option("--key", type=_FILE, help="Its private key (PEM).")
@click.option("--open/--no-open", "opens", default=True, help="Open it in the browser (the default).")
def ui(
    project: Path,
    port: int,
    host: str,
    hosts: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    opens: bool,
) -> int:
    """See, run and explain PROJECT in the browser; a folder that is no project yet begins there.

    The page is for this machine alone, and its address lets in once. With TLS it may be reached by others:
    by annotators whom you invited (modelwright annotate PROJECT --invite NAME), who can do nothing else.
    Ctrl-C ends it, and a run with it: what was done is recalled.
    """
    from modelwright.workbench.serving import Place, door, serve

    place = Place(host=host, port=port, names=hosts, certificate=certificate, key=key)
    way_in: list[Path] = []

    def opened(session: Session) -> None:
        click.echo(f"{project}: {session.address}")
        click.echo("The address lets in once. Ctrl-C ends the workbench.", err=True)
        if opens:
            way_in.append(door(project, session))
            click.launch(str(way_in[0]))

    try:
        serve(project, place, opened)
    finally:
        for path in way_in:
            path.unlink(missing_ok=True)
    return 0
