"""One name for every column: none blank, none twice, each rename said."""

from __future__ import annotations

from collections.abc import Sequence

from modelwright.records import Change


def unique_names(raw: Sequence[str], line: int) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """Column names without blanks around them, blank or doubled ones renamed.

    Args:
        raw: the names as they stand in the file.
        line: the header's line, for the report.

    Returns:
        the names, and a Change for every one that differs from the file's.
    """
    taken: set[str] = set()
    wanted = [name.strip() or f"column_{place}" for place, name in enumerate(raw, start=1)]
    spoken_for = set(wanted)
    names: list[str] = []
    changes: list[Change] = []
    for was, name in zip(raw, wanted, strict=True):
        new = _free(name, taken, spoken_for) if name in taken else name
        taken.add(new)
        names.append(new)
        if new != was:
            what = f"column {was!r} is called {new!r}: {_why(was, name, new)}"
            changes.append(Change(kind="rename", column=new, what=what, count=1, lines=(line,)))
    return tuple(names), tuple(changes)


def _free(name: str, taken: set[str], spoken_for: set[str]) -> str:
    number = 2
    while f"{name}.{number}" in taken or f"{name}.{number}" in spoken_for:
        number += 1
    return f"{name}.{number}"


def _why(was: str, name: str, new: str) -> str:
    if new != name:
        return "the name is taken by a column before it"
    return "it stood without a name" if not was.strip() else "blanks around it were removed"
