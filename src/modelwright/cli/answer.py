"""``modelwright predict`` and ``serve``: answers from a release."""

from __future__ import annotations

from pathlib import Path

import click

from modelwright.cli.options import json_option


@click.command()
@click.argument("release", type=click.Path(path_type=str))
@click.argument("file", type=click.Path(path_type=str))
@click.option(
    "--out", type=click.Path(path_type=str), help="Where the answers go; by default standard output."
)
@json_option
def predict(release: str, file: str, out: str | None, as_json: bool) -> int:
    """Answer the rows of FILE with RELEASE (a release folder, or the project that made it)."""
    from modelwright.workflow_answers import answer_file

    summary = answer_file(release_folder(release), Path(file), Path(out) if out else None)
    if as_json:
        import json

        click.echo(json.dumps(summary, ensure_ascii=False))
    elif out:
        click.echo(f"{summary['rows']:,} answers in {out}", err=True)
    return 0


@click.command()
@click.argument("release", type=click.Path(path_type=str))
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 to be reached from elsewhere.")
def serve(release: str, port: int, host: str) -> int:
    """Answer rows over HTTP: POST /predict takes a JSON row or a list of rows."""
    from modelwright.serving.server import serve as serve_release

    serve_release(release_folder(release), host=host, port=port)
    return 0


def release_folder(path: str) -> Path:
    """The release itself, or the one inside a project folder."""
    folder = Path(path)
    inside = folder / "release"
    return inside if (inside / "manifest.json").exists() else folder
