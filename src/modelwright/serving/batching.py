"""Rows of many callers, answered by one run of the model at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .refusals import busy
from .release import Release
from .rows import Tensors

MAX_BATCH_ROWS = 1024  # rows joined into one run; a single request may bring more and then runs by itself
MAX_WAITING_REQUESTS = 2048  # beyond this, waiting would be longer than a caller's patience: 503

Outputs = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Waiting:
    tensors: Tensors
    rows: int
    outputs: asyncio.Future[Outputs]


class Batcher:
    """While one run is under way, requests gather; the next run takes them together.

    Args:
        release: the model.
        thread: an executor of one thread: the event loop stays free while the model works.
    """

    def __init__(self, release: Release, thread: Executor) -> None:
        self._release = release
        self._thread = thread
        self._queue: deque[_Waiting] = deque()
        self._work: asyncio.Task[None] | None = None

    async def outputs(self, tensors: Tensors, rows: int) -> Outputs:
        """The outputs of one request's rows.

        Raises:
            RequestProblem: too many requests are waiting already (503).
        """
        if len(self._queue) >= MAX_WAITING_REQUESTS:
            raise busy(f"{MAX_WAITING_REQUESTS} requests are waiting already")
        waiting = _Waiting(tensors, rows, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._work is None:
            self._work = asyncio.create_task(self._drain())
        return await waiting.outputs

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                await asyncio.sleep(0)  # requests that came in the same moment join the batch
                batch = self._take()
                results = await loop.run_in_executor(self._thread, self._answer, batch)
                for waiting, result in zip(batch, results, strict=True):
                    _settle(waiting.outputs, result)
        finally:
            self._work = None

    def _take(self) -> list[_Waiting]:
        batch = [self._queue.popleft()]
        rows = batch[0].rows
        while self._queue and rows + self._queue[0].rows <= MAX_BATCH_ROWS:
            batch.append(self._queue.popleft())
            rows += batch[-1].rows
        return batch

    def _answer(self, batch: list[_Waiting]) -> list[Outputs | Exception]:
        """Each request's outputs, or what went wrong. One bad request does not fail its neighbours."""
        try:
            return self._together(batch)
        except Exception as error:  # noqa: BLE001  # whatever the runtime raises belongs to the request, not the loop
            if len(batch) == 1:
                return [error]
            return [self._answer([one])[0] for one in batch]

    def _together(self, batch: list[_Waiting]) -> list[Outputs | Exception]:
        if len(batch) == 1:
            return [self._release.run(batch[0].tensors, batch[0].rows)]
        joined: dict[str, NDArray[Any]] = {
            name: np.concatenate([one.tensors[name] for one in batch]) for name in batch[0].tensors
        }
        ends = np.cumsum([one.rows for one in batch])
        outputs = self._release.run(joined, int(ends[-1]))
        return list(np.split(outputs, ends[:-1]))


def _settle(future: asyncio.Future[Outputs], result: Outputs | Exception) -> None:
    if future.done():  # the caller went away
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
