"""What does a release say of the rows of a file?"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from modelwright.errors import ReleaseError, SourceError
from modelwright.serving.problems import Problem, ReleaseProblem
from modelwright.serving.release import Release
from modelwright.serving.table import Summary, predict_file


def answer_file(folder: Path, file: Path, out: Path) -> Summary:
    """Answer every row of a CSV, JSON Lines or Parquet file into a CSV file, in the same order.

    Args:
        folder: a release. out: columns ``prediction`` and, for classes, ``probability_<class>``.

    Raises:
        ReleaseError: the release is missing or damaged.
        SourceError: the file cannot be read, lacks a column, or a cell does not fit the schema.
    """
    try:
        release = Release.load(folder)
        with _as_text(file) as rows:
            return predict_file(release, rows, out)
    except ReleaseProblem as problem:
        raise ReleaseError(**_four_parts(problem)) from None
    except Problem as problem:
        raise SourceError(**_four_parts(problem)) from None


def _four_parts(problem: Problem) -> dict[str, str]:
    return {
        "where": problem.where,
        "expected": problem.expected,
        "received": problem.received,
        "do_this": problem.do_this,
    }


@contextmanager
def _as_text(file: Path) -> Generator[Path]:
    """The file itself, or a Parquet file's rows as JSON Lines: releases read text only, to stay small."""
    if file.suffix.lower() not in (".parquet", ".pq"):
        yield file
        return
    import polars

    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / f"{file.stem}.jsonl"
        try:
            polars.scan_parquet(file).sink_ndjson(lines)
        except (OSError, polars.exceptions.PolarsError) as error:
            raise SourceError(
                where=str(file),
                expected="a Parquet file",
                received=str(error).splitlines()[0],
                do_this="Check the path and that the file is complete.",
            ) from error
        yield lines
