"""How a command ends: its exit code, and errors that a person can act on."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from modelwright.errors import ModelwrightError, UsageError

ERROR_EXIT = 2
INTERRUPTED_EXIT = 130


_interrupted = threading.Event()


def stop_if_interrupted() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed: a library's C callback may have swallowed it."""
    if _interrupted.is_set():
        raise KeyboardInterrupt


@contextmanager
def _remembered_interrupts() -> Generator[None]:
    """Ctrl-C is raised as always, and remembered; where it is ignored or not ours, it is left alone."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        _interrupted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _interrupted.clear()


def told(command: click.Command, arguments: list[str]) -> int:
    """Call the command; print what went wrong, if anything, and return the exit code."""
    as_json = "--json" in arguments
    try:
        with _remembered_interrupts():
            result = command.main(args=arguments, prog_name="modelwright", standalone_mode=False)
    except click.ClickException as error:
        if as_json:
            _print_json(_as_usage_error(error).parts())
        else:
            error.show()
        return ERROR_EXIT
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nStopped. Nothing is lost: the same command goes on where it was.", err=True)
        return INTERRUPTED_EXIT
    except ModelwrightError as error:
        _tell(error, as_json)
        return ERROR_EXIT
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001  # the last door: whatever is left is our own mistake, and is said so
        _tell(_our_mistake(error), as_json)
        return ERROR_EXIT
    return result if isinstance(result, int) else 0


def _tell(error: ModelwrightError, as_json: bool) -> None:
    if as_json:
        _print_json(error.parts())
        return
    parts = error.parts()
    lines = [click.style(f"{parts['error']}: {parts['where']}", fg="red", bold=True)]
    lines += [f"  expected  {parts['expected']}", f"  received  {parts['received']}"]
    lines += [click.style(f"  do this   {parts['do_this']}", bold=True)]
    click.echo("\n".join(lines), err=True)


def _as_usage_error(error: click.ClickException) -> UsageError:
    """What click refuses (an unknown option, a missing argument), in four parts like every error."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "modelwright"
    return UsageError(
        where=command,
        expected=context.command.get_usage(context) if context else "a command and its options",
        received=error.format_message(),
        do_this=f"See {command} --help.",
    )


def _print_json(value: dict[str, str]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _our_mistake(error: Exception) -> ModelwrightError:
    """An error nobody foresaw: kept in a file for a bug report, told in one breath."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="modelwright-", delete=False) as file:
        traceback.print_exception(error, file=file)
    return ModelwrightError(
        where=f"modelwright itself ({type(error).__name__})",
        expected="this never to happen",
        received=str(error)[:500] or type(error).__name__,
        do_this=f"It is a bug of ours. Please report it with {Path(file.name)}; the project is unharmed.",
    )


def is_terminal() -> bool:
    """Whether a person is looking at the progress (on standard error)."""
    return sys.stderr.isatty()
