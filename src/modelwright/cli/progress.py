"""What a person sees while a run goes on: a line a step, and a bar with the time left on long ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import Any

import click

from modelwright.cli.failing import is_terminal, stop_if_interrupted
from modelwright.records import summary

Listener = Callable[[Any], None]
PLAIN_LINE_SECONDS = 5.0
"""Without a terminal, a long step says how far it is no more often than this."""


@contextmanager
def shown_progress(*, quiet: bool) -> Generator[Listener]:
    """A listener that shows a project's events on standard error, unless quiet; each lets Ctrl-C through."""
    with _live() if is_terminal() and not quiet else nullcontext(PlainProgress()) as show:

        def listen(event: Any) -> None:
            stop_if_interrupted()
            if not quiet:
                show(event)

        yield listen


class PlainProgress:
    """Progress as plain lines, for logs and pipes."""

    def __init__(self) -> None:
        self._told = 0.0

    def __call__(self, event: Any) -> None:
        """Tell one event, if it is worth a line."""
        kind = type(event).__name__
        if kind == "StepFinished":
            click.echo(finished_line(event), err=True)
        elif kind == "WaitingForWriter":
            click.echo(waiting(event), err=True)
        elif kind == "StepNoted" and time.monotonic() - self._told > PLAIN_LINE_SECONDS:
            self._told = time.monotonic()
            click.echo(f"  ... {event.step}: {noted(event)}", err=True)


@contextmanager
def _live() -> Generator[Listener]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def listen(event: Any) -> None:
            kind = type(event).__name__
            if kind == "StepStarted":
                progress.reset(task, description=event.step, total=None)
            elif kind == "StepNoted":
                progress.update(task, description=f"{event.step}: {noted(event)}"[:90])
                if event.total:
                    progress.update(task, completed=event.done or 0, total=event.total)
            elif kind == "StepFinished":
                console.print(finished_line(event), markup=False)
            elif kind == "WaitingForWriter":
                console.print(waiting(event), markup=False)

        yield listen


def waiting(event: Any) -> str:
    """Whom a second process waits for."""
    who = f"process {event.pid}" if event.pid else "another process"
    return f"waiting: {who} has been writing to this project since {event.since_utc}"


def noted(event: Any) -> str:
    """A note in words: what, how far, and the best so far."""
    far = f" ({event.done + 1} of {event.total})" if event.total and event.done is not None else ""
    best = event.facts.get("best", "")
    return f"{event.message}{far}{f'; best so far {best}' if best else ''}"


def finished_line(event: Any) -> str:
    """A finished step in one line."""
    took = "recalled" if event.recalled else f"{event.seconds:.1f} s"
    return f"{event.step:24s} {took:>9s}  {summary(event.record)}"
