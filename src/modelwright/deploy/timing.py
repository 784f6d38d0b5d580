"""How long does one row take in each file, here and now? In turns, so that all meet the same noise."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from modelwright.records import Timing
from modelwright.statistics.medians import median

ROUNDS = 15
"""In each round every file is loaded anew: where its weights come to lie in memory makes the very same file
up to 7% faster or slower, for as long as it is loaded."""

TURNS, CALLS = 3, 10
"""In a round each file has so many turns, and answers so many rows on end in each. Its weights are then as
near to the processor as in service; after a call to another file they would be gone from its caches."""

LEAST_ROUNDS, SECONDS = 7, 30.0
"""Slow files are timed for about so long altogether, but never in fewer rounds than an interval needs."""


class Answering(Protocol):
    """A loaded file."""

    def answer(self, feed: Any) -> Any:
        """Its answer."""
        ...


def time_in_turns(files: Mapping[str, Callable[[], Answering]], feeds: Sequence[Any]) -> dict[str, Timing]:
    """The median time of one row, and its ratio to the first file's, round by round.

    Args:
        files: how each is loaded; the one to compare with first. feeds: single rows, as the files read them.
    """
    taken: dict[str, list[float]] = {name: [] for name in files}
    order = np.random.default_rng(0)
    started = time.perf_counter()
    for number in range(ROUNDS):
        if number >= LEAST_ROUNDS and time.perf_counter() - started > SECONDS:
            break
        loaded = {name: files[name]() for name in order.permutation(list(files)).tolist()}
        for name, milliseconds in _round(loaded, feeds).items():
            taken[name].append(milliseconds)
    return timings_of(taken)


def timings_of(taken: Mapping[str, Sequence[float]]) -> dict[str, Timing]:
    """The median time, and its ratio to the first file's, from the milliseconds of each round."""
    first = np.array(next(iter(taken.values())))
    return {
        name: Timing(milliseconds=float(np.median(times)), ratio=median(np.array(times) / first))
        for name, times in taken.items()
    }


def _round(loaded: Mapping[str, Answering], feeds: Sequence[Any]) -> dict[str, float]:
    """Each file's milliseconds a row, median over its turns."""
    taken: dict[str, list[float]] = {name: [] for name in loaded}
    for _ in range(TURNS):
        for name, file in loaded.items():
            taken[name] += _turn(file, feeds)
    return {name: statistics.median(times) for name, times in taken.items()}


def _turn(file: Answering, feeds: Sequence[Any]) -> list[float]:
    """Milliseconds of each row; of the first, which finds the caches cold, none."""
    times: list[float] = []
    for call in range(CALLS + 1):
        start = time.perf_counter()
        file.answer(feeds[call % len(feeds)])
        times.append(1000 * (time.perf_counter() - start))
    return times[1:]


def this_machine(runtime: str = "onnxruntime") -> str:
    """Where times are taken: processor, system, the runtime (as its package is called), one thread."""
    from importlib.metadata import version

    return f"{runtime} {version(runtime)}, one thread, {processor()}, {platform.system()}"


def processor() -> str:
    """The processor's name where the system tells it, else its kind."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0]} ({platform.machine()})" if names else platform.processor() or platform.machine()
