"""One run of the workflow in a process of its own, told line by line on standard output."""

from __future__ import annotations

import json
import sys
from typing import Any

from modelwright.errors import ModelwrightError
from modelwright.project import StepFinished, StepNoted, StepStarted, WaitingForWriter
from modelwright.project.events import Event
from modelwright.records import summary
from modelwright.workbench.journey import answer_of


def told(event: Event) -> dict[str, Any]:
    """An event as plain data."""
    match event:
        case StepStarted():
            return {"kind": "started", "step": event.step}
        case StepNoted():
            score = event.facts.get("best_score")
            return {
                "kind": "noted",
                "step": event.step,
                "message": event.message,
                "done": event.done,
                "total": event.total,
                "best": event.facts.get("best", ""),
                "best_score": score if isinstance(score, float) else None,
            }
        case StepFinished():
            return {
                "kind": "finished",
                "step": event.step,
                "recalled": event.recalled,
                "seconds": event.seconds,
                "answer": answer_of(event.record),
                "summary": summary(event.record),
            }
        case WaitingForWriter():
            return {"kind": "waiting", "pid": event.pid, "since": event.since_utc}


def main(words: list[str]) -> int:
    """Run a project's workflow; each event is a line of JSON on standard output.

    Args:
        words: the project's folder, and the seconds that the run may take.
    """
    folder, seconds = words[0], float(words[1])

    def listen(event: Event) -> None:
        _say(told(event))

    try:
        from modelwright.workflow import run

        outcome = run(folder, seconds=seconds, listener=listen)
    except ModelwrightError as error:
        parts = {name: getattr(error, name) for name in ("where", "expected", "received", "do_this")}
        _say({"kind": "failed", **parts})
        return 1
    except KeyboardInterrupt:
        _say({"kind": "stopped"})
        return 130
    _say({"kind": "ended", "headline": outcome.card.headline})
    return 0


def _say(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
