"""The commands: what a person types, and what comes back."""

from __future__ import annotations

import importlib
import sys

import click

from modelwright import __version__

COMMANDS = {
    "run": "modelwright.cli.run:run",
    "new": "modelwright.cli.new:new",
    "annotate": "modelwright.cli.annotate:annotate",
    "check": "modelwright.cli.check:check",
    "look": "modelwright.cli.look:look",
    "compare": "modelwright.cli.compare:compare",
    "log": "modelwright.cli.look:log",
    "show": "modelwright.cli.look:show",
    "report": "modelwright.cli.look:report",
    "card": "modelwright.cli.card:card",
    "ui": "modelwright.cli.ui:ui",
    "ship": "modelwright.cli.ship:ship",
    "predict": "modelwright.cli.answer:predict",
    "serve": "modelwright.cli.answer:serve",
}
SHORT_HELP = {
    "run": "Carry data through the whole workflow, to a confirmed and released model.",
    "new": "Frame a task: infer it from the data, ask what cannot be inferred, write task.toml.",
    "annotate": "Have people label items, and make a data set of what they answer.",
    "check": "Look at the data and say what a person should know. Exit code 1 when there are findings.",
    "look": "Show the data as a page: columns, time, places, rows worth reading.",
    "compare": "Train Keras models side by side and read their learning curves.",
    "log": "Print the ledger: every step ever done.",
    "show": "Print a step's record, or the project in short.",
    "report": "Say where the report lies, and open it with --open.",
    "card": "Write the model card, and the data card that other tools read (Croissant).",
    "ui": "See, run and explain a project in the browser.",
    "ship": "Ship the confirmed model to a server or the browser, with proof that it answers alike.",
    "predict": "Answer the rows of a file.",
    "serve": "Answer rows over HTTP.",
}


class LazyGroup(click.Group):
    """A command's module is imported only when that command is called: help stays instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of a project's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        return getattr(importlib.import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SHORT_HELP[name]) for name in COMMANDS])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="modelwright")
def modelwright() -> None:
    """From a problem to a model in service, one honest step at a time.

    \b
    One command, everything:
        modelwright run messages.csv --predict label
    Step by step:
        modelwright new spam --data messages.csv --predict label
        modelwright look spam --open
        modelwright check spam
        modelwright run spam
        modelwright ui spam
        modelwright ship spam --to server,browser
        modelwright serve spam --port 8000
    """


def main() -> None:
    """Run a command; every error comes out in four parts, never as a traceback."""
    from modelwright.cli.failing import told

    sys.exit(told(modelwright, sys.argv[1:]))
