"""Which delimiter and quote a delimited text file uses: one vote over its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

DELIMITERS = (",", "\t", ";", "|")
NO_DELIMITER = "\x1f"
"""A file of one column is split at a character no text holds (ASCII's unit separator)."""

VOTING_LINES = 300
VOTING_CHARACTERS = 5_000
"""Of each line, so that a huge cell cannot slow the vote on quotes."""

MAX_FIELD_CHARACTERS = 64 * 2**20
"""A field longer than this is an unclosed quote, not a text."""

_NAMES = {"\t": "tab", NO_DELIMITER: "none (one column)"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a line is cut into cells.

    Args:
        delimiter: between two cells.
        quote: around a cell that holds delimiters or line ends; doubled inside it.
        escape: before a quote inside a quoted cell, where the file does not double it.
        skip_spaces: whether blanks after a delimiter belong to no cell.
    """

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    skip_spaces: bool = False

    def words(self) -> str:
        """The dialect as shown in the ingest report."""
        name = _NAMES.get(self.delimiter)
        text = f"delimiter {name if name else repr(self.delimiter)} quote {self.quote!r}"
        if self.escape:
            text += f" escape {self.escape!r}"
        return text + (", blanks after the delimiter skipped" if self.skip_spaces else "")

    def reader(self, lines: Iterator[str], *, strict: bool) -> Any:
        """A ``csv.reader`` of this dialect."""
        csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_CHARACTERS))
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape,
            doublequote=True,
            skipinitialspace=self.skip_spaces,
            strict=strict,
        )


def detect_dialect(lines: Iterator[str], name: str = "") -> Dialect:
    """The dialect most of the first lines agree on.

    Args:
        lines: the file's lines from its first.
        name: the file's name; ``.tsv`` breaks a tie.
    """
    head = list(islice(lines, VOTING_LINES))
    whole = len(head) < VOTING_LINES
    sample = "".join(line[:VOTING_CHARACTERS] for line in head)
    order = ("\t", *DELIMITERS) if name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else DELIMITERS
    best, most = Dialect(NO_DELIMITER), 0.0
    for delimiter in order:
        dialect = _with_quotes(delimiter, sample)
        score = _score(dialect, head, whole)
        if score > most:
            best, most = dialect, score
    return best if most else _with_quotes(NO_DELIMITER, sample)


def _score(dialect: Dialect, head: Sequence[str], whole: bool) -> float:
    """How well the lines agree on the header's number of cells; 0 where the delimiter splits nothing."""
    rows: list[list[str]] = [row for row in dialect.reader(iter(head), strict=False) if any(row)]
    if not whole:
        rows = rows[:-1] or rows
    if not rows:
        return 0.0
    widths = Counter(len(row) for row in rows[1:])
    header = len(rows[0])
    width, votes = widths.most_common(1)[0] if widths else (header, 1)
    share = votes / max(1, len(rows) - 1)
    if header >= 2:
        agreed = widths[header] / max(1, len(rows) - 1) if widths else 1.0
        return 0.1 + agreed + min(header, 1000) * 1e-6
    sentences = any(f"{dialect.delimiter} " in line for line in head)
    return 0.5 * share if width >= 2 and share >= 0.9 and len(rows) > 3 and not sentences else 0.0


def _with_quotes(delimiter: str, sample: str) -> Dialect:
    edge = re.escape(delimiter)
    doubles = len(re.findall(rf'(?:^|{edge}) *"', sample, re.MULTILINE))
    opened = len(re.findall(rf"(?:^|{edge})'", sample, re.MULTILINE))
    closed = len(re.findall(rf"(?:^|{edge})'[^'\r\n]*'(?={edge}|\r?$)", sample, re.MULTILINE))
    if not doubles and closed >= 2 and closed == opened:
        return Dialect(delimiter, quote="'")
    escaped = re.search(rf'[^\\]\\"(?!{edge}|\r?$)', sample, re.MULTILINE)
    doubled = re.search(rf'(?<!{edge})(?<!^)""(?!{edge}|\r?$)', sample, re.MULTILINE)
    spaced = f'{delimiter} "' in sample and f'{delimiter}"' not in sample
    return Dialect(
        delimiter, escape="\\" if escaped and doubles and not doubled else None, skip_spaces=spaced
    )
