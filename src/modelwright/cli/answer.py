"""``modelwright predict`` and ``serve``: answers from a release."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from modelwright.cli.options import json_option


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
def serve(release: str, port: int, host: str) -> int:
    """Answer rows over HTTP: POST /predict takes a JSON row or a list of rows."""
    from modelwright.serving.server import main

    return main(release_folder(release), ["--host", host, "--port", str(port)])


def release_folder(path: str) -> Path:
    """The release itself, or the one inside a project folder."""
    folder = Path(path)
    inside = folder / "release"
    return inside if (inside / "manifest.json").exists() else folder
