"""How is a cell kept from being run as a formula by a spreadsheet, and got back as it was?"""

from __future__ import annotations

import re

from modelwright.sources.cells import NUMBER

_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
_NUMBER = re.compile(NUMBER)


def neutral(cell: str) -> str:
    """The cell as text to every spreadsheet; a plain number stays one.

    Example:
        >>> neutral("=1+1"), neutral("-5"), neutral("'quoted")
        ("'=1+1", '-5', "''quoted")

    Source:
        OWASP, "CSV injection".
    """
    return f"'{cell}" if cell.startswith(_STARTS) and not _NUMBER.match(cell) else cell


def original(cell: str) -> str:
    """What `neutral` was given."""
    return cell[1:] if cell.startswith("'") else cell
