"""How is text from the data shown so that it can neither break nor reorder the page?"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from markupsafe import Markup

# Long enough for any honest column or class name; a 4 KB name would push everything else off the page.
NAME_LIMIT = 64
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def clean(value: object) -> str:
    """Text without control characters: NUL shows as ␀, directional overrides are left out."""
    return "".join(map(_shown, str(value)))


def short(value: object, limit: int = NAME_LIMIT) -> str:
    """At most `limit` characters, cut with an ellipsis; runs of blanks become one."""
    # Four times the limit is read, so that blanks may shrink and a 5 MB cell costs nothing.
    text = " ".join(clean(str(value)[: 4 * limit]).split())
    return text if len(text) <= limit and len(str(value)) <= 4 * limit else text[: limit - 1].rstrip() + "…"


def isolated(text: str) -> str:
    """Text that keeps its own direction inside a sentence of another."""
    if any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text):
        return f"{_ISOLATE}{text}{_END_ISOLATE}"
    return text


def quoted(name: object, limit: int = 40) -> str:
    """A name from the data inside a sentence: “spam”."""
    return f"“{isolated(short(name, limit))}”"


def listed(words: Sequence[str], most: int = 20) -> str:
    """``a, b and c``; beyond `most`, ``a, b and 7 more``."""
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{len(words) - most:,} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def prose(text: object, limit: int = 600) -> Markup:
    """A sentence from another step, its first letter a capital; names in `backticks` are set apart.

    Returns:
        Escaped HTML: the text may hold anything.
    """
    parts = sentence(short(text, limit)).split("`")
    if len(parts) % 2 == 0:  # a backtick without its pair is a letter like any other
        return Markup("<bdi>{}</bdi>").format("`".join(parts))
    shown = (
        Markup('<span class="name"><bdi>{}</bdi></span>' if index % 2 else "{}").format(part)
        for index, part in enumerate(parts)
    )
    return Markup("<bdi>{}</bdi>").format(Markup("").join(shown))


def sentence(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def counted(count: float, noun: str, plural: str = "") -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count:,.0f} {noun if round(count) == 1 else plural or noun + 's'}"


def _shown(letter: str) -> str:
    if letter in "\n\t\r":
        return letter
    if letter in _BIDI_CONTROLS:
        return ""
    if ord(letter) < 0x20:
        return chr(0x2400 + ord(letter))
    return "\ufffd" if unicodedata.category(letter) in ("Cc", "Cs") else letter
