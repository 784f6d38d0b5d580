"""Write docs/commands.md from the commands' own help. Run it with ``make docs``."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from modelwright.cli import COMMANDS, SHORT_HELP, modelwright

PAGE = Path(__file__).with_name("commands.md")


def commands_page() -> str:
    """The page as it should be now."""
    parts = ["# Commands\n\nGenerated from the commands' own help by `make docs`; a test holds it to them.\n"]
    parts.append(_help([]))
    parts.extend(f"## modelwright {name}\n\n{SHORT_HELP[name]}\n\n{_help([name])}" for name in COMMANDS)
    return "\n".join(parts)


def _help(arguments: list[str]) -> str:
    runner = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"})
    result = runner.invoke(modelwright, [*arguments, "--help"], prog_name="modelwright", terminal_width=100)
    return f"```text\n{result.output.rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8")
