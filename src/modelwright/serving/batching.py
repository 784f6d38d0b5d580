"""Rows of many callers, answered by one run of the model at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from .answers import Answers
from .refusals import busy
from .release import Release
from .rows import Cells

MAX_BATCH_ROWS = 1024  # rows joined into one run; a single request may bring more and then runs by itself
MAX_WAITING_REQUESTS = 2048  # beyond this, waiting would be longer than a caller's patience: 503
MAX_WAITING_ROWS = 320_000  # about 100 MB of them
MAX_WAITING_SECONDS = 5.0  # who has waited so long is refused rather than answered too late
# A run shorter than this is done at once: handing it to the thread and back costs as much under load, and
# other callers notice two milliseconds less than the switching.
INLINE_SECONDS = 0.002
MEMORY_OF_RUNS = 0.8  # how slowly the expected length of a run follows the last ones

Observe = Callable[[int, float], None]


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class _Waiting:
    rows: Sequence[Cells]
    size: int
    since: float
    answers: asyncio.Future[Answers]


class Batcher:
    """While one run is under way, requests gather; the next run takes them together.

    Args:
        release: the model; every run is of this release alone.
        thread: an executor of one thread: the event loop stays free while the model works long.
        observe: told each run's rows and seconds.
    """

    def __init__(self, release: Release, thread: Executor, observe: Observe | None = None) -> None:
        self._release = release
        self._thread = thread
        self._observe = observe
        self._queue: deque[_Waiting] = deque()
        self._waiting_rows = 0
        self._working = False
        self._run_seconds = float("inf")  # of the last runs, the newest weighing most; unknown at first
        self._run_bytes = 1.0

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    def submit(self, rows: Sequence[Cells], size: int) -> asyncio.Future[Answers]:
        """The answers to come of one request's rows.

        Args:
            rows: as the release's schema read them.
            size: bytes of the request's body, by which the length of a run is guessed.

        Raises:
            RequestProblem: too many requests are waiting already (503). The future raises it for who
                has waited too long.
        """
        if len(self._queue) >= MAX_WAITING_REQUESTS:
            raise busy(f"{MAX_WAITING_REQUESTS} requests are waiting already")
        if self._queue and self._waiting_rows + len(rows) > MAX_WAITING_ROWS:
            raise busy(f"{self._waiting_rows} rows are waiting already")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(rows, size, time.monotonic(), loop.create_future())
        self._queue.append(waiting)
        self._waiting_rows += len(rows)
        if not self._working:
            self._working = True
            loop.call_soon(self._next)  # requests that came in the same moment join the batch
        return waiting.answers

    def _next(self) -> None:
        batch = self._take()
        if not batch:
            self._working = False
        elif self._expected_seconds(batch) <= INLINE_SECONDS:
            self._settle(batch, self._answer(batch))
        else:
            work = asyncio.get_running_loop().run_in_executor(self._thread, self._answer, batch)
            work.add_done_callback(lambda done: self._settle(batch, done.result()))

    def _take(self) -> list[_Waiting]:
        """The next requests, as many as one run may hold; those who waited too long are refused."""
        batch: list[_Waiting] = []
        rows, late = 0, time.monotonic() - MAX_WAITING_SECONDS
        while self._queue and (not batch or rows + len(self._queue[0].rows) <= MAX_BATCH_ROWS):
            waiting = self._queue.popleft()
            self._waiting_rows -= len(waiting.rows)
            if waiting.since < late:
                _tell(waiting, busy(f"a wait of more than {MAX_WAITING_SECONDS:.0f} seconds"))
            elif not waiting.answers.done():  # else the caller went away
                batch.append(waiting)
                rows += len(waiting.rows)
        return batch

    def _settle(self, batch: list[_Waiting], results: list[Answers | Exception]) -> None:
        for waiting, result in zip(batch, results, strict=True):
            _tell(waiting, result)
        asyncio.get_running_loop().call_soon(self._next)

    def _answer(self, batch: list[_Waiting]) -> list[Answers | Exception]:
        """Each request's answers, or what went wrong. One bad request does not fail its neighbours."""
        start = time.thread_time()  # not the clock's: waiting for the other thread is not the model's fault
        try:
            return self._together(batch)
        except Exception as error:  # noqa: BLE001  # whatever the runtime raises belongs to the request, not the loop
            if len(batch) == 1:
                return [error]
            return [self._answer([one])[0] for one in batch]
        finally:
            self._remember(batch, time.thread_time() - start)

    def _together(self, batch: list[_Waiting]) -> list[Answers | Exception]:
        if len(batch) == 1:
            return [self._release.answer(batch[0].rows)]
        answers = self._release.answer([row for one in batch for row in one.rows])
        parts: list[Answers | Exception] = []
        start = 0
        for one in batch:
            parts.append(answers.part(start, start + len(one.rows)))
            start += len(one.rows)
        return parts

    def _expected_seconds(self, batch: list[_Waiting]) -> float:
        return sum(one.size for one in batch) * self._run_seconds / self._run_bytes

    def _remember(self, batch: list[_Waiting], seconds: float) -> None:
        size = max(1, sum(one.size for one in batch))
        old = MEMORY_OF_RUNS if self._run_seconds != float("inf") else 0.0
        self._run_bytes = old * self._run_bytes + (1 - old) * size
        self._run_seconds = (old * self._run_seconds if old else 0.0) + (1 - old) * seconds
        if self._observe is not None:
            self._observe(sum(len(one.rows) for one in batch), seconds)


def _tell(waiting: _Waiting, result: Answers | Exception) -> None:
    if waiting.answers.done():  # the caller went away
        return
    if isinstance(result, Exception):
        waiting.answers.set_exception(result)
    else:
        waiting.answers.set_result(result)
