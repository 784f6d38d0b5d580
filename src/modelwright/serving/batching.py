"""Rows of many callers, answered by one run of the model at a time."""

from __future__ import annotations

import asyncio
import logging
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
# Requests that are joined beyond this only wait longer: a batch's cost a row has long stopped falling.
JOINED_SECONDS = 0.05
MEMORY_OF_RUNS = 0.8  # how slowly the expected length of a run follows the last ones

Observe = Callable[[int, float], None]
Tell = Callable[[Answers | Exception], None]

logger = logging.getLogger(__name__)


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class Waiting:
    """A request in the queue.

    Args:
        tell: called once, on the event loop, with the answers or with what went wrong.
        gone: whether the caller went away: then nobody is told, and no work done.
    """

    rows: Sequence[Cells]
    size: int
    tell: Tell
    since: float
    gone: bool = False


class Batcher:
    """While one run is under way, requests gather; the next run takes them together.

    Args:
        release: the model; every run is of this release alone.
        threads: where long runs are done: the event loop stays free meanwhile.
        parallel: long runs at a time, at most; as many as there are threads.
        observe: told each run's rows and seconds.
    """

    def __init__(
        self, release: Release, threads: Executor, parallel: int = 1, observe: Observe | None = None
    ) -> None:
        self._release = release
        self._threads = threads
        self._observe = observe
        self._queue: deque[Waiting] = deque()
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._free = parallel
        self._called = False
        self._run_seconds = float("inf")  # of the last runs, the newest weighing most; unknown at first
        self._run_bytes = 1.0

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    async def answers(self, rows: Sequence[Cells], size: int) -> Answers:
        """The answers to one request's rows, for whoever can wait; as `submit`.

        Raises:
            RequestProblem: too many requests are waiting already, or this one has waited too long (503).
        """
        future: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()

        def settle(result: Answers | Exception) -> None:
            if future.done():  # cancelled a moment ago
                return
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        waiting = self.submit(rows, size, settle)
        try:
            return await future
        finally:
            waiting.gone = True

    def submit(self, rows: Sequence[Cells], size: int, tell: Tell) -> Waiting:
        """Put one request's rows in the queue.

        Through a callback rather than a future, which costs as much as reading a small request.

        Args:
            rows: as the release's schema read them.
            size: bytes of the request's body, by which the length of a run is guessed.
            tell: called with the answers, or with a 503 for who has waited too long.

        Raises:
            RequestProblem: too many requests are waiting already (503).
        """
        if len(self._queue) >= MAX_WAITING_REQUESTS:
            raise busy(f"{MAX_WAITING_REQUESTS} requests are waiting already")
        if self._queue and self._waiting_rows + len(rows) > MAX_WAITING_ROWS:
            raise busy(f"{self._waiting_rows} rows are waiting already")
        waiting = Waiting(rows, size, tell, time.monotonic())
        self._queue.append(waiting)
        self._waiting_rows += len(rows)
        self._waiting_bytes += size
        if not self._called:
            self._call()
        return waiting

    def _call(self) -> None:
        """See to the queue as soon as all that came in the same moment is in it."""
        if self._queue and self._free and not self._called:
            self._called = True
            # Asked for once a batch: each asking is a call to the system in Python 3.11.
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._called = False
        batch = self._take()
        if batch and self._is_short(batch):
            self._settle(batch, *self._answer(batch))
        elif batch:
            self._free -= 1
            work = asyncio.get_running_loop().run_in_executor(self._threads, self._answer, batch)
            work.add_done_callback(lambda done: self._done(batch, *done.result()))
        self._call()

    def _done(self, batch: list[Waiting], results: list[Answers | Exception], seconds: float) -> None:
        self._free += 1
        self._settle(batch, results, seconds)
        self._call()

    def _take(self) -> list[Waiting]:
        """The next requests, as many as one run may hold; those who waited too long are refused."""
        batch: list[Waiting] = []
        rows, size, late = 0, 0, time.monotonic() - MAX_WAITING_SECONDS
        most = self._most_bytes()
        while self._queue:
            waiting = self._queue[0]
            many = rows + len(waiting.rows) > MAX_BATCH_ROWS
            if batch and (many or size + waiting.size > most):
                break
            self._queue.popleft()
            self._waiting_rows -= len(waiting.rows)
            self._waiting_bytes -= waiting.size
            if waiting.since < late:
                _tell(waiting, busy(f"a wait of more than {MAX_WAITING_SECONDS:.0f} seconds"))
            elif not waiting.gone:
                batch.append(waiting)
                rows += len(waiting.rows)
                size += waiting.size
        return batch

    def _most_bytes(self) -> float:
        """Of a run's requests together: the queue is shared out among the free threads."""
        pace = self._run_bytes / self._run_seconds
        return min(JOINED_SECONDS * pace, max(INLINE_SECONDS * pace, self._waiting_bytes / self._free))

    def _settle(self, batch: list[Waiting], results: list[Answers | Exception], seconds: float) -> None:
        self._remember(batch, seconds)
        for waiting, result in zip(batch, results, strict=True):
            _tell(waiting, result)

    def _answer(self, batch: list[Waiting]) -> tuple[list[Answers | Exception], float]:
        """Each request's answers, or what went wrong, and the seconds it took."""
        start = time.thread_time()  # not the clock's: waiting for the other thread is not the model's fault
        results = self._each(batch)
        return results, time.thread_time() - start

    def _each(self, batch: list[Waiting]) -> list[Answers | Exception]:
        """One bad request does not fail its neighbours."""
        try:
            return self._together(batch)
        except Exception as error:  # noqa: BLE001  # whatever the runtime raises belongs to the request, not the loop
            if len(batch) == 1:
                return [error]
            return [self._each([one])[0] for one in batch]

    def _together(self, batch: list[Waiting]) -> list[Answers | Exception]:
        if len(batch) == 1:
            return [self._release.answer(batch[0].rows)]
        answers = self._release.answer([row for one in batch for row in one.rows])
        parts: list[Answers | Exception] = []
        start = 0
        for one in batch:
            parts.append(answers.part(start, start + len(one.rows)))
            start += len(one.rows)
        return parts

    def _is_short(self, batch: list[Waiting]) -> bool:
        size = sum(one.size for one in batch)
        return size * self._run_seconds <= INLINE_SECONDS * self._run_bytes

    def _remember(self, batch: list[Waiting], seconds: float) -> None:
        size, seconds = max(1, sum(one.size for one in batch)), max(1e-9, seconds)
        old = MEMORY_OF_RUNS if self._run_seconds != float("inf") else 0.0
        self._run_bytes = old * self._run_bytes + (1 - old) * size
        self._run_seconds = (old * self._run_seconds if old else 0.0) + (1 - old) * seconds
        if self._observe is not None:
            self._observe(sum(len(one.rows) for one in batch), seconds)


def _tell(waiting: Waiting, result: Answers | Exception) -> None:
    if waiting.gone:
        return
    try:
        waiting.tell(result)
    except Exception:
        logger.exception("an answer could not be told")  # the others of the batch still get theirs
