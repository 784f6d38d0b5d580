"""Which name did a person mean?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MIN_LIKENESS = 0.5
"""difflib's ratio from which on two names are alike enough to suggest one for the other."""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like this one, upper and lower case alike; None when none is."""
    folded = {candidate.casefold(): candidate for candidate in names}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=MIN_LIKENESS)
    return folded[found[0]] if found else None
