"""A toy workflow run as a process of its own, to be killed: ``python toy.py FOLDER [KIND MOMENT]``.

KIND ``operation`` kills at the n-th write, fsync or rename; ``second`` kills after so many seconds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from modelwright.project import Project
from modelwright.records import Blob, Card, Desk, Source, step

PARTS = 4
BYTES = 20_000


@step(version=1)
def part(desk: Desk, source: Source, *, stage: int, number: int) -> Blob:
    size = desk.read(source.file).stat().st_size
    time.sleep(0.004)  # so that kills also fall between writes
    return desk.keep(random.Random(f"{stage} {number} {size}").randbytes(BYTES), "bytes")


@step(version=1)
def stage(desk: Desk, source: Source, before: Card | None, *, stage: int) -> Card:
    total = 0 if before is None else int(before.facts[0])
    for number in range(PARTS):
        desk.note("part", done=number, total=PARTS)
        total += sum(desk.read(desk.once(part, source, stage=stage, number=number)))
    return Card(
        report=desk.keep(repr(total).encode(), "bytes"), headline=f"stage {stage}", facts=(repr(total),)
    )


def work(folder: str) -> dict[str, str]:
    with Project.create(folder) as project:
        source = project.adopt(os.path.join(os.path.dirname(__file__), "toy.py"))
        card = None
        for number in range(3):
            card = project.run(stage, source, card, stage=number)
        return {entry.key: entry.record_digest for entry in project.history()}


def kill_at_operation(moment: int) -> None:
    left = [moment]

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        return act

    for name in ("write", "fsync", "replace"):
        setattr(os, name, counting(getattr(os, name)))


def kill_after(seconds: float) -> None:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    if sys.argv[2:3] == ["operation"]:
        kill_at_operation(int(sys.argv[3]))
    elif sys.argv[2:3] == ["second"]:
        kill_after(float(sys.argv[3]))
    sys.stdout.write(json.dumps(work(sys.argv[1]), sort_keys=True))
