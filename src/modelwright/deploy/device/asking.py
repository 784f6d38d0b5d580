"""What does a device's folder answer? Its own program is run, with the real LiteRT, and asked row by row."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from modelwright.deploy.raw_rows import RawRow
from modelwright.errors import ReleaseError
from modelwright.serving.manifest import Manifest
from modelwright.serving.rows import Schema

MAX_TOLD_CHARACTERS = 400
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAnswers:
    """What a device's program said.

    Args:
        answers: one a row: `prediction` and `outputs`.
        first_answer_milliseconds: from starting the program to its first answer.
        row_milliseconds: what each row after the first took, preparation and all.
    """

    program: str
    answers: list[dict[str, Any]]
    first_answer_milliseconds: float
    row_milliseconds: list[float]


def typed_rows(manifest: Manifest, rows: Sequence[RawRow]) -> list[RawRow]:
    """Raw rows as a device has them: numbers, dates as seconds since 1970, texts; None where missing."""
    names = [field.name for field in manifest.inputs]
    cells = Schema(manifest.inputs).read(rows)
    return [{name: _typed(cell) for name, cell in zip(names, row, strict=True)} for row in cells]


def _typed(cell: float | str) -> float | str | None:
    if isinstance(cell, float):
        return None if math.isnan(cell) else cell
    return cell or None


def ask_device(folder: Path, rows: Sequence[RawRow], file: str = "model.tflite") -> DeviceAnswers:
    """Run the folder's program, ask it typed rows, and stop it.

    Raises:
        ReleaseError: it does not start, or stops before all rows are answered.
    """
    answers: list[dict[str, Any]] = []
    ends: list[float] = [time.perf_counter()]
    command = [sys.executable, "-B", str(folder / "answer.py"), file]
    with (
        tempfile.TemporaryFile("w+", errors="replace") as told,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for row in rows:
                process.stdin.write(json.dumps(row).encode() + b"\n")
                process.stdin.flush()
                answers.append(json.loads(process.stdout.readline()))
                ends.append(time.perf_counter())
            process.stdin.close()
            process.wait(STOP_SECONDS)
        except (BrokenPipeError, json.JSONDecodeError) as error:
            process.kill()
            raise _failed(_read(told)) from error
        program = _read(told)
    took = [1000 * (end - start) for start, end in itertools.pairwise(ends)]
    version = next((line for line in program.splitlines() if line.startswith("LiteRT ")), "LiteRT")
    return DeviceAnswers(
        program=f"{version}, one thread, preparation.py",
        answers=answers,
        first_answer_milliseconds=took[0],
        row_milliseconds=took[1:],
    )


def _read(told: IO[str]) -> str:
    told.seek(0)
    return told.read().strip()


def _failed(received: str) -> ReleaseError:
    return ReleaseError(
        where="the model on a device",
        expected="an answer to every row",
        received=received[-MAX_TOLD_CHARACTERS:] or "nothing",
        do_this="Run the folder's answer.py by hand and see what it says; nothing was shipped.",
    )
