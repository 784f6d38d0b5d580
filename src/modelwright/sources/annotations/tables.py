"""Items and answers as a table: one row an item, or one row an answer.

Columns of this tool's own begin with ``annotation.``; all others are what annotators see. A foreign table
names by options which of its columns are key, image, gold, pre-label, annotator and answer.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec
import polars

from modelwright.errors import SourceError
from modelwright.records import Answer, Given, Item, Question, digest
from modelwright.sources.annotations.exchange import Annotations, Exchange, given_once, unreadable
from modelwright.sources.annotations.formulas import neutral, original
from modelwright.sources.annotations.inside import name_inside
from modelwright.sources.cells import as_text
from modelwright.sources.reading import read_table

OWN = "annotation."
ROWS_AT_ONCE = 50_000

_ITEM = ("key", "image", "width", "height", "gold", "prelabel", "probabilities")
_ANSWER = ("answer_id", "annotator", "act", "answer", "reason", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns of a foreign table mean what; empty: none does."""

    key: str = ""
    image: str = ""
    gold: str = ""
    prelabel: str = ""
    annotator: str = ""
    answer: str = ""

    def named(self) -> dict[str, str]:
        """What each column so named is."""
        fields = ("key", "image", "gold", "prelabel", "annotator", "answer")
        return {getattr(self, field): field for field in fields if getattr(self, field)}


def read_table_of_annotations(path: Path, name: str, question: Question, columns: Columns) -> Exchange:
    """Items and answers of a CSV, JSON Lines or Parquet file.

    Raises:
        SourceError: the file cannot be read, or lacks a column that was named.
    """
    table = read_table(path, name)
    own = any(column.startswith(OWN) for column in table.names)
    frame = table.frame.select(as_text(table.frame[column]) for column in table.names)
    if own and table.ingest.format == "csv":
        frame = _as_written(frame)
    meaning = {column: column.removeprefix(OWN) for column in frame.columns if column.startswith(OWN)}
    for column, field in columns.named().items():
        if column not in frame.columns:
            raise _no_column(name, column, frame.columns)
        meaning[column] = field
    reader = _Rows(frame, meaning, question, name)
    return Exchange(items=reader.items(), given=reader.given())


@dataclass(frozen=True, slots=True)
class _Rows:
    """A table's rows, read as items and as answers."""

    frame: polars.DataFrame
    meaning: dict[str, str]
    question: Question
    name: str

    def items(self) -> Iterator[Item]:
        seen: set[str] = set()
        several = "annotator" in self.meaning.values()
        for content, own in self._rows():
            key = _key(content, own)
            if several:  # the rows of one item follow each other in no order
                if key in seen:
                    continue
                seen.add(key)
            yield Item(
                key=key,
                content=content,
                image=name_inside(own["image"] or "") if own.get("image") else "",
                width=self._whole(own.get("width")),
                height=self._whole(own.get("height")),
                gold=self._value(own.get("gold")),
                prelabel=self._value(own.get("prelabel")),
                probabilities=tuple(self._read(own.get("probabilities") or "[]", json.loads, "a list")),
            )

    def given(self) -> Iterator[Given]:
        if "annotator" not in self.meaning.values():
            return
        for content, own in self._rows():
            if own.get("annotator"):
                yield self._given(_key(content, own), own)

    def _given(self, key: str, own: dict[str, str | None]) -> Given:
        act: Any = own.get("act") or "answer"
        seconds = own.get("seconds")
        return given_once(
            Given(
                answer_id=own.get("answer_id") or "",
                annotator=own["annotator"] or "",
                act=act,
                key=key,
                value=None if act == "skip" else self._value(own.get("answer")),
                reason=own.get("reason") or "",
                seconds=None if seconds is None else self._read(seconds, float, "a number of seconds"),
            )
        )

    def _rows(self) -> Iterator[tuple[dict[str, str | None], dict[str, str | None]]]:
        """Each row's cells that annotators see, and those of this tool."""
        names = self.frame.columns
        for part in self.frame.iter_slices(ROWS_AT_ONCE):
            for cells in part.iter_rows():
                content: dict[str, str | None] = {}
                own: dict[str, str | None] = {}
                for column, cell in zip(names, cells, strict=True):
                    field = self.meaning.get(column)
                    if field is None:
                        content[column] = cell
                    else:
                        own[field] = cell
                yield content, own

    def _value(self, cell: str | None) -> Any:
        """An answer as it is kept, from its cell."""
        if cell is None:
            return None
        if self.question.kind == "single":
            return cell
        if self.question.kind == "scalar":
            return self._read(cell, float, "a number as an answer")
        return self._read(cell, json.loads, "a JSON list as an answer")

    def _whole(self, cell: str | None) -> int | None:
        return None if cell is None else self._read(cell, int, "a whole number of pixels")

    def _read(self, cell: str, read: Callable[[str], Any], expected: str) -> Any:
        try:
            return read(cell)
        except ValueError as error:
            raise unreadable(self.name, expected, f"{cell!r}: {error}") from None


def write_table_of_annotations(path: Path, annotations: Annotations, *, formulas: bool) -> None:
    """Write one row for each answer, and one for each item without any.

    Args:
        formulas: whether the file is CSV, whose formulas are made harmless; else it is JSON Lines.
    """
    answers = annotations.by_item()
    with path.open("w", encoding="utf-8", newline="") as file:
        write = _csv_writer(file) if formulas else _json_writer(file)
        items = list(annotations.items)
        names = list(dict.fromkeys(column for item in items for column in item.content))
        fields = [*names, *(OWN + field for field in (*_ITEM, *_ANSWER))]
        write(fields, None)
        for item in items:
            for answer in answers.get(item.key, [None]):
                write(fields, _row(item, answer))


def _row(item: Item, answer: Answer | None) -> dict[str, str | None]:
    row = dict(item.content)
    for field in _ITEM:
        value = getattr(item, field)
        row[OWN + field] = None if value in (None, "", ()) else _cell(value)
    if answer is not None:
        shown = {"answer": answer.value}
        for field in _ANSWER:
            value = shown[field] if field in shown else getattr(answer, field)
            row[OWN + field] = None if value in (None, "") else _cell(value)
    return row


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, float) else msgspec.json.encode(value).decode()


def _csv_writer(file: TextIO) -> Any:
    writer = csv.writer(file, lineterminator="\n")

    def write(fields: list[str], row: dict[str, str | None] | None) -> None:
        cells = fields if row is None else [row.get(field) or "" for field in fields]
        writer.writerow([neutral(cell) for cell in cells])

    return write


def _json_writer(file: TextIO) -> Any:
    def write(fields: list[str], row: dict[str, str | None] | None) -> None:
        if row is not None:
            kept = {field: row[field] for field in fields if row.get(field) is not None}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")

    return write


def _as_written(frame: polars.DataFrame) -> polars.DataFrame:
    """Cells and names without the marks that made formulas harmless."""
    cells = polars.all().str.strip_prefix("'")
    return frame.with_columns(cells).rename({name: original(name) for name in frame.columns})


def _key(content: dict[str, str | None], own: dict[str, str | None]) -> str:
    return own.get("key") or digest([content, own.get("image")])[:32]


def _no_column(name: str, column: str, columns: list[str]) -> SourceError:
    return SourceError(
        where=name,
        expected=f"the column {column!r}",
        received=f"the columns {', '.join(map(repr, columns[:20]))}",
        do_this="Name one of these columns.",
    )
