"""The rows that could not be kept: all counted, the first of them shown."""

from __future__ import annotations

from modelwright.records import Quarantined

MAX_SHOWN = 1_000
MAX_CHARACTERS = 200


class Quarantine:
    """Counts rows set aside while a file is read."""

    def __init__(self) -> None:
        self.count = 0
        self._shown: list[Quarantined] = []

    def add(self, line: int, reason: str, text: str) -> None:
        """Set one row aside: its line in the file, why, and its text."""
        self.count += 1
        if len(self._shown) < MAX_SHOWN:
            clean = text.rstrip("\r\n")[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
            self._shown.append(Quarantined(line=line, reason=reason, text=clean))

    @property
    def shown(self) -> tuple[Quarantined, ...]:
        """The first rows set aside."""
        return tuple(self._shown)
