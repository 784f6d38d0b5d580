"""How is text from the data written into Markdown, so that it shows as it is?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from modelwright.deploy.report.wording import short

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~&$@^]|:(?=/)|(?<=[Ww]{3})\.")
"""What may begin markup, HTML, an entity, a link or a mention anywhere in a line."""

_BEGINS = re.compile(r"^(\s*)([-+=!]|\d+[.)](?=\s|$))")
"""What may begin a list, a heading or a rule at the start of one."""


def plain(text: object, limit: int = 1_000) -> str:
    """Text on one line that no Markdown reader takes for anything else.

    Example:
        >>> plain("<b>5 * 3</b> | [x](y)")
        '\\\\<b\\\\>5 \\\\* 3\\\\</b\\\\> \\\\| \\\\[x\\\\](y)'
    """
    escaped = _MARKUP.sub(lambda found: f"\\{found[0]}", short(text, limit))
    return _BEGINS.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", escaped)


def bullets(texts: Iterable[object]) -> list[str]:
    """A list, one line each, and an empty line."""
    return [*(f"- {plain(text)}" for text in texts), ""]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; a cell's second line stands in brackets behind the first."""
    lines = [_row(head), _row(["---"] * len(head), ready=True)]
    return [*lines, *(_row(row) for row in rows), ""]


def _row(cells: Sequence[str], *, ready: bool = False) -> str:
    shown = [cell if ready else plain(_on_one_line(cell)) for cell in cells]
    return f"| {' | '.join(shown)} |"


def _on_one_line(cell: str) -> str:
    value, _, interval = cell.partition("\n")
    return f"{value} ({interval})" if interval else value
