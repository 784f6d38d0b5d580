"""Options that several commands share."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import click

from modelwright.errors import UsageError

Command = Callable[..., Any]


def names(_: click.Context, __: click.Parameter, value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Column names given once or several times, each possibly several between commas.

    As in CSV, a name that has a comma itself stands between double quotes.
    """
    given = (value,) if isinstance(value, str) else value or ()
    rows = csv.reader(given, skipinitialspace=True)
    return tuple(name.strip() for row in rows for name in row if name.strip())


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
project_argument = click.argument("project", type=click.Path(path_type=str))

_FRAME_OPTIONS: list[Callable[[Command], Command]] = [
    click.option(
        "--predict",
        multiple=True,
        callback=names,
        metavar="COLUMN",
        help="The target (or several).",
    ),
    click.option(
        "--ignore", multiple=True, callback=names, metavar="COLUMN,...", help="Columns no model may read."
    ),
    click.option(
        "--group", metavar="COLUMN", help="Rows that share its value stay on one side of every split."
    ),
    click.option("--time", metavar="COLUMN", help="Split forward in time by this column."),
    click.option("--test", "test_file", metavar="FILE", help="A file whose rows are the sealed test part."),
    click.option("--test-column", metavar="COL=VALUE", help="Rows with this value are the sealed test part."),
    click.option(
        "--measure", metavar="NAME|FILE.py:NAME", help="The measure of success, instead of the one chosen."
    ),
    click.option(
        "--positive",
        "positive_class",
        metavar="CLASS",
        help="Binary: the class whose detection is the point.",
    ),
    click.option(
        "--existing", metavar="column:NAME|FILE.py:NAME", help="How the question is answered today."
    ),
    click.option("--question", metavar="TEXT", help="The business question, in one sentence."),
]


def frame_options(command: Command) -> Command:
    """The options that frame a task."""
    for option in reversed(_FRAME_OPTIONS):
        command = option(command)
    return command


def wishes_of(options: dict[str, Any]) -> dict[str, Any]:
    """The frame options as `modelwright.workflow.Wishes` takes them: ``COL=VALUE`` in two."""
    test_column, test_value = options.pop("test_column"), None
    if test_column is not None:
        test_column, equals, test_value = test_column.partition("=")
        if not equals or not test_column:
            raise UsageError(
                where="--test-column",
                expected="COLUMN=VALUE",
                received=f"{test_column}{equals}{test_value}",
                do_this="Name the column and the value that marks its test rows: --test-column split=test.",
            )
    return {**options, "test_column": test_column, "test_value": test_value}
