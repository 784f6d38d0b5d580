from __future__ import annotations

import time
from typing import Any

import pytest

from modelwright.deploy import timing
from modelwright.deploy.timing import this_machine, time_in_turns


class Slow:
    """Answers after so many milliseconds, of the processor's time."""

    loads = 0

    def __init__(self, milliseconds: float) -> None:
        type(self).loads += 1
        self.seconds = milliseconds / 1_000

    def answer(self, feed: Any) -> Any:
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            pass


def test_a_file_twice_as_fast_is_found_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ROUNDS", 7)
    found = time_in_turns({"float": lambda: Slow(0.4), "half": lambda: Slow(0.2)}, [0])
    assert found["float"].ratio.value == found["float"].ratio.low == 1
    assert found["half"].ratio.high < 0.8
    assert 0.2 <= found["half"].milliseconds < 0.4 <= found["float"].milliseconds


def test_every_round_loads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ROUNDS", 5)
    before = Slow.loads
    time_in_turns({"float": lambda: Slow(0.0), "other": lambda: Slow(0.0)}, [0])
    assert Slow.loads - before == 10


def test_slow_files_get_fewer_rounds_but_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "SECONDS", 0.0)
    before = Slow.loads
    time_in_turns({"float": lambda: Slow(0.1)}, [0])
    assert Slow.loads - before == timing.LEAST_ROUNDS


def test_the_machine_is_named_with_its_library() -> None:
    assert this_machine().startswith("onnxruntime ")
    assert "one thread" in this_machine()
