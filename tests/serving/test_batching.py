"""Requests are joined while that helps them, and each is told once."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from modelwright.serving.answers import Answers
from modelwright.serving.batching import JOINED_SECONDS, Batcher

SIZE = 100  # bytes of a request, says each


class Working:
    """A release that works for so long at each row, and remembers its batches.

    Args:
        seconds: of processor time a row.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.batches: list[int] = []

    def answer(self, rows: Sequence[Any]) -> Answers:
        end = time.thread_time() + self.seconds * len(rows)
        while time.thread_time() < end:
            pass
        self.batches.append(len(rows))
        return Answers(np.array(rows), [float(row[0]) for row in rows])


def ask(release: Working, count: int) -> list[Answers]:
    async def all_at_once(batcher: Batcher) -> list[Answers]:
        return await asyncio.gather(*(batcher.answers([(float(one),)], SIZE) for one in range(count)))

    with ThreadPoolExecutor(1) as thread:
        return asyncio.run(all_at_once(Batcher(release, thread)))  # pyright: ignore[reportArgumentType]  # answers alone


def test_each_gets_its_own_answers() -> None:
    told = ask(Working(0.0), 300)
    assert [one.prediction for one in told] == [[float(number)] for number in range(300)]


def test_short_runs_are_joined() -> None:
    release = Working(0.00001)
    ask(release, 300)
    assert max(release.batches) > 100


def test_long_runs_are_not_joined_beyond_use() -> None:
    release = Working(0.01)
    ask(release, 30)
    assert sum(release.batches) == 30
    assert release.batches[0] == 1  # how long a run takes is not known yet
    assert 2 <= max(release.batches) <= 1.5 * JOINED_SECONDS / release.seconds


class Meeting(Working):
    """A release whose runs, after the first, wait until so many are under way at a time."""

    def __init__(self, parties: int) -> None:
        super().__init__(0.004)
        self.barrier = threading.Barrier(parties, timeout=20)

    def answer(self, rows: Sequence[Any]) -> Answers:
        if self.batches:
            self.barrier.wait()
        return super().answer(rows)


def test_long_runs_go_on_beside_each_other_and_share_the_queue() -> None:
    release = Meeting(3)

    async def one_then_twelve(batcher: Batcher) -> list[Answers]:
        await batcher.answers([(0.0,)], SIZE)  # says how long a run takes
        return await asyncio.gather(*(batcher.answers([(float(one),)], SIZE) for one in range(12)))

    with ThreadPoolExecutor(3) as threads:
        told = asyncio.run(one_then_twelve(Batcher(release, threads, 3)))  # pyright: ignore[reportArgumentType]  # answers alone
    assert [one.prediction for one in told] == [[float(number)] for number in range(12)]
    assert release.batches == [1, 4, 4, 4]


def test_who_cannot_be_told_keeps_nobody_from_being_told(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Answers | Exception] = []

    def broken(_: Answers | Exception) -> None:
        raise RuntimeError("gone wrong")

    async def three(batcher: Batcher) -> None:
        for tell in (told.append, broken, told.append):
            batcher.submit([(1.0,)], SIZE, tell)
        gone = batcher.submit([(2.0,)], SIZE, broken)
        gone.gone = True
        assert (await batcher.answers([(3.0,)], SIZE)).prediction == [3.0]

    with ThreadPoolExecutor(1) as thread, caplog.at_level(logging.ERROR):
        asyncio.run(three(Batcher(Working(0.0), thread)))  # pyright: ignore[reportArgumentType]  # answers alone
    assert len(told) == 2
    assert len(caplog.records) == 1
