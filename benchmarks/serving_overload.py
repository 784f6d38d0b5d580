"""More asked of a server than it can answer: what becomes of the requests and of its memory?"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

TIMES = 10
ROWS = 2_000  # a request that costs the server far more than the caller
PEACE_SECONDS = 2.0
BUSY_CONNECTIONS = 8
MAX_OPEN = 800  # connections at a time; a process may have 1,024 files open, and the callers are one process
PATIENCE_SECONDS = 60.0


class Flood:
    """Requests, each on a connection of its own.

    Args:
        port: the server's. body: what each asks.
    """

    def __init__(self, port: int, body: bytes) -> None:
        self.port = port
        self.request = (
            b"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body
        )
        self.statuses: Counter[str] = Counter()
        self.unexplained = 0

    async def ask(self) -> None:
        """One request, and what became of it."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(self.request)
            text = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
            writer.close()
        except (OSError, TimeoutError) as error:
            self.statuses[type(error).__name__] += 1
            return
        status = text[9:12].decode()
        self.statuses[status] += 1
        if status == "503" and (b"retry-after: 1" not in text or b"do_this" not in text):
            self.unexplained += 1

    async def closed(self, seconds: float) -> float:
        """Requests a second where each caller waits for its answer."""
        end, before = time.monotonic() + seconds, self.statuses["200"]

        async def caller() -> None:
            while time.monotonic() < end:
                await self.ask()

        await asyncio.gather(*(caller() for _ in range(BUSY_CONNECTIONS)))
        return (self.statuses["200"] - before) / seconds

    async def open(self, rate: float, seconds: float) -> None:
        """Requests at a rate, whatever becomes of them."""
        start, asked = time.monotonic(), set[asyncio.Task[None]]()
        sent = 0
        while (now := time.monotonic() - start) < seconds:
            while sent < now * rate and len(asked) < MAX_OPEN:
                task = asyncio.create_task(self.ask())
                asked.add(task)
                task.add_done_callback(asked.discard)
                sent += 1
            await asyncio.sleep(0.005)
        await asyncio.gather(*asked)


def drown(command: list[str], row: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Start a server, ask ten times too much of it for a while, and see whether it recovers.

    Args:
        command: the server, without its port. row: asked so many times in each request.

    Returns:
        rate: requests a second in peace. times: as many as that were sent. statuses: what became of
        them. unexplained: refusals without Retry-After or words. growth_megabytes: of its memory, at
        most. recovery_seconds: from the flood's end to the first answer. ended: its exit status.
    """
    process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
        flood = Flood(port, json.dumps([row] * ROWS).encode())
        rate, growth = asyncio.run(_watched(flood, process.pid, seconds))
        found = {
            "rows": ROWS,
            "seconds": seconds,
            "rate": rate,
            "times": flood.statuses.total() / seconds / rate,
            "statuses": dict(flood.statuses),
            "unexplained": flood.unexplained,
            "growth_megabytes": growth / 1e6,
            "recovery_seconds": _recovered(port, row),
        }
    finally:
        process.terminate()
        process.communicate(timeout=30)
    return {**found, "ended": process.returncode}


async def _watched(flood: Flood, pid: int, seconds: float) -> tuple[float, int]:
    """The rate in peace, and the memory's growth while the flood is on."""
    rate = await flood.closed(PEACE_SECONDS)
    quiet, highest = resident_bytes(pid), 0
    flood.statuses = Counter()
    under = asyncio.create_task(flood.open(TIMES * rate, seconds))
    while not under.done():
        highest = max(highest, resident_bytes(pid) - quiet)
        await asyncio.sleep(0.1)
    await under
    return rate, highest


def _recovered(port: int, row: dict[str, Any]) -> float:
    """Seconds until a plain request is answered again."""
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE_SECONDS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        connection.request("POST", "/predict", json.dumps(row))
        status = connection.getresponse().status
        connection.close()
        if status == 200:
            break
    return time.monotonic() - start


def resident_bytes(pid: int) -> int:
    """Memory of a process now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
