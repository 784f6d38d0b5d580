"""A file of rows -> a file of answers, in memory that does not grow with the file."""

from __future__ import annotations

import csv
import itertools
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from .answers import Answers
from .cells import NUMBER
from .manifest import Manifest
from .problems import TableProblem
from .reading import detect_encoding, read_file
from .release import CHUNK_ROWS, Release
from .rows import Row

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run such a cell as a formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What answering a file came to.

    Args:
        rows: answered. unanswered: of these, how many have no finite answer (their cells are empty).
        ignored: columns of the file that the model does not know.
        encoding: of the file.
    """

    rows: int
    unanswered: int
    ignored: tuple[str, ...]
    encoding: str


def predict_file(release: Release, source: Path | str, out: Path | str) -> Summary:
    """Answer every row of a CSV or JSON Lines file (also .gz) into a CSV file, in the same order.

    Empty cells are missing values. Columns the model does not know are ignored and named in the summary.

    Args:
        out: appears only once complete.

    Raises:
        TableProblem: a file cannot be read or written, or lacks a required column.
        RowProblem: a row breaks the schema.
    """
    source, out = Path(source), Path(out)
    encoding = detect_encoding(source)
    rows = read_file(source, release.manifest, encoding)
    with _replacing(out) as written:
        ignored, total, unanswered = set[str](), 0, 0
        write = csv.writer(written, lineterminator="\n")
        write.writerow(header(release.manifest))
        for chunk in _batched(rows, CHUNK_ROWS):
            for row in chunk:
                ignored |= row.keys() - release.schema.names
            answers = release.predict(chunk, first=total + 1, extras=True)
            write.writerows(answer_cells(release.manifest, answers))
            total += len(chunk)
            unanswered += answers.prediction.count(None)
    return Summary(rows=total, unanswered=unanswered, ignored=tuple(sorted(ignored)), encoding=encoding)


def header(manifest: Manifest) -> list[str]:
    """The columns of the answers: prediction, and the probability of each class."""
    if manifest.kind == "vector_regression":
        return [f"prediction_{target}" for target in manifest.targets]
    return ["prediction", *(f"probability_{name}" for name in manifest.classes)]


def answer_cells(manifest: Manifest, answers: Answers) -> Iterator[list[str | float]]:
    """One list of cells a row, in the order of the header; empty cells where there is no answer."""
    width = len(header(manifest))
    for prediction, outputs in zip(answers.prediction, answers.outputs.tolist(), strict=True):
        if prediction is None:
            yield [""] * width
        elif isinstance(prediction, dict):
            yield list(prediction.values())
        else:
            yield [safe_cell(prediction), *(outputs if manifest.classes else ())]


def safe_cell(cell: str | float) -> str | float:
    """A cell that no spreadsheet runs as a formula."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def _batched(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while chunk := list(itertools.islice(rows, size)):
        yield chunk


@contextmanager
def _replacing(path: Path) -> Generator[TextIO]:
    """A file that appears under its name only when it is complete."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as written:
            yield written
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _unwritable(path: Path, error: OSError) -> TableProblem:
    return TableProblem(
        where=str(path),
        expected="a file that can be written",
        received=error.strerror or str(error),
        do_this="Choose another --out, or make room.",
    )
