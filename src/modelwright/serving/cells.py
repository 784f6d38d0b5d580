"""What does one raw cell mean? A number, a moment or a text; or missing.

The meaning is the same when rows are collected, trained on, exported and served.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .manifest import Field
from .problems import shown

Reader = Callable[[object], float | str]

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# Unicode's White_Space, which is what collecting strips; Python's own strip() takes four characters more.
BLANKS = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
MISSING_NUMBER = math.nan
MISSING_TEXT = ""  # the graph reads the empty string as missing
ISO = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
DAY_CHARACTERS = 10  # 2024-05-31
DIRECTIVES = {
    "%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%m": "[0-9]{1,2}", "%d": "[0-9]{1,2}", "%H": "[0-9]{1,2}",
    "%I": "[0-9]{1,2}", "%M": "[0-9]{2}", "%S": "[0-9]{2}", "%b": "[A-Za-z]{3}", "%B": "[A-Za-z]{3,9}",
    "%p": "[AaPp][Mm]",
}  # fmt: skip
MAX_EPOCH_SECONDS = 1e11  # about the year 5138; more is milliseconds or a slip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CellProblem(ValueError):
    """A cell that its field does not allow.

    Args:
        expected, received, do_this: three parts of the problem; the row and field are the caller's to add.
    """

    def __init__(self, expected: str, received: str, do_this: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.received = received
        self.do_this = do_this


@dataclass(frozen=True, slots=True)
class Missing:
    """What counts as missing in one field, besides null, the empty cell and NaN.

    Args:
        tokens: spellings, without blanks around them.
        numbers: the tokens that are numbers, compared by value: ``-999`` meets ``-999.0``.
    """

    tokens: frozenset[str] = frozenset()
    numbers: frozenset[float] = frozenset()


NOTHING_MORE = Missing()


def reader(field: Field) -> Reader:
    """The function that reads one field's cells: NaN or the empty string where missing."""
    tokens = frozenset(token.strip(BLANKS) for token in field.missing_tokens)
    missing = Missing(tokens, frozenset(float(token) for token in tokens if NUMBER.fullmatch(token)))
    if field.dtype == "string":
        return lambda cell: read_text(cell, missing)
    if field.dtype == "number":
        return lambda cell: read_number(cell, missing)
    if field.date_format == "epoch":
        return lambda cell: read_epoch(cell, missing)
    date_format = field.date_format or "iso"
    return lambda cell: read_seconds(cell, date_format, missing)


def read_number(cell: object, missing: Missing = NOTHING_MORE) -> float:
    """A number; NaN where missing.

    Raises:
        CellProblem: the cell is text, true/false, nested or infinite.
    """
    if cell is None:
        return MISSING_NUMBER
    if isinstance(cell, str):
        value = _number_in_text(cell, missing)
    elif isinstance(cell, bool) or not isinstance(cell, int | float):
        raise _not(cell, "a number", "Send a number, or null where it is missing.")
    else:
        value = _finite(_float(cell), cell)
    return MISSING_NUMBER if value in missing.numbers else value


def _number_in_text(cell: str, missing: Missing) -> float:
    text = cell.strip(BLANKS)
    if not text or text in missing.tokens or text.lower() == "nan":
        return MISSING_NUMBER
    if not NUMBER.fullmatch(text):
        raise _not(cell, "a number", "Send a number, or null where it is missing.")
    return _finite(float(text), cell)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number beyond 1.8e308
        return math.inf


def _finite(value: float, cell: object) -> float:
    if math.isinf(value):
        raise _not(
            cell, "a finite number of at most about 1.8e308", "Send a smaller number, or null if unknown."
        )
    return value


