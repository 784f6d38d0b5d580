"""The tables of benchmarks/results/checks.md, from what benchmarks/checks.py counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelwright.statistics.intervals import wilson_of_counts

OURS = "modelwright"
LEAST_FOUND = 0.95
MOST_ALARMS = 0.05

Record = dict[str, Any]
Key = tuple[Any, ...]
Outcomes = dict[Key, bool]


def written(results: Record) -> str:
    """The tables as Markdown."""
    contenders = {name: one for name, one in results.items() if name != "speed"}
    parts: list[str] = ["# Do the checks find what is there, and nothing else?\n"]
    if OURS in contenders:
        parts += [
            introduction(contenders),
            detection(contenders),
            misses(contenders[OURS]),
            alarms(contenders),
            known(contenders[OURS]),
            about(contenders),
        ]
    if "speed" in results:
        parts.append(speed(results["speed"]))
    return "\n".join(parts)


def introduction(contenders: Record) -> str:
    """What was done."""
    sets = contenders[OURS]["sets"]
    rows = ", ".join(f"{one['name']} ({one['part']:,})" for one in sets)
    seeds = " or ".join(str(count) for count in sorted({one["seeds"] for one in sets}))
    return f"""Faults were planted into real data: {seeds} times each, at each strength, into every set that
