"""A run in a process of its own tells what it does, stops when asked, and says when it breaks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.project import StepFinished, StepNoted, StepStarted
from modelwright.records import Verdict
from modelwright.workbench import running
from modelwright.workbench.child import told
from modelwright.workbench.running import Runner

SLOW = "import time, sys, json\nprint(json.dumps({'kind': 'started', 'step': 'develop.tune'}), flush=True)\n"


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Runner]:
    """A runner whose child is this program."""

    def made(program: str) -> Runner:
        file = tmp_path / "child.py"
        file.write_text(program)
        start = asyncio.create_subprocess_exec

        async def other(*words: str, **choices: Any) -> asyncio.subprocess.Process:
            return await start(sys.executable, str(file), **choices)

        monkeypatch.setattr(running.asyncio, "create_subprocess_exec", other)
        return Runner(tmp_path)

    return made


async def _until(runner: Runner, kind: str) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []

    async def read() -> None:
        async for event in runner.follow():
            seen.append(event)
            if event["kind"] == kind:
                return

    await asyncio.wait_for(read(), 30)
    if kind != "started":
        await runner.over()
    return seen


def test_a_run_is_told_from_its_first_word_to_its_last(child: Any) -> None:
    runner = child(SLOW + "print('a model of mine speaks')\nprint(json.dumps({'kind': 'ended'}))\n")

    async def run() -> None:
        assert await runner.start(5)
        assert [event["kind"] for event in await _until(runner, "ended")] == ["started", "ended"]

    asyncio.run(run())


def test_only_one_run_goes_on_and_it_stops_when_asked(child: Any) -> None:
    runner = child(SLOW + "time.sleep(60)\n")

    async def run() -> None:
        assert await runner.start(5)
        await _until(runner, "started")
        assert runner.goes_on
        assert runner.step == "develop.tune"
        assert not await runner.start(5)
        await runner.stop()
        assert not runner.goes_on
        assert runner.step == ""
        assert runner.events[-1]["kind"] == "stopped"

    asyncio.run(run())


def test_a_run_that_does_not_listen_is_ended(child: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "STOP_SECONDS", 0.2)
    deaf = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    runner = child(deaf + SLOW + "time.sleep(60)\n")

    async def run() -> None:
        await runner.start(5)
        await _until(runner, "started")
        await runner.stop()
        assert not runner.goes_on

    asyncio.run(run())


def test_a_run_that_breaks_off_says_what_it_last_said(child: Any) -> None:
    runner = child(SLOW + "sys.exit('out of memory')\n")

    async def run() -> None:
        await runner.start(5)
        failed = (await _until(runner, "failed"))[-1]
        assert "out of memory" in failed["received"]
        assert failed["do_this"]

    asyncio.run(run())


def test_the_oldest_words_of_a_long_run_are_forgotten(child: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MAX_EVENTS", 5)
    noted = "for n in range(50): print(json.dumps({'kind': 'noted', 'step': 's', 'n': n}))\n"
    runner = child(SLOW + noted + "print(json.dumps({'kind': 'ended'}))\n")

    async def run() -> None:
        await runner.start(5)
        await asyncio.wait_for(runner.over(), 30)
        assert [event.get("n") for event in runner.events] == [46, 47, 48, 49, None]
        assert (await _until(runner, "ended"))[0]["n"] == 46

    asyncio.run(run())


def test_events_are_told_as_plain_data() -> None:
    verdict = Verdict(question="q", answer="no", reason="too few")
    assert told(StepStarted(step="a"))["kind"] == "started"
    noted = told(StepNoted(step="a", message="m", done=1, total=4, facts={"best_score": 0.5}))
    assert (noted["done"], noted["total"], noted["best_score"]) == (1, 4, 0.5)
    finished = told(StepFinished(step="a", recalled=True, seconds=0.1, record=verdict))
    assert (finished["answer"], finished["summary"]) == ("no", "no: too few")
