"""What chance decides of an item: its place in the random order, whether several answer it, what is hidden.

Drawn from the seed and the item's key alone, so that neither the order of the file nor that of imports
matters.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import NamedTuple

_SHARE = 2.0**32


class Lot(NamedTuple):
    """An item's lot: a rank, and two numbers in 0 to 1."""

    rank: int
    overlap: float
    hidden: float


def lot_of(key: str, seed: int) -> Lot:
    """Draw an item's lot."""
    drawn = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16, salt=_salt(seed)).digest()
    rank = int.from_bytes(drawn[:8], "big") >> 1  # SQLite's integers have a sign
    overlap, hidden = (int.from_bytes(part, "big") / _SHARE for part in (drawn[8:12], drawn[12:]))
    return Lot(rank, overlap, hidden)


def turn_of(annotator: str, number: int, seed: int) -> float:
    """A number in 0 to 1 for the so-manieth item dealt to an annotator."""
    drawn = hashlib.blake2b(f"{number} {annotator}".encode(), digest_size=4, salt=_salt(seed)).digest()
    return int.from_bytes(drawn, "big") / _SHARE


@cache
def _salt(seed: int) -> bytes:
    return hashlib.sha256(str(seed).encode()).digest()[:16]