they fit. Every time other rows are drawn; sets, and rows a draw: {rows}. Draws of one set share rows, so that
the 95% intervals (Wilson's, as if all draws were independent) are rather too narrow.

A fault counts as found when the check of its code names the planted column; a fault of rows, when the check
reports anything, for without it there is nothing to report (see the false alarms). "Must catch" was written
down before anything was measured: {LEAST_FOUND:.0%} is asked for there, and at most {MOST_ALARMS:.0%} of
false alarms. Under a peer stands what it found of the same faults in the same rows, and in brackets what
modelwright found of just those; "-" where the peer has no check of the kind, "?" where it was not asked.
A peer's check that also reports clean data as often (second table) has found nothing.
"""


# ------------------------------------------------------------------------------------------------- detection


def detection(contenders: Record) -> str:
    """One line for each fault and strength."""
    ours = planted(contenders[OURS])
    peers = {name: planted(one) for name, one in contenders.items() if name != OURS}
    lines = ["## Planted faults found\n"]
    lines += header("code", "fault", "strength", "must catch", OURS, "95% interval", "sets", *peers)
    for fault in contenders[OURS]["faults"]:
        for strength in fault["strengths"]:
            wanted = (fault["code"], strength)
            here = chosen(ours, wanted)
            if not here:
                continue
            must = strength in fault["must"]
            low = bool(must and rate(here.values()) < LEAST_FOUND)
            cells = [
                fault["code"],
                fault["name"],
                f"{strength:g}",
                "yes" if must else "",
                f"**{percent(here.values())} (missed)**" if low else percent(here.values()),
                interval(here.values()),
                str(len({key[2] for key in here})),
                *beside(contenders, peers, wanted, here),
            ]
            lines.append(row(cells))
    return "\n".join([*lines, ""])


def planted(contender: Record) -> Outcomes:
    """(code, strength, set, seed) -> found."""
    return {
        (one["code"], one["strength"], one["set"], seed): found
        for one in contender["planted"]
        for seed, found in enumerate(one["found"])
        if found is not None
    }


def misses(ours: Record) -> str:
    """Of what must be caught, the sets in which it was not always."""
    must = {(fault["code"], strength) for fault in ours["faults"] for strength in fault["must"]}
    lines = ["Where modelwright missed what must be caught:\n", *header("code", "strength", "set", "found")]
    for one in ours["planted"]:
        if (one["code"], one["strength"]) in must and not all(one["found"]):
            found = f"{sum(one['found'])} of {len(one['found'])}"
            lines.append(row([one["code"], f"{one['strength']:g}", one["set"], found]))
    return "\n".join([*lines, ""])


# --------------------------------------------------------------------------------------------------- alarms


def alarms(contenders: Record) -> str:
    """One line for each check."""
    ours = looked(contenders[OURS])
    peers = {name: looked(one) for name, one in contenders.items() if name != OURS}
    lines = [
        "## False alarms on clean data\n",
        "Known faults are taken out. Looked at are the rows as they are, and the same rows with harmless",
        "columns added: a time in no order, a day before it, devices and a test part drawn at random. Checks",
        "that do not apply are not counted.\n",
        *header("code", OURS, "95% interval", "looks", "sets with alarms", *peers),
    ]
    for code in dict.fromkeys(fault["code"] for fault in contenders[OURS]["faults"]):
        here = chosen(ours, (code,))
        if not here:
            continue
        where = sorted({key[1] for key, alarm in here.items() if alarm})
        told = [f"{name} ({sum(chosen(here, (code, name)).values())})" for name in where]
        high = rate(here.values()) > MOST_ALARMS
        cells = [
            code,
            f"**{percent(here.values())} (too many)**" if high else percent(here.values()),
            interval(here.values()),
            str(len(here)),
            ", ".join(told),
            *beside(contenders, peers, (code,), here),
        ]
        lines.append(row(cells))
    return "\n".join([*lines, ""])


def looked(contender: Record) -> Outcomes:
    """(code, set, version, seed) -> alarm, where the check applied."""
    return {
        (code, one["set"], one["version"], seed): alarm
        for one in contender["clean"]
        for code, told in one["looked"].items()
        for seed, alarm in enumerate(told)
        if alarm is not None
    }


def known(ours: Record) -> str:
    """What is true of a set and was counted neither as alarm nor as detection."""
    lines = ["True of these data, and so neither alarm nor detection:\n", *header("set", "code", "why")]
    lines += [row([one["name"], code, why]) for one in ours["sets"] for code, why in one["known"].items()]
    return "\n".join([*lines, ""])


# ---------------------------------------------------------------------------------------------------- others


def about(contenders: Record) -> str:
    """Who ran, with what, and what went wrong."""
    lines = ["## Who was asked\n"]
    for name, one in contenders.items():
        versions = ", ".join(f"{package} {version}" for package, version in one["versions"].items())
        seeds = ", ".join(f"{each['name']} {each['seeds']}" for each in one["sets"])
        commands = "; ".join(f"`{command}`" for command in one["commands"])
        lines.append(f"- {name}: Python {one['python']}, {versions}; draws of each set: {seeds}; {commands}.")
        if "checks" in one:
            told = "; ".join(f"{code} {words}" for code, words in one["checks"].items())
            lines.append(f"  Its checks: {told}.")
        for problem, count in one.get("errors", {}).items():
            lines.append(f"  Failed {count} times, not counted: {problem}.")
    return "\n".join([*lines, ""])


def speed(found: Record) -> str:
    """Wall time and memory."""
    lines = [
        f"## All checks of {found['rows']:,} rows of {found['columns']} columns\n",
        f"{found['cores']} cores, threads: {found['threads']}; a peer's time is its suite's alone, without",
        "import and reading; ours is the whole command.\n",
        *header("what", "seconds", "wall seconds", "peak MB", "versions"),
    ]
    for run in found["runs"]:
        seconds = f"> {run['wall_seconds']:,.0f}, stopped" if run.get("stopped") else run.get("seconds", "")
        name = f"{run['name']}: {run['what']}" if "what" in run else run["name"]
        versions = ", ".join(f"{one} {version}" for one, version in run.get("versions", {}).items())
        failed = str(run.get("failed", ""))
        cells = [name, str(seconds) or failed, f"{run['wall_seconds']:,}", f"{run['peak_megabytes']:,}"]
        lines.append(row([*cells, versions]))
    return "\n".join([*lines, ""])


# --------------------------------------------------------------------------------------------------- cells


def chosen(outcomes: Outcomes, wanted: Key) -> Outcomes:
    """Those whose key begins so."""
    return {key: found for key, found in outcomes.items() if key[: len(wanted)] == wanted}


def beside(contenders: Record, peers: dict[str, Outcomes], wanted: Key, ours: Outcomes) -> list[str]:
    """Each peer's rate, and ours in the same rows."""
    cells: list[str] = []
    for name, outcomes in peers.items():
        shared = {key: found for key, found in chosen(outcomes, wanted).items() if key in ours}
        same = [ours[key] for key in shared]
        unasked = "?" if wanted[0] in contenders[name]["checks"] else "-"
        cells.append(f"{percent(shared.values())} ({percent(same)})" if shared else unasked)
    return cells


def rate(found: Iterable[bool]) -> float:
    """Share of what is true."""
    listed = list(found)
    return sum(listed) / len(listed)


def percent(found: Iterable[bool]) -> str:
    """Share of what is true, in words."""
    return f"{rate(found):.1%}"


def interval(found: Iterable[bool]) -> str:
    """The 95% interval of the share."""
    listed = list(found)
    low, high = wilson_of_counts(sum(listed), len(listed))
    return f"{low:.1%} to {high:.1%}"


def header(*names: str) -> list[str]:
    """The head of a table."""
    return [row(names), "|" + "---|" * len(names)]


def row(cells: Iterable[str]) -> str:
    """A line of a table."""
    return "| " + " | ".join(cells) + " |"