def read_epoch(cell: object, missing: Missing = NOTHING_MORE) -> float:
    """Seconds since 1970 given as a number, to the microsecond; NaN where missing.

    Raises:
        CellProblem: not a number, or beyond the year 5138.
    """
    seconds = read_number(cell, missing)
    if abs(seconds) >= MAX_EPOCH_SECONDS:
        raise _not(cell, "seconds since 1970-01-01", "Send seconds, not milliseconds.")
    return round(seconds * 1e6) / 1e6 if seconds == seconds else seconds


def read_seconds(cell: object, date_format: str, missing: Missing = NOTHING_MORE) -> float:
    """A moment in seconds since 1970-01-01T00:00 UTC; NaN where missing.

    Raises:
        CellProblem: the cell is not a date of that format.
    """
    if cell is None:
        return MISSING_NUMBER
    how = "ISO 8601, such as 2024-05-31 or 2024-05-31T12:30:00" if date_format == "iso" else repr(date_format)
    if not isinstance(cell, str):
        raise _not(cell, f"a date as text ({how})", "Send the date as a JSON string, or null.")
    text = cell.strip(BLANKS)
    if not text or text in missing.tokens or text.lower() == "nan":
        return MISSING_NUMBER
    try:
        moment = parse_moment(text, date_format)
    except ValueError:
        raise _not(cell, f"a date ({how})", "Write the date in that format, or send null.") from None
    return (moment - EPOCH).total_seconds()


def parse_moment(text: str, date_format: str) -> datetime:
    """A date's text as a moment; without a zone it is UTC.

    Raises:
        ValueError: the text is not of that format.
    """
    if not date_pattern(date_format).fullmatch(text):
        raise ValueError(date_format)
    if date_format == "iso":
        # Python takes the zone of a bare day for its time: 2024-05-31+01:00 would be one o'clock.
        zoned_day = text[DAY_CHARACTERS : DAY_CHARACTERS + 1] in ("Z", "+", "-")
        day, rest = text[:DAY_CHARACTERS], text[DAY_CHARACTERS:]
        moment = datetime.fromisoformat(f"{day}T00:00{rest}" if zoned_day else text)
    else:
        moment = datetime.strptime(text, date_format)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


@functools.cache
def date_pattern(date_format: str) -> re.Pattern[str]:
    """What a date format looks like: stricter than Python's own parser, and the same as when collecting."""
    if date_format == "iso":
        return re.compile(ISO)
    parts = re.split(r"(%[A-Za-z])", date_format)
    return re.compile("".join(DIRECTIVES.get(part, re.escape(part)) for part in parts))


def read_text(cell: object, missing: Missing = NOTHING_MORE) -> str:
    """A text; empty where missing. Numbers and true/false are written as collecting writes them.

    Raises:
        CellProblem: the cell is nested, infinite or holds half a character.
    """
    if cell is None:
        return MISSING_TEXT
    if not isinstance(cell, str):
        return _plain_text(cell)
    stripped = cell.strip(BLANKS)
    if not stripped or stripped in missing.tokens:
        return MISSING_TEXT
    if not cell.isascii() and not _is_unicode(cell):
        raise CellProblem(
            "text in Unicode", "half of a surrogate pair", "Send whole characters, encoded as UTF-8."
        )
    return cell


def _plain_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and math.isnan(cell):
        return MISSING_TEXT
    if isinstance(cell, float):
        value = _finite(cell, cell)
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(cell, int):
        try:
            return str(cell)
        except ValueError:  # Python refuses to write integers of more than 4,300 digits
            raise _not(cell, "text", "Send so long a number as a JSON string.") from None
    raise _not(cell, "text", "Send one string, or null where it is missing.")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not(cell: object, expected: str, do_this: str) -> CellProblem:
    return CellProblem(expected, f"{shown(cell)} ({_kind(cell)})", do_this)


def _kind(cell: object) -> str:
    if isinstance(cell, bool):
        return "true/false"
    if isinstance(cell, Mapping):
        return "an object"
    if isinstance(cell, Sequence):
        return "text" if isinstance(cell, str) else "a list"
    return "a number"
