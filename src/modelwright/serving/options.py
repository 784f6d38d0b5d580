"""How a server is told to run: its options, on the command line of ``serve.py`` and ``modelwright serve``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of the container it is in: microseconds of microseconds
MAX_CORES = 4  # each run takes memory of its own: more of them at a time are asked for by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a server runs.

    Args:
        host: the address to listen on. port: 0 takes a free one.
        certificate, key: PEM files for TLS; both or neither.
        behind_proxy: whether a proxy in front does TLS, so that other machines may be answered in clear.
        tokens: a file of bearer tokens; without it the environment is looked at.
        watch: whether the release's folder is watched for a new release, besides SIGHUP.
        log: an SQLite file, or a PostgreSQL database's address, for every row asked and its answer; without
            it nothing is written down.
        log_mask: columns whose values stay out of it, between commas; ``*`` for all. None masks all where
            the release's data are sensitive, else nothing.
        log_megabytes: its limit; the oldest rows make room.
        parallel: runs of the model at a time, where a run is long; None: as `cores` says.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    tokens: Path | None = None
    watch: bool = False
    log: str | None = None
    log_mask: str | None = None
    log_megabytes: int = 1000
    parallel: int | None = None

    def masked(self, *, sensitive: bool) -> tuple[str, ...]:
        """The columns that stay out of the log."""
        if self.log_mask is None:
            return ("*",) if sensitive else ()
        return tuple(name.strip() for name in self.log_mask.split(",") if name.strip())


def cores(quota: Path = QUOTA) -> int:
    """How many cores this process may keep busy, from 1 to `MAX_CORES`."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        bound = min(bound, int(allowed) // int(period))
    except (OSError, ValueError):  # no such file, or "max"
        pass
    return min(MAX_CORES, max(1, bound))


def read_options(arguments: Sequence[str] | None) -> Options:
    """The options of a command line."""
    parser = argparse.ArgumentParser(prog="serve.py", description="Answer rows over HTTP (POST /predict).")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes a free one")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="TLS certificate chain (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="TLS private key (PEM)")
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy in front does TLS: other addresses may be listened on",
    )
    parser.add_argument(
        "--tokens",
        type=Path,
        metavar="FILE",
        help="bearer tokens, one a line (or in MODELWRIGHT_TOKENS, between blanks)",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="swap to a new release when the folder changes (SIGHUP does it always)",
    )
    parser.add_argument(
        "--log",
        metavar="FILE|URL",
        help="write rows and answers to this SQLite file, or to postgresql://user@host/database",
    )
    parser.add_argument(
        "--log-mask",
        metavar="COLUMN,...",
        help="columns whose values stay out of the log; * for all (so it is where the data are sensitive)",
    )
    parser.add_argument(
        "--log-megabytes",
        type=int,
        default=1000,
        metavar="N",
        help="limit of the log; the oldest rows make room",
    )
    parser.add_argument(
        "--parallel",
        type=int,
        metavar="N",
        help="long runs of the model at a time (default: as many as cores it may use, at most 4)",
    )
    return Options(**vars(parser.parse_args(arguments)))
