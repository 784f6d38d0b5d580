"""Where does a number come from, and how is it made again?"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modelwright.project import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """One thing done, with what it was made of and what was made of it.

    Args:
        made_of, used_by: entries, the oldest first. choices: as given, defaults included.
        again: a command that makes it again, or shows it where no command makes it alone.
    """

    entry: Entry
    made_of: tuple[Entry, ...]
    used_by: tuple[Entry, ...]
    choices: tuple[tuple[str, str], ...]
    again: str


def lineage(entries: Sequence[Entry], sequence: int, folder: str) -> Lineage | None:
    """The lineage of the entry at that place in the ledger; None where there is none."""
    by_sequence = {entry.sequence: entry for entry in entries}
    entry = by_sequence.get(sequence)
    if entry is None:
        return None
    return Lineage(
        entry=entry,
        made_of=tuple(by_sequence[one] for one in origins(entry) if one in by_sequence),
        used_by=tuple(one for one in entries if sequence in origins(one)),
        choices=tuple((name, _short(value)) for name, value in json.loads(entry.choices).items()),
        again=again(entry, folder),
    )


def origins(entry: Entry) -> list[int]:
    """The places in the ledger of what an entry was made of, each once."""
    found: list[int] = []
    waiting: list[Any] = [json.loads(entry.origins)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, int) and one not in found:
            found.append(one)
    return sorted(found)


def again(entry: Entry, folder: str) -> str:
    """The command by which one gets there again."""
    choices = json.loads(entry.choices)
    where = shlex.quote(folder)
    if entry.step == "develop.tune":
        length = [f"--{name} {choices[name]}" for name in ("trials", "seconds") if choices.get(name)]
        return " ".join(["modelwright run", where, *length[:1], f"--seed {choices.get('seed', 0)}"])
    if entry.step in ("define.profile", "deploy.show_data"):
        return f"modelwright look {where}"
    if entry.step == "define.understand":
        return f"modelwright check {where}"
    if entry.step == "deploy.certify":
        return f"modelwright ship {where}"
    return f"modelwright show {where} {entry.step} --json"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"
