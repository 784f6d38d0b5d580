"""How a server is told to run, and what it takes upon itself where it is not told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from modelwright.serving.options import MAX_CORES, cores, read_options


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes to cores, and has quotas")
@pytest.mark.parametrize(
    ("bound", "quota", "expected"),
    [(1, "max 100000", 1), (8, "max 100000", MAX_CORES), (8, "250000 100000", 2), (8, "50000 100000", 1),
     (3, "nonsense", 3), (3, None, 3)],
)  # fmt: skip
def test_it_uses_what_it_is_allowed_to(
    bound: int, quota: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(bound)))
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    assert cores(tmp_path / "cpu.max") == expected


def test_every_option_has_a_default() -> None:
    assert read_options([]) == read_options(["--port", "8000"])
    assert read_options(["--parallel", "3"]).parallel == 3
