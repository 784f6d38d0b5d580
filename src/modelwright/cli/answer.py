"""``modelwright predict`` and ``serve``: answers from a release."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from modelwright.cli.options import json_option

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("release", type=click.Path(path_type=str))
@click.argument("file", type=click.Path(path_type=str))
@click.option("--out", required=True, type=click.Path(path_type=str), help="The CSV file of answers.")
@json_option
def predict(release: str, file: str, out: str, as_json: bool) -> int:
    """Answer the rows of FILE with RELEASE (a release folder, or the project that made it).

    FILE is CSV, JSON Lines or Parquet; the answers have the columns prediction and probability_<class>.
    """
    from modelwright.deploy.answer import answer_file

    summary = answer_file(release_folder(release), Path(file), Path(out))
    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(summary), "out": out}, ensure_ascii=False))
        return 0
    click.echo(f"{summary.rows:,} rows answered: {out}", err=True)
    if summary.unanswered:
        click.echo(f"{summary.unanswered:,} of them have no finite answer and are left empty", err=True)
    if summary.ignored:
        click.echo(f"columns the model does not read: {', '.join(summary.ignored)}", err=True)
    return 0


@click.command()
@click.argument("release", type=click.Path(path_type=str))
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 to be reached from elsewhere.")
@click.option("--certificate", type=FILE, help="TLS certificate chain (PEM).")
@click.option("--key", type=FILE, help="TLS private key (PEM).")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front does TLS; other hosts may be answered.")
@click.option("--tokens", type=FILE, help="Bearer tokens, one a line (or in MODELWRIGHT_TOKENS).")
@click.option(
    "--watch", is_flag=True, help="Swap to a new release when the folder changes (SIGHUP always does)."
)
@click.option(
    "--log",
    metavar="FILE|URL",
    help="Write rows and answers to this SQLite file, or to postgresql://user@host/database.",
)
@click.option("--log-mask", metavar="COLUMN,...", help="Columns whose values stay out of the log; * for all.")
@click.option(
    "--log-megabytes", type=click.IntRange(1), default=1000, show_default=True, help="The log's limit."
)
@click.option(
    "--parallel", type=click.IntRange(1), metavar="N", help="Long runs at a time (default: cores, at most 4)."
)
def serve(release: str, **chosen: Any) -> int:
    """Answer rows over HTTP: POST /predict takes a JSON row or a list of rows.

    SIGTERM stops it without dropping a request; SIGHUP swaps to the release that lies in the folder then.
    """
    from modelwright.serving.options import Options
    from modelwright.serving.server import main

    return main(release_folder(release), Options(**chosen))


def release_folder(path: str) -> Path:
    """The release itself, or the one inside a project folder."""
    folder = Path(path)
    inside = folder / "release"
    return inside if (inside / "manifest.json").exists() else folder
