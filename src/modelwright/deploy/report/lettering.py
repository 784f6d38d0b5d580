"""How wide will this text be? An estimate on the safe side, since a file cannot ask the browser."""

from __future__ import annotations

import unicodedata

# Widths in em of Verdana and DejaVu Sans, the widest fonts a system interface uses.
_NARROW, _THIN, _WIDE = 0.42, 0.30, 1.0
_LOWER, _UPPER, _DIGIT, _FULL = 0.60, 0.70, 0.64, 1.30
_BY_LETTER = (
    dict.fromkeys('iljIftr()[]-/;:"*', _NARROW)
    | dict.fromkeys(" .,'|!", _THIN)
    | dict.fromkeys("mwMW@%—+", _WIDE)
)


def text_width(text: str, size: float = 12.0) -> float:
    """The width of `text` in pixels at a font size in pixels."""
    return size * sum(map(_em, text))


def fitted(text: str, width: float, size: float = 12.0) -> str:
    """The text cut with an ellipsis so that it fits in `width` pixels."""
    if text_width(text, size) <= width:
        return text
    room = width - size * 1.0
    kept = 0
    for letter in text:
        room -= size * _em(letter)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def _em(letter: str) -> float:
    if letter in _BY_LETTER:
        return _BY_LETTER[letter]
    if letter.isdigit():
        return _DIGIT
    if unicodedata.east_asian_width(letter) in "WF" or ord(letter) > 0x1F000:
        return _FULL
    if unicodedata.combining(letter):
        return 0.0
    return _UPPER if letter.isupper() else _LOWER
