"""Where should the model answer? What was asked for, or what the frame's constraints call for (6.3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from modelwright.errors import UsageError
from modelwright.records import OUT_OF_REACH, Constraints, Family, Target

ROUND_TRIP_MILLISECONDS = 20.0
"""What the network alone takes to a server in the same region and back, on an ordinary connection."""

TARGETS: tuple[Target, ...] = ("server", "device", "browser")


NEVER_SHIPPED: tuple[Family, ...] = ("prior", "existing")
"""What models are measured against: common sense, and today's solution, which answers already."""


def targets_asked(names: Sequence[str]) -> dict[Target, str]:
    """Target -> why, for targets that a person named.

    Raises:
        UsageError: a name is no target.
    """
    known: dict[Target, str] = {target: "asked for with --to" for target in TARGETS if target in names}
    unknown = [name for name in names if name not in TARGETS]
    if unknown or not known:
        raise UsageError(
            where="--to",
            expected="server, device, browser, or several between commas",
            received=", ".join(unknown) or "nothing",
            do_this="Name where the model shall answer: --to server,browser.",
        )
    return known


def targets_called_for(constraints: Constraints) -> dict[Target, str]:
    """Target -> why, by where the task says the model runs, whether it is offline, and how fast it must be.

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
    return called


def cautions(constraints: Constraints, targets: Sequence[Target]) -> list[str]:
    """What whoever ships a model to these targets should know."""
    if not constraints.sensitive:
        return []
    found: list[str] = []
    if "browser" in targets:
        found.append(
            "the data are sensitive: whoever can open the page can copy the model, and what it learnt by "
            "heart of its rows with it; what visitors type stays on their machines"
        )
    if "device" in targets:
        found.append(
            "the data are sensitive: whoever has the device can copy the model, and what it learnt by heart "
            "of its rows with it"
        )
    return found


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


def reachable(family: Family) -> tuple[Target, ...]:
    """Where a model of this family can answer; nowhere for what was only compared with."""
    if family in NEVER_SHIPPED:
        return ()
    return tuple(target for target in TARGETS if family not in OUT_OF_REACH.get(target, {}))


def require_reachable(targets: Sequence[Target], family: Family) -> None:
    """Refuse a target that models of this family cannot go to.

    Raises:
        UsageError: there is one; other families, and other targets, are named.
    """
    for target in targets:
        why = OUT_OF_REACH.get(target, {}).get(family)
        if why is not None:
            raise UsageError(
                where=f"--to {target}",
                expected="a model that can go there: a linear one, a network, or one of your own",
                received=f"the confirmed model, of the family {family}: {why}",
                do_this=f'Say runs_on = ["{target}"] under constraints in task.toml and run again: then only '
                "models that can go there are tried. Or --to browser, which runs on phones too.",
            )
