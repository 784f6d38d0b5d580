"""Where should the model answer? What was asked for, or what the frame's constraints call for (6.3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from modelwright.errors import UsageError
from modelwright.records import Constraints, Target

ROUND_TRIP_MILLISECONDS = 20.0
"""What the network alone takes to a server in the same region and back, on an ordinary connection."""

TARGETS: tuple[Target, ...] = ("server", "device", "browser")
READY: tuple[Target, ...] = ("server", "browser")


def targets_asked(names: Sequence[str]) -> dict[Target, str]:
    """Target -> why, for targets that a person named.

    Raises:
        UsageError: a name is no target, or one that cannot be had yet.
    """
    known: dict[Target, str] = {target: "asked for with --to" for target in TARGETS if target in names}
    unknown = [name for name in names if name not in TARGETS]
    if unknown or not known:
        raise UsageError(
            where="--to",
            expected="server, browser, or both between commas",
            received=", ".join(unknown) or "nothing",
            do_this="Name where the model shall answer: --to server,browser.",
        )
    return _ready(known, "--to")


def targets_called_for(constraints: Constraints) -> dict[Target, str]:
    """Target -> why, by where the task says the model runs, whether it is offline, and how fast it must be.

    Raises:
        UsageError: the constraints call for a target that cannot be had yet.

    Source:
        Deep Learning with Python, section 6.3.2: connectivity, latency, sensitivity and size decide
        between a server, a device and a browser.
    """
    called: dict[Target, str] = {
        target: "the task says that it runs there (runs_on)"
        for target in TARGETS
        if target in constraints.runs_on
    }
    for reason in _reasons_to_be_near(constraints):
        if not {"device", "browser"} & called.keys():
            called["browser"] = reason
    return _ready(called, "task.toml, constraints.runs_on")


def cautions(constraints: Constraints, targets: Sequence[Target]) -> list[str]:
    """What whoever ships a model to these targets should know."""
    if "browser" in targets and constraints.sensitive:
        return [
            "the data are sensitive: whoever can open the page can copy the model, and what it learnt by "
            "heart of its rows with it; what visitors type stays on their machines"
        ]
    return []


def _reasons_to_be_near(constraints: Constraints) -> list[str]:
    """Why a server far away will not do, if it will not."""
    reasons: list[str] = []
    if constraints.offline:
        reasons.append("it must work without a network (offline)")
    most = constraints.max_latency_milliseconds
    if most is not None and most < ROUND_TRIP_MILLISECONDS:
        reasons.append(
            f"an answer may take {most:g} ms, and the way to a server and back alone takes about "
            f"{ROUND_TRIP_MILLISECONDS:g} (max_latency_milliseconds)"
        )
    return reasons


def _ready(targets: dict[Target, str], where: str) -> dict[Target, str]:
    missing = [target for target in targets if target not in READY]
    if missing:
        raise UsageError(
            where=where,
            expected="targets that can be had: server, browser",
            received=f"{', '.join(missing)}, which is not here yet",
            do_this="Say --to browser: the page answers on phones and tablets too, and without a network "
            "after the first visit. Or --to server.",
        )
    return targets
