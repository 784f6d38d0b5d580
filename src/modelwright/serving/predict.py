"""``predict.py FILE --out FILE``: answers for a file of rows, from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .problems import Problem
from .release import Release
from .table import Summary, predict_file


def main(folder: Path | str, arguments: Sequence[str] | None = None) -> int:
    """Answer a file of rows: 0 when done, 2 with a problem in words."""
    parser = argparse.ArgumentParser(prog="predict.py", description="Answer every row of a file.")
    parser.add_argument("file", type=Path, help="CSV or JSON Lines, also .gz")
    parser.add_argument("--out", type=Path, required=True, help="the CSV file of answers")
    chosen = parser.parse_args(arguments)
    try:
        summary = predict_file(Release.load(folder), chosen.file, chosen.out)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    sys.stdout.write(f"{told(summary)} -> {chosen.out}\n")
    return 0


def told(summary: Summary) -> str:
    """The summary in words."""
    words = [f"{summary.rows} rows answered"]
    if summary.unanswered:
        words.append(f"{summary.unanswered} of them without a finite answer (left empty)")
    if summary.ignored:
        words.append("columns not used: " + ", ".join(summary.ignored))
    if summary.encoding == "latin-1":
        words.append("read as latin-1 because the file is not UTF-8")
    return "; ".join(words)
