"""Ten times more than the server can do: it answers what it can, refuses the rest in words, and recovers."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SECONDS = 6.0  # python benchmarks/serving.py overload takes a minute
MAX_GROWTH_MEGABYTES = 400  # the bodies it may hold, and what they become while they are read
RECOVERY_SECONDS = 5.0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_ten_times_too_much_is_refused_in_words_and_forgotten_soon(
    release_folder: Path, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    overload = importlib.import_module("serving_overload")
    found = overload.drown([sys.executable, str(release_folder / "serve.py")], row, SECONDS)
    assert found["times"] > overload.TIMES / 2
    assert set(found["statuses"]) == {"200", "503"}
    assert found["statuses"]["200"] > found["rate"] * SECONDS / 10  # it goes on
    assert found["unexplained"] == 0
    assert found["growth_megabytes"] < MAX_GROWTH_MEGABYTES
    assert found["recovery_seconds"] < RECOVERY_SECONDS
    assert found["ended"] == 0
