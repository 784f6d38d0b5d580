"""How does a project look in a notebook?"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from modelwright.ledger.entries import Entry

HEADINGS = ("#", "step", "version", "record", "digest", "started (UTC)", "seconds")


def ledger_table(title: str, entries: Iterable[Entry]) -> str:
    """The steps of a ledger as a small HTML table, everything escaped."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    body = "".join(f"<tr>{_cells(entry)}</tr>" for entry in entries)
    caption = f"<caption>Project <b>{escape(title)}</b></caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(entry: Entry) -> str:
    values = (
        entry.sequence,
        entry.step,
        entry.version,
        entry.record_kind,
        entry.record_digest[:12],
        entry.started_utc[:19].replace("T", " "),
        f"{entry.seconds:.2f}",
    )
    return "".join(f"<td>{escape(str(value))}</td>" for value in values)
