"""How much memory may still be taken, and giving back what was freed."""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from pathlib import Path

# Where the system does not say how much is free.
ASSUMED_FREE_BYTES = 2_000_000_000

LARGE_BLOCK_BYTES = 16 * 2**20
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h

_given_back = 0.0


def free_bytes() -> int:
    """Memory that may still be taken: of the machine, and of the container where one sets a limit."""
    found = [value for value in (_machine_bytes(), _container_bytes()) if value is not None]
    return min(found, default=ASSUMED_FREE_BYTES)


def _machine_bytes() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return None
    except OSError:
        names = getattr(os, "sysconf_names", {})
        return (
            os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_AVPHYS_PAGES" in names else None
        )


def _container_bytes() -> int | None:
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        return None if limit == "max" else max(0, int(limit) - used)
    except (OSError, ValueError):
        return None


def few_heaps(threads: int) -> None:
    """Have the C library (glibc) keep a heap for each of so many threads, and large blocks out of them.

    By itself it makes eight for each core, and puts large blocks into them once the first was freed: a large
    model's gradients then leave holes in every one. The five IMDB models of the book took 727 MB so (one
    run), and took 652 to 688 MB with few heaps (six runs).
    """
    with suppress(OSError, AttributeError):  # another C library, or none that can be opened so
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
        library.mallopt(M_TRIM_THRESHOLD, LARGE_BLOCK_BYTES)
        library.mallopt(M_ARENA_MAX, threads)


def give_back(*, at_most_every: float = 0.0) -> None:
    """Hand memory that was freed back to the system, where the C library keeps it for later (glibc).

    Compiling and building leave some hundred megabytes behind.

    Args:
        at_most_every: seconds; sooner after the last time, nothing is done.
    """
    global _given_back
    now = time.monotonic()
    if now - _given_back < at_most_every:
        return
    _given_back = now
    with suppress(OSError, AttributeError):  # as above
        ctypes.CDLL(None).malloc_trim(0)
